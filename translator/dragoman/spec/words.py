"""How findings name places and values: "`delay` in `retry.backoff` of step `train`", "the string `4 GB`"."""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.load.document import Path

# the keys whose maps hold things with names of their own
_NOUNS = {
    "steps": "step",
    "onExit": "step",
    "templates": "template",
    "params": "parameter",
    "inputs": "input",
    "outputs": "output",
    "accelerators": "accelerator",
}
_SHOWN = 60  # letters of a value that a message repeats


def place(path: Path) -> str:
    """The value at a path: "`delay` in `retry.backoff` of step `a`", "item 2 of `args` in step `a`"."""
    names, owner = _names(path)
    if not names:
        return owner or "the document"
    thing = f"`{shown(names[-1])}`"
    if isinstance(path[-1], int):
        thing = f"item {path[-1] + 1} of {thing}"
    return thing + _inside(names[:-1], owner)


def inside(path: Path) -> str:
    """Where the keys of the map at a path are: " in `retry.backoff` of step `train`"."""
    return _inside(*_names(path))


def _inside(keys: list[str], owner: str) -> str:
    if len(keys) > 1 and keys[0] == "spec":
        keys = keys[1:]
    inner = f"`{shown('.'.join(keys))}`" if keys else ""
    if inner and owner:
        return f" in {inner} of {owner}"
    return f" in {inner or owner}" if inner or owner else " at the top level"


def _names(path: Path) -> tuple[list[str], str]:
    """The keys after the last named thing on the path, and that thing ("step `train`")."""
    names: list[str] = []
    owner = noun = ""
    for step in path:
        if noun:
            owner, names, noun = f"{noun} `{shown(step)}`", [], ""
        elif isinstance(step, str):
            noun = _NOUNS.get(step, "")
            names.append(step)
    return names, owner


def address(path: Path) -> str:
    """The names on a path: `spec.steps.train.volumes.mount`."""
    return ".".join(step for step in path if isinstance(step, str))


def found(value: object) -> str:
    """A value as a message names it: "the number 4", "a list", "nothing"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{shown(value)}`"
    if isinstance(value, int | float):
        return f"the number {shown(value)}"
    if value == "":
        return "an empty string"
    if isinstance(value, str):
        return f"the string `{shown(value)}`"
    return "a list" if isinstance(value, list) else "a map"


def shown(value: object) -> str:
    """A value's text, short and on one line."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = " ".join(str(value).split()) if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def listed(words: Iterable[str], last: str = "or") -> str:
    """Words as people list them: "a, b or c"."""
    *rest, end = words
    return f"{', '.join(rest)} {last} {end}" if rest else end
