"""What policies say, as data that the passes of the policy phase read; amounts in the units of `quantity.SCALE`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from dragoman.plan.model import Accelerator, Address, Amount
from dragoman.plan.origin import Origin

if TYPE_CHECKING:
    from dragoman.policy.rules.compile import Compiled
    from dragoman.policy.sources.enforced import Enforced

Action: TypeAlias = Literal["deny", "clamp", "warn"]
Side: TypeAlias = Literal["max", "min"]
# what a missing limit becomes: the request, nothing, or so many times the request
Missing: TypeAlias = Literal["equal", "none"] | float


class Bound(NamedTuple):
    """The most, or the least, of one resource that a step may have; `key` is one of `quantity.SCALE`."""

    key: str
    amount: int
    action: Action
    origin: Origin
    reason: str = ""
    overridable: bool = False


class Quota(NamedTuple):
    """The most of one thing that a flow may hold at one time.

    `key` is as a ResourceQuota says it: requests.cpu, limits.memory, requests.nvidia.com/gpu, pods, count/jobs.batch.
    The amount is in milli-cores, bytes, or pieces.

    covers    the steps whose pods it counts; None when it counts all. The empty address stands for pods of no step
    enforced  the cluster says so itself: what is beyond waits until there is room
    compute   where what it counts runs (`plan.footprint.KUBERNETES` or `BATCH`); everywhere, when empty
    """

    key: str
    amount: int
    action: Action
    origin: Origin
    reason: str = ""
    covers: frozenset[Address] | None = None
    enforced: bool = False
    compute: str = ""
    overridable: bool = False


class Rule(NamedTuple):
    """A rule as its policy has it, and ready to be asked.

    origin    the rule's own entry: its fields are below that path
    compiled  None when it is wrong, which is a finding
    """

    id: str
    severity: str
    body: Mapping[str, Any]
    origin: Origin
    compiled: Compiled | None = None


class Exemption(NamedTuple):
    """An exemption as its policy has it; `origin` is its own entry."""

    body: Mapping[str, Any]
    origin: Origin


class Policies(NamedTuple):
    """What all policies that match a plan say together, the lower layers already below the upper ones.

    defaults    amounts by their place below `resources` (("requests", "cpu"), ("shm",)), with who says so
    accelerator the kind of GPU of steps that ask for GPUs and name none
    missing     what becomes of a limit that nobody wrote, by resource
    enforced    what the cluster's own files say (ResourceQuota, LimitRange, Kueue, compute environments)
    values      constants of rules
    overridable what a lower layer may loosen, with who says so: `limits.cpu`, `values.NAME`, `exemptions`
    """

    defaults: Mapping[tuple[str, ...], tuple[Amount, Origin]] = {}
    accelerator: tuple[str, Origin] | None = None
    accelerators: Mapping[str, Accelerator] = {}
    missing: Mapping[str, tuple[Missing, Origin]] = {}
    maxima: tuple[Bound, ...] = ()
    minima: tuple[Bound, ...] = ()
    quotas: tuple[Quota, ...] = ()
    enforced: tuple[Enforced, ...] = ()
    values: Mapping[str, tuple[Any, Origin]] = {}
    rules: tuple[Rule, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    overridable: Mapping[str, Origin] = {}
