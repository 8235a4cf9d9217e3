"""Rules of selectors: which nodes a pod may run on, which pods it keeps near or away.

From `validateAffinity`, `validateTopologySpreadConstraints` and `ValidateLabelSelector`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .formats import label_value, subdomain

_REQUIRED, _PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)


def affinity(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Terms of affinity compare in ways that their values allow."""
    given, place = pod["affinity"], (*at, "affinity")
    nodes = given.get("nodeAffinity") or {}
    required = nodes.get(_REQUIRED)
    if required is not None:
        where = (*place, "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
        if not required.get("nodeSelectorTerms"):
            yield problem(where, "is empty", "name a term, or leave the affinity out")
        for index, term in enumerate(required.get("nodeSelectorTerms") or ()):
            yield from _nodes(term, (*where, index))
            yield from _values(term, (*where, index))
    for index, one in enumerate(nodes.get(_PREFERRED) or ()):
        yield from _nodes(one.get("preference") or {}, (*place, "nodeAffinity", _PREFERRED, index, "preference"))
    for side in ("podAffinity", "podAntiAffinity"):
        pods = given.get(side) or {}
        for index, term in enumerate(pods.get(_REQUIRED) or ()):
            yield from _pods(term, (*place, side, _REQUIRED, index))
        for index, one in enumerate(pods.get(_PREFERRED) or ()):
            where = (*place, side, _PREFERRED, index, "podAffinityTerm")
            yield from _pods(one.get("podAffinityTerm") or {}, where)


def _nodes(term: Body, at: Pointer) -> Iterator[Problem]:
    for index, one in enumerate(term.get("matchExpressions") or ()):
        yield from _compared(one, (*at, "matchExpressions", index))
    for index, one in enumerate(term.get("matchFields") or ()):
        place, values = (*at, "matchFields", index), list(one.get("values") or ())
        if one.get("key") != "metadata.name":
            yield problem(
                (*place, "key"), f"is {shown(one.get('key', ''))}", "write `metadata.name`: no other is known"
            )
        if one.get("operator") not in {"In", "NotIn"}:
            yield problem((*place, "operator"), f"is {shown(one.get('operator', ''))}", "write `In` or `NotIn`")
        elif len(values) != 1 or not subdomain(values[0]):
            yield problem((*place, "values"), "is not the name of one node", "name one")


def _values(term: Body, at: Pointer) -> Iterator[Problem]:
    for index, one in enumerate(term.get("matchExpressions") or ()):
        for number, value in enumerate(one.get("values") or ()):
            if not label_value(value):
                place = (*at, "matchExpressions", index, "values", number)
                yield problem(place, f"is {shown(value)}, which no label can say", "write a label's value")


def _compared(one: Body, at: Pointer) -> Iterator[Problem]:
    """A requirement has values where its operator compares with some, none where it does not."""
    operator, count = one.get("operator", ""), len(one.get("values") or ())
    if operator in {"In", "NotIn"} and not count:
        yield problem((*at, "values"), f"is empty, and `{operator}` compares with values", "name at least one")
    elif operator in {"Exists", "DoesNotExist"} and count:
        yield problem((*at, "values"), f"is nothing for `{operator}`", "leave it out")
    elif operator in {"Gt", "Lt"} and count != 1:
        yield problem((*at, "values"), f"has {count} values, and `{operator}` compares with one", "name one")


def _pods(term: Body, at: Pointer) -> Iterator[Problem]:
    for key in ("labelSelector", "namespaceSelector"):
        yield from _labels(term.get(key) or {}, (*at, key))
    yield from _keys(term, at)


def _labels(selector: Body, at: Pointer) -> Iterator[Problem]:
    for index, one in enumerate(selector.get("matchExpressions") or ()):
        yield from _compared(one, (*at, "matchExpressions", index))


def _keys(term: Body, at: Pointer) -> Iterator[Problem]:
    """Keys of labels to match by refine a selector of labels, and say nothing that it says already."""
    selector = term.get("labelSelector")
    said = {*((selector or {}).get("matchLabels") or ())}
    said |= {one.get("key", "") for one in (selector or {}).get("matchExpressions") or ()}
    for key in ("matchLabelKeys", "mismatchLabelKeys"):
        found = term.get(key) or ()
        if found and selector is None:
            yield problem((*at, key), "refines a `labelSelector`, and there is none", "write one, or leave it out")
        for index, one in enumerate(found):
            if one in said or one in found[:index]:
                yield problem((*at, key, index), f"is {shown(one)}, which is said already", "leave it out")
            said |= {one} if key == "matchLabelKeys" else set()


def spreading(pod: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """No two constraints of spreading say the same; a least number of domains is for strict ones."""
    met: set[tuple[object, object]] = set()
    for index, one in enumerate(pod["topologySpreadConstraints"]):
        place, key = (*at, "topologySpreadConstraints", index), (one.get("topologyKey"), one.get("whenUnsatisfiable"))
        if key in met:
            yield problem(place, "is there twice", "keep one constraint for each topology and strictness")
        met.add(key)
        if "minDomains" in one and one.get("whenUnsatisfiable") != "DoNotSchedule":
            yield problem((*place, "minDomains"), "goes with `whenUnsatisfiable: DoNotSchedule` only", "leave it out")
        yield from _labels(one.get("labelSelector") or {}, (*place, "labelSelector"))
        yield from _keys(one, place)
