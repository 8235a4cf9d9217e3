"""JSONata's engines for the tests: Python's, and JSONata's own in two versions, which needs Node."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import jsonata

HERE = Path(__file__).parent / "jsonata_engine.node"

# docs.jsonata.org, and what Step Functions adds
BUILT_IN = (
    "abs append assert average base64decode base64encode boolean ceil contains count decodeUrl decodeUrlComponent distinct"
    " each encodeUrl encodeUrlComponent error eval exists filter floor formatBase formatInteger formatNumber fromMillis"
    " hash join keys length lookup lowercase map match max merge millis min not now number pad parse parseInteger partition"
    " power random range reduce replace reverse round shuffle sift single sort split spread sqrt states string substring"
    " substringAfter substringBefore sum toMillis trim type uppercase uuid zip"
)


class Failed(Exception):
    """The evaluation ends in an error: the state fails."""


class Result(NamedTuple):
    """A value, and how deep its evaluation went (0: not measured)."""

    value: Any
    deepest: int = 0


class Engine(Protocol):
    """An implementation of JSONata."""

    name: str

    def run(self, source: str, values: dict[str, Any]) -> Result:
        """The value of a source; Failed when it has none."""


class Python:
    """The plain one."""

    name = "python"

    def run(self, source: str, values: dict[str, Any]) -> Result:
        expression = jsonata.Jsonata(source)
        for name, value in values.items():
            expression.assign(name, value)
        expression.register_lambda("parse", json.loads)
        try:
            value = expression.evaluate(None)
        except (jsonata.jexception.JException, ValueError, ZeroDivisionError, TypeError, OverflowError) as error:
            raise Failed(str(error)) from None
        return Result(value)


class Node:
    """JSONata's own: the version that Step Functions speaks (`step-functions`), or the `newest`."""

    def __init__(self, program: Path, name: str) -> None:
        self.name = name
        self.process = subprocess.Popen(
            ["node", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def run(self, source: str, values: dict[str, Any]) -> Result:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"version": self.name, "source": source, "values": values}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline(), parse_int=_number)
        if "error" in answer:
            raise Failed(answer["error"])
        if "missing" in answer:
            raise Failed("no value")
        return Result(answer["value"], answer["deepest"])

    def close(self) -> None:
        self.process.communicate()


def _number(digits: str) -> int | float:
    """A double that is whole is written like an int; beyond 53 bits its digits are not its value."""
    return int(digits) if abs(int(digits)) < 2**53 else float(digits)
