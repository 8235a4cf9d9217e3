"""`dragoman codes`: what a finding's code means."""

from __future__ import annotations

import argparse

from dragoman.codes import CODES, Code
from dragoman.findings import Finding, Findings, did_you_mean
from dragoman.write.manifests import write_text


def run(arguments: argparse.Namespace) -> int:
    """Print one code, or all."""
    chosen = CODES
    if arguments.code is not None:
        code = arguments.code.upper()
        if code not in CODES:
            raise Findings(
                [Finding("DRG114", f"there is no code `{arguments.code}`", None, did_you_mean(code, CODES))], 2
            )
        chosen = {code: CODES[code]}
    write_text(arguments.output, markdown() if arguments.format == "markdown" else _text(chosen))
    return 0


def markdown() -> str:
    """The table of the documentation."""
    rows = "".join(f"| {code} | `{one.name}` | {one.explanation} |\n" for code, one in CODES.items())
    return f"| code | name | meaning |\n| --- | --- | --- |\n{rows}"


def _text(chosen: dict[str, Code]) -> str:
    return "".join(f"{code} {one.name}\n    {one.explanation}\n" for code, one in chosen.items())
