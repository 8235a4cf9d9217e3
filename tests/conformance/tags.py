"""What Argo makes of `{{tags}}` and conditions: every answer is its own code's, asked of `argo-conformance expand`."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

Scope = Mapping[str, Any]  # dotted names to texts; None where a skipped task has no result

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_OF_A_TASK = re.compile(r"(tasks|steps)(\.|$)")
_MISSING = re.compile(r"failed to evaluate expression: (\S+) is missing")
_BARE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Refused(Exception):
    """Argo ends a step with this message."""


class Waiting(Exception):
    """A result of a task is not there: Argo tries again later, for ever when nothing changes."""


class Tags:
    """The coprocess, and its answers so far."""

    def __init__(self, binary: Path) -> None:
        self._answers: dict[str, dict[str, str]] = {}
        self._process = subprocess.Popen(
            [binary, "expand"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def __enter__(self) -> Tags:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()

    def template(self, template: Any, outer: Scope, inner: Scope) -> Any:
        """A template after both passes: first with the variables around it, then with its inputs too."""
        return self._document(template, {"global": outer, "local": {**outer, **inner}})

    def replaced(self, document: Any, scope: Scope) -> Any:
        """A document after one pass; what is unknown stays."""
        return self._document(document, {"local": scope})

    def item(self, document: Any, scope: Scope) -> Any:
        """A task after the pass for one item of its loop, in which nothing may stay unknown."""
        return self._document(document, {"local": scope, "strict": True})

    def task(self, document: Any, scope: Scope) -> Any:
        """A task after the pass with the results it reads; only what its loop knows may stay."""
        found = self._document(document, {"local": scope})
        for tag in _TAG.findall(go_json(found)):
            self._unresolved(tag, scope)
        return found

    def value(self, text: str, scope: Scope) -> str:
        """One text, in which every tag must be known."""
        return self._ask({"value": text, "local": scope, "strict": True}) if "{{" in text else text

    def expression(self, text: str, scope: Scope) -> Any:
        """The value of an expression that stands without braces: a float is a float even when it is whole."""
        inside = text.replace("}}", "} }").replace("{{", "{ {")
        found = self._ask({"value": "{{=toJson(" + inside + ")}}", "local": scope})
        if found.startswith("{{="):
            self._ask({"value": "{{=" + inside + "}}", "local": scope, "strict": True})
            raise Refused(f"failed to evaluate expression {text!r}")
        value = json.loads(found)
        whole = type(value) is int and self._ask({"value": "{{=type(" + inside + ")}}", "local": scope}) == "float"
        return float(value) if whole else value

    def holds(self, condition: str, scope: Scope) -> bool:
        """Whether a `when` lets its task run."""
        return self._ask({"when": condition, "local": scope}) == "true"

    def _document(self, document: Any, passes: dict[str, Any]) -> Any:
        text = go_json(document)
        return json.loads(self._ask({"template": text, **passes})) if "{{" in text else document

    def _unresolved(self, tag: str, scope: Scope) -> None:
        if not tag.startswith("="):
            if _OF_A_TASK.match(tag.strip()):
                raise Waiting(f"failed to resolve {{{{{tag}}}}}")
            return
        try:
            self.value("{{" + json.loads(f'"{tag}"') + "}}", scope)
        except json.JSONDecodeError as error:
            raise Refused("failed to unmarshall JSON expression") from error
        except Refused as error:
            missing = _MISSING.match(str(error))
            if missing is None:
                raise
            if _OF_A_TASK.match(missing[1]):
                raise Waiting(str(error)) from error

    def _ask(self, question: dict[str, Any]) -> str:
        line = json.dumps(question)
        answer = self._answers.get(line)
        if answer is None:
            stdin, stdout = self._process.stdin, self._process.stdout
            assert stdin is not None
            assert stdout is not None
            stdin.write(line + "\n")
            stdin.flush()
            answer = self._answers[line] = json.loads(stdout.readline())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]


def go_json(value: Any) -> str:
    """A value as Go's encoding/json writes it: compact, and safe within HTML."""
    if isinstance(value, str):
        return escaped(json.dumps(value, ensure_ascii=False))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{go_json(key)}:{go_json(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(go_json, value)) + "]"
    return go_float(value) if isinstance(value, float) else json.dumps(value)


def escaped(text: str) -> str:
    """JSON text with the letters that Go's encoder writes as escapes within HTML."""
    return re.sub("[<>&\u2028\u2029]", lambda found: _BARE[found[0]], text)


def go_float(value: float) -> str:
    """A float as Go's encoding/json writes it: digits only, but for the very large and the very small."""
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        shown = format(Decimal(repr(value)), "f")
        return shown[:-2] if shown.endswith(".0") else shown
    return re.sub(r"\.0(?=e)|(?<=e-)0|(?<=e\+)0", "", repr(value))
