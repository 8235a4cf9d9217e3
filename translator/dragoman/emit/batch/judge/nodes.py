"""Rules of `nodeProperties`: jobs of several nodes that work together.

From the documentation of `NodeProperties` and `NodeRangeProperty` in botocore's model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

_RANGE = re.compile(r"([0-9]{0,6}):([0-9]{0,6})|([0-9]{1,6})")


def judge(given: Body, at: Pointer) -> Iterator[Problem]:
    """There is a main node among the nodes, and every node has properties."""
    count, main = given.get("numNodes"), given.get("mainNode")
    if count is None:
        return
    if count < 1:
        yield problem((*at, "numNodes"), f"is {shown(count)}, less than 1", "say how many nodes there are")
        return
    if main is not None and not 0 <= main < count:
        says = f"is {shown(main)}, and there are nodes 0 to {count - 1}"
        yield problem((*at, "mainNode"), says, "name one of them")
    ranges: list[tuple[int, int]] = []
    for index, part in enumerate(given.get("nodeRangeProperties", ())):
        place = (*at, "nodeRangeProperties", index)
        text = part.get("targetNodes", "0:")
        found = _RANGE.fullmatch(text)
        first = int(found[1] or found[3] or 0) if found else 0
        last = int(found[2] or found[3] or count - 1) if found else 0
        if not found or not first <= last < count:
            says = f"is {shown(text)}, no range of the nodes 0 to {count - 1}"
            yield problem((*place, "targetNodes"), says, f"write it as `0:{count - 1}`")
        ranges.append((first, last))
        if len(part.get("instanceTypes", ())) > 1:
            yield problem((*place, "instanceTypes"), "has more than one type", "write one")
    end = 0
    for first, last in sorted(ranges):
        if first > end:
            break
        end = max(end, last + 1)
    if "nodeRangeProperties" in given and end < count:
        says = f"says nothing of node {end}"
        yield problem((*at, "nodeRangeProperties"), says, f"let the ranges hold all nodes, 0 to {count - 1}")
