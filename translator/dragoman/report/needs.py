"""What steps ask for, and what they get: the numbers of a report, as text that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Amount(NamedTuple):
    """One resource of a container: what the spec asks for, and what it gets; empty for nothing.

    Both are canonical quantities (`500m`, `4Gi`), or the expression of an amount that is known only at run time.

    grows  what it may grow to when attempts fail; empty when it does not
    """

    asked: str
    given: str
    grows: str = ""


class Need(NamedTuple):
    """A step: how many of it run at one time at most (None: nobody can say), and what each of them requests.

    amounts  by resource: cpu, memory, gpu, disk, those that it has
    """

    step: str
    width: int | None
    amounts: Mapping[str, Amount]


class Peak(NamedTuple):
    """The most of one thing that a flow holds at one time.

    key     as a ResourceQuota says it: requests.cpu, limits.memory, requests.nvidia.com/gpu, pods; or gpu, of any kind
    amount  a canonical quantity that is never exceeded; empty when nobody can say
    least   so much is held for certain in some run
    steps   who holds it: addresses, each with how many of it run, what is most first
    quota   the most that it may be; empty without one
    over    whether it is more
    """

    key: str
    amount: str
    least: str = ""
    steps: tuple[tuple[str, int], ...] = ()
    quota: str = ""
    over: bool = False
