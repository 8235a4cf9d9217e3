"""`dragoman check --fix`: what findings know how to mend is mended in the specs, or with `--diff` only shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from dragoman.findings import WARNING, Finding, Findings, Fix
from dragoman.plan.context import address_of
from dragoman.quantity import SCALE
from dragoman.write.edits import scalar
from dragoman.write.splice import spliced

AMOUNTS = ("resources", "requests", "limits", "bounds")  # maps of amounts
ROUNDS = 5  # what is mended may let more be found: a file that can be read, say

Found: TypeAlias = Callable[[Mapping[str, bytes]], Sequence[Finding]]  # what is wrong, with these texts of files


class Mended(NamedTuple):
    """What `--fix` makes of files, by their names; `done` are the fixes with their findings' codes.

    notes  about fixes that were not made
    """

    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    done: Mapping[Fix, str]
    notes: tuple[Finding, ...]


def mended(found: Found, arguments: argparse.Namespace) -> Mended:
    """The files with all fixes, those of findings that only they bring to light too. Nothing is written."""
    if "-" in arguments.paths:
        message = f"`{'--diff' if arguments.diff else '--fix'}` cannot edit standard input"
        raise Findings([Finding("DRG114", message, None, "name the files")], 2)
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    done: dict[Fix, str] = {}
    notes: list[Finding] = []
    for _ in range(ROUNDS):
        wanted, notes = _agreed(found(after))
        made = _round(wanted, before, after, notes)
        if not made:
            break
        for fix in made:
            done = {old: code for old, code in done.items() if old[:3] != fix[:3]}
            done[fix] = wanted[fix].code
    changed = {file for file, text in after.items() if text != before[file]}
    return Mended(
        {file: before[file] for file in sorted(changed)},
        {file: after[file] for file in sorted(changed)},
        {fix: code for fix, code in done.items() if fix.file in changed},
        tuple(notes),
    )


def write(mended: Mended, arguments: argparse.Namespace) -> list[Finding]:
    """Write the files; what there is to say about those that cannot be written, and about fixes that were not made."""
    from dragoman.write.replace import replace

    notes = list(mended.notes)
    written = set()
    for file, data in mended.after.items():
        try:
            replace(file, data)
            written.add(file)
        except Findings as error:
            notes += error.findings
    if not arguments.quiet:
        for fix, code in mended.done.items():
            if fix.file in written:
                print(f"mended {fix.file}: `{address_of(fix.path)}` is {scalar(fix.value)} ({code})", file=sys.stderr)
    return notes


def show(mended: Mended, arguments: argparse.Namespace) -> int:
    """Print what would change, as a unified diff that `patch -p0` takes; the exit code."""
    from difflib import unified_diff

    from dragoman.cli import messages
    from dragoman.write.manifests import write_text

    said: list[str] = []
    for file, data in mended.after.items():
        said += unified_diff(_lines(mended.before[file]), _lines(data), file, file)
    ends = "\n\\ No newline at end of file\n"
    write_text(arguments.output, "".join(line if line.endswith("\n") else line + ends for line in said))
    messages.show(mended.notes, arguments)
    if mended.done and not arguments.quiet:
        print(f"`--fix` would mend {len(mended.done)} of the findings", file=sys.stderr)
    return 1 if said else 0


def _lines(data: bytes) -> list[str]:
    *lines, last = data.decode().split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _agreed(findings: Sequence[Finding]) -> tuple[dict[Fix, Finding], list[Finding]]:
    """The fixes, each with the first finding that has it; findings about places where several are at odds."""
    by_place: dict[tuple[object, ...], dict[str, Finding]] = {}
    for finding in findings:
        if finding.fix is not None and finding.pardon is None:
            fix = finding.fix._replace(value=_plain(finding.fix))
            by_place.setdefault(fix[:3], {}).setdefault(repr(fix.value), finding._replace(fix=fix))
    notes = [_at_odds(list(some.values())) for some in by_place.values() if len(some) > 1]
    alone = [one for some in by_place.values() if len(some) == 1 for one in some.values()]
    return {one.fix: one for one in alone if one.fix is not None}, notes


def _plain(fix: Fix) -> Any:
    """The value; of an amount that is a whole number that number, as people write it: `cpu: 4`."""
    block, key = fix.path[-2:] if len(fix.path) > 1 else ("", "")
    whole = isinstance(fix.value, str) and fix.value.isdecimal()
    return int(fix.value) if whole and key in SCALE and block in AMOUNTS else fix.value


def _round(
    wanted: Mapping[Fix, Finding], before: dict[str, bytes], after: dict[str, bytes], notes: list[Finding]
) -> list[Fix]:
    """Make the fixes in the texts; those that were made, and in `notes` why others were not."""
    made: list[Fix] = []
    for file in dict.fromkeys(fix.file for fix in wanted):
        if file not in after:
            with open(file, "rb") as stream:
                before[file] = after[file] = stream.read()
        done = spliced(after[file].decode(), file, [fix for fix in wanted if fix.file == file])
        after[file] = done.text.encode()
        made += done.done
        notes += [_not_made(wanted[fix], fix, reason) for fix, reason in done.refused]
    return made


def _at_odds(findings: Sequence[Finding]) -> Finding:
    first, fix = findings[0], findings[0].fix
    assert fix is not None
    values = ", ".join(f"`{scalar(one.fix.value)}`" for one in findings if one.fix is not None)
    message = f"`{address_of(fix.path)}` is not mended: it would have to be {values} at once"
    advice = "say it for each target on its own, under `targets`; or settle it by hand"
    return Finding("DRG481", message, first.span, advice, WARNING, first.address)


def _not_made(finding: Finding, fix: Fix, reason: str) -> Finding:
    message = f"`{address_of(fix.path)}` is not mended: {reason}"
    advice = f"write `{scalar(fix.value)}` by hand"
    return Finding("DRG480", message, finding.span, advice, WARNING, finding.address)
