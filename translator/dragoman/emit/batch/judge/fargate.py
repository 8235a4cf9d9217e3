"""The sizes of Fargate: which vCPU goes with which memory.

From the documentation of `ResourceRequirement.value`, which `docs/batch_shape.py` reads.
"""

from __future__ import annotations

from functools import cache

from .shapes import file

MIB = 2**20


@cache
def grid() -> dict[str, frozenset[int]]:
    """The memory, in MiB, that goes with each vCPU."""
    return {cpu: frozenset(sizes) for cpu, sizes in file().fargate.items()}


@cache
def _rows() -> list[tuple[int, str, list[int]]]:
    """The grid by thousandths of a core, smallest first."""
    return sorted((millis(cpu), cpu, sizes) for cpu, sizes in file().fargate.items())


def fargate(cpu: int, memory: int) -> tuple[str, int] | None:
    """The smallest size of Fargate that is not smaller: vCPU as a text, and MiB. None where there is none.

    `cpu` is thousandths of a core, `memory` is bytes. The fewest vCPU win, then the least memory: a vCPU costs
    about nine times what a GiB does.

    >>> fargate(300, 100 * 2**20), fargate(1000, 9 * 2**30), fargate(33000, 1)
    (('0.5', 1024), ('2', 9216), None)
    """
    wanted = -(-memory // MIB)
    for power, text, sizes in _rows():
        if power >= cpu and sizes[-1] >= wanted:
            return text, next(size for size in sizes if size >= wanted)
    return None


def millis(text: str) -> int:
    """Thousandths of a core that a vCPU text says.

    >>> millis("0.25"), millis("4")
    (250, 4000)
    """
    whole, _, part = text.partition(".")
    return int(whole) * 1000 + int((part + "000")[:3])


def nearest(cpu: str, memory: int) -> str:
    """What to write instead of a size that Fargate does not have."""
    found = fargate(millis(cpu), memory * MIB)
    return f"the next size is {found[0]} vCPU with {found[1]} MiB" if found else "it has no size that large"
