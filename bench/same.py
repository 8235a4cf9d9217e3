"""Compare two files of Argo manifests as data: exit code 1, and the first difference, when they are not the same.

`python bench/same.py ONE.yaml OTHER.yaml`; templates and tasks are known by their names, not by their order.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml


def main(one: str, other: str) -> int:
    found = difference(*map(manifests, (one, other)))
    if found:
        print(f"{one} and {other} differ: {found}", file=sys.stderr)
    return 1 if found else 0


def manifests(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return named(list(yaml.load_all(file, Loader=yaml.CSafeLoader)))


def named(value: Any) -> Any:
    """The value with each list of named things as a mapping."""
    if isinstance(value, dict):
        return {key: named(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(item, dict) and "name" in item for item in value):
        found = {item["name"]: named(item) for item in value}
        return found if len(found) == len(value) else value
    return [named(item) for item in value]


def difference(one: Any, other: Any, place: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(other.keys() - one.keys())]:
            if key not in one or key not in other:
                return f"only one has {place}.{key}"
            if one[key] != other[key]:
                return difference(one[key], other[key], f"{place}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        found = (difference(*pair, f"{place}[{number}]") for number, pair in enumerate(zip(one, other, strict=True)))
        return next(filter(None, found), "")
    return "" if one == other else f"{place}: {one!r} and {other!r}"


sys.exit(main(*sys.argv[1:]))
