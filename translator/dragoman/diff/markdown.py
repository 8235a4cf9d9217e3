"""A comparison as a comment on a pull request: what changed in words, the texts folded away."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.diff.flows import Compared
from dragoman.diff.text import by_flow, sentences

MOST = 60_000  # letters; a comment on GitHub has at most 65,536


def markdown(compared: Sequence[Compared], base: str, *, raw: bool = True) -> str:
    """One section a flow. What does not fit is left out and said to be."""
    if not compared:
        return f"**dragoman diff**: no differences to `{base}`\n"
    parts = [f"**dragoman diff** to `{base}`\n"]
    for flow, group in by_flow(compared):
        parts.append(f"\n#### {_plain(flow)}\n\n" + "".join(f"- {_plain(line)}\n" for line in sentences(group)))
    room = MOST - sum(map(len, parts))
    if room < 0:
        kept = "".join(parts)[:MOST].rpartition("\n")[0]
        return f"{kept}\n\n_and more: `dragoman diff` shows all of it_\n"
    texts = "".join(change.text for one in compared for change in one.objects) if raw else ""
    if texts:
        fence = "`" * max(3, _longest_run(texts) + 1)
        shown = texts if len(texts) <= room else texts[:room].rpartition("\n")[0] + "\n… and more\n"
        parts.append(f"\n<details><summary>manifests</summary>\n\n{fence}diff\n{shown}{fence}\n\n</details>\n")
    return "".join(parts)


def _plain(text: str) -> str:
    """The text with nothing in it that Markdown or HTML would read."""
    for letter, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, written)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|~" else letter for letter in text)


def _longest_run(text: str) -> int:
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest
