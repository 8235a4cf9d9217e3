"""`dragoman targets`: which targets there are, and how each translates every feature."""

from __future__ import annotations

import argparse
from typing import Any

from dragoman.emit import registry
from dragoman.emitter import Emitter, Emulated, Refused, Support, Weaker
from dragoman.plan.features import Feature
from dragoman.write.manifests import write_text

WORDS = {"Native": "native", "Emulated": "emulated", "Weaker": "weaker", "Refused": "refused"}


def run(arguments: argparse.Namespace) -> int:
    """Print the targets, or one target's answers."""
    names = [arguments.target] if arguments.target else registry.names()
    emitters = [registry.find(name) for name in names]
    if arguments.format == "json":
        import json

        shown = (
            json.dumps({emitter.name: _answers(emitter) for emitter in emitters}, indent=2, ensure_ascii=False) + "\n"
        )
    elif arguments.format == "markdown":
        shown = markdown(emitters)
    elif arguments.target:
        shown = _one(emitters[0])
    else:
        shown = "".join(f"{emitter.name:<12} {emitter.summary}\n" for emitter in emitters)
    write_text(arguments.output, shown)
    return 0


def markdown(emitters: list[Emitter]) -> str:
    """The table of features by target, with a note where a translation is not native."""
    head = "| field | " + " | ".join(emitter.name for emitter in emitters) + " |\n"
    rule = "| --- |" + " --- |" * len(emitters) + "\n"
    rows = "".join(
        f"| `{feature.value}` | " + " | ".join(_cell(emitter.support.get(feature)) for emitter in emitters) + " |\n"
        for feature in Feature
    )
    return head + rule + rows


def _one(emitter: Emitter) -> str:
    lines = [f"{emitter.name}: {emitter.summary}", ""]
    for feature in Feature:
        answer = emitter.support.get(feature)
        lines.append(f"  {feature.value:<34} {_word(answer):<9} {_note(answer)}".rstrip())
    lines += ["", f"options: `dragoman schema --kind Flow`, under `spec.targets.{emitter.name}`"]
    return "\n".join(lines) + "\n"


def _answers(emitter: Emitter) -> dict[str, Any]:
    return {
        feature.value: {"fidelity": _word(answer), "note": _note(answer)}
        for feature in Feature
        for answer in (emitter.support.get(feature),)
    }


def _cell(answer: Support | None) -> str:
    note = _note(answer)
    return _word(answer) + (f": {note}" if note else "")


def _word(answer: Support | None) -> str:
    return "refused" if answer is None else WORDS[type(answer).__name__]


def _note(answer: Support | None) -> str:
    if isinstance(answer, Emulated):
        return answer.how
    if isinstance(answer, Weaker):
        return answer.difference
    if isinstance(answer, Refused):
        return answer.reason
    return "" if answer is not None else "this emitter does not know the feature"
