"""Argo's loops: the items of `withItems`, `withParam` and `withSequence`, and the task that each of them makes.

Argo keeps each item as JSON text (pkg/apis/workflow/v1alpha1/item.go): a string inside a map reaches the task with the
escapes of that text, numbers with their very digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from conformance.tags import Refused, Scope, Tags, escaped, go_json

LOOPS = ("withItems", "withParam", "withSequence")
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
_FIXED = (("\\u003c", "<"), ("\\u003e", ">"), ("\\u0026", "&"))


class Item(NamedTuple):
    """One item: the variables it gives its task, and what Argo calls it."""

    variables: Mapping[str, str]
    label: str


def expanded(task: Mapping[str, Any], scope: Scope, tags: Tags) -> list[dict[str, Any]]:
    """The tasks that a looping task becomes, one for each item; raises `Refused` for a list that is none."""
    try:
        items = _items(task)
    except Refused:
        if _runs(task, tags):
            raise
        items = []
    substitute = tags.item if _runs(task, tags) else tags.replaced
    made = []
    for number, text in enumerate(items):
        item = _item(text)
        one = substitute(task, {**scope, **item.variables})
        label = item.label.replace("(", "").replace(")", "")
        made.append({**one, "name": f"{task['name']}({number}:{label})", "item": number})
    return made


def _runs(task: Mapping[str, Any], tags: Tags) -> bool:
    """A condition that depends on the item, or is none yet, does not decide."""
    try:
        return not task.get("when") or tags.holds(task["when"], {})
    except Refused:
        return True


def _items(task: Mapping[str, Any]) -> list[str]:
    if task.get("withItems"):
        return [go_json(item) for item in task["withItems"]]
    if "withParam" in task:
        return _of_text(task["withParam"])
    return [f'"{number}"' for number in _sequence(task["withSequence"])]


def _of_text(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(f"withParam value could not be parsed as a JSON list: {text.strip()}: {error}") from error
    if found is None:
        return []
    if not isinstance(found, list):
        raise Refused(f"withParam value could not be parsed as a JSON list: {text.strip()}")
    return elements(text)


def _sequence(sequence: Mapping[str, Any]) -> range:
    start = _whole(sequence.get("start", "0"))
    if "end" in sequence:
        end = _whole(sequence["end"])
    else:
        count = _whole(sequence["count"])
        if count == 0:
            return range(0)
        end = start + count - 1
    return range(start, end + 1) if start <= end else range(start, end - 1, -1)


def _whole(text: Any) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", str(text)):
        raise Refused(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _item(text: str) -> Item:
    value = json.loads(text)
    if isinstance(value, dict):
        members = {name: _shown(raw) for name, raw in raw_members(text).items()}
        whole = (
            "{" + ",".join(f"{go_json(name)}:{compact(raw)}" for name, raw in sorted(raw_members(text).items())) + "}"
        )
        fields = {f"item.{name}": shown for name, shown in members.items()}
        return Item({"item": whole, **fields}, ",".join(sorted(f"{name}:{shown}" for name, shown in members.items())))
    if isinstance(value, list):
        whole = "[" + ",".join(map(compact, elements(text))) + "]"
        return Item({"item": whole}, whole)
    return Item({"item": value if isinstance(value, str) else _shown(text)}, _shown(text))


def _shown(raw: str) -> str:
    """An item where it is printed: a string loses its quotes, and keeps its escapes."""
    text = compact(raw)
    text = text[1:-1] if text.startswith('"') else text
    for code, letter in _FIXED:
        text = text.replace(code, letter)
    return text


def compact(raw: str) -> str:
    """JSON text as Go's encoder hands it on."""
    return escaped(_SPACE.sub(lambda found: found[1] or "", raw))


def elements(text: str) -> list[str]:
    """The JSON texts of a list's elements."""
    return [raw for _, raw in _parts(text)]


def raw_members(text: str) -> dict[str, str]:
    """The JSON texts of an object's values by their names."""
    return {name: raw for name, raw in _parts(text) if name is not None}


def _parts(text: str) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    named = text.lstrip()[0] == "{"
    place = text.index("{" if named else "[") + 1
    while True:
        place = _skip(text, place)
        if text[place] in "]}":
            return found
        name = None
        if named:
            name, place = _DECODER.raw_decode(text, place)
            place = _skip(text, place)
        _, end = _DECODER.raw_decode(text, place)
        found.append((name, text[place:end]))
        place = end


def _skip(text: str, place: int) -> int:
    while text[place] in " \t\r\n,:":
        place += 1
    return place
