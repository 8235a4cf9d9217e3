"""A folder that holds what was rendered: written as a whole, compared, and rid of what is no longer made.

Of the files in it, dragoman's own are YAML files that begin with its mark, beside those that it makes now; and those
that an index of its own lists: files below the folder, and JSON, which has no place for a mark.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from dragoman.findings import Finding, Findings
from dragoman.write.kustomization import NAME, NAMES

MARK = b"# rendered by dragoman"
INDEX = ".dragoman-files"
INDEX_HEADER = "# rendered by dragoman; do not edit: files that it made, and removes when it no longer makes them\n"
PART = ".dragoman-part"
YAML, JSON = ".yaml", ".json"
Step: TypeAlias = tuple[str, bytes | None]  # a path, and the text that it gets, or that it goes


class Differences(NamedTuple):
    """Paths in a folder, sorted: not there, there with another text, there and no longer made."""

    missing: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()


def whole(texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a folder, by their paths in it, with the index of those that need one."""
    return {**texts, **_index(texts)}


def differences(folder: str, texts: Mapping[str, bytes]) -> Differences:
    """What `write` would add, change and remove. Raises Findings when the folder cannot be read."""
    missing, different = [], []
    try:
        for path, text in texts.items():
            found = _content(_in(folder, path), len(text))
            if found is None:
                missing.append(path)
            elif found != text:
                different.append(path)
        superfluous = _superfluous(folder, texts)
    except OSError as error:
        raise _failed("read", folder, error) from None
    return Differences(tuple(sorted(missing)), tuple(sorted(different)), tuple(sorted(superfluous)))


def write(folder: str, texts: Mapping[str, bytes]) -> None:
    """Make the folder hold these files, and of dragoman's own no others. Raises Findings when that cannot be done.

    Everything is written beside its place first and then moved there; what fails then is undone. Whoever looks, or
    kills us, in between finds each file old or new, no list that names a file that is not there, and no file of ours
    that we would not know again.
    """
    found = differences(folder, texts)
    try:
        _take(folder, list(_steps(found, texts)))
    except OSError as error:
        raise _failed("write to", folder, error) from None
    for path in found.superfluous:
        _remove_empty(folder, posixpath.dirname(path))


def others(folder: str, paths: Iterable[str]) -> list[str]:
    """Of the paths, the kustomizations in whose place is somebody else's, under any name that kustomize knows."""
    return [path for path in paths if posixpath.basename(path) == NAME and _is_taken(_in(folder, path))]


def _steps(found: Differences, texts: Mapping[str, bytes]) -> Iterator[Step]:
    """The way from what is there to what should be."""
    changed = sorted({*found.missing, *found.different} - {INDEX}, key=_order)
    stale = [path for path in found.superfluous if path != INDEX]
    both = _index((*texts, *stale)).get(INDEX)
    if stale and both:
        yield INDEX, both
    for path in changed:
        yield path, texts[path]
    for path in sorted(stale, key=_order, reverse=True):
        yield path, None
    if (stale and both) or INDEX in (*found.missing, *found.different, *found.superfluous):
        yield INDEX, texts.get(INDEX)


def _take(folder: str, steps: Sequence[Step]) -> None:
    """Take the steps, all or none."""
    parts = [_in(folder, f".{number}{PART}") for number in range(len(steps))]  # where a later `write` finds them
    done: list[tuple[str, bytes | None]] = []
    try:
        for (path, text), part in zip(steps, parts, strict=True):
            if text is not None:
                os.makedirs(os.path.dirname(_in(folder, path)), exist_ok=True)
                _put(part, text)
        for (path, text), part in zip(steps, parts, strict=True):
            place = _in(folder, path)
            done.append((place, _content(place)))
            if text is not None:
                os.replace(part, place)
            elif done[-1][1] is not None:
                os.remove(place)
    except BaseException:  # Ctrl-C, too
        for place, before in reversed(done):
            _restore(place, before, parts[0])
        for part in parts:
            with suppress(OSError):
                os.remove(part)
        for path, _ in steps:
            _remove_empty(folder, posixpath.dirname(path))
        raise


def _restore(place: str, before: bytes | None, part: str) -> None:
    with suppress(OSError):  # there is nothing else that we could do
        if before is None:
            os.remove(place)
        elif _content(place) != before:
            _put(part, before)
            os.replace(part, place)


def _put(path: str, text: bytes) -> None:
    with open(path, "wb") as file:
        file.write(text)


def _order(path: str) -> tuple[bool, int, str]:
    """Lists come after what they list, and those of inner folders before those of outer ones; to go, the other way."""
    is_list = posixpath.basename(path) == NAME
    return is_list, -path.count("/") if is_list else 0, path


def _superfluous(folder: str, texts: Mapping[str, bytes]) -> set[str]:
    listed = {path for path in _listed(folder) - texts.keys() if _is_safe(folder, path)}
    beside = {path for inner in {"", *map(posixpath.dirname, texts)} for path in _beside(folder, inner)} - texts.keys()
    stale = {path for path in listed if path.endswith(JSON)}
    stale |= {path for path in beside if path.endswith(PART)}  # what we left when we were killed
    stale |= {path for path in listed | beside if path.endswith((YAML, INDEX)) and _has_mark(_in(folder, path))}
    return {path for path in stale if os.path.isfile(_in(folder, path))}


def _beside(folder: str, inner: str) -> Iterator[str]:
    try:
        names = os.listdir(_in(folder, inner))
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith((YAML, PART)) or (name == INDEX and not inner):
            yield f"{inner}/{name}" if inner else name


def _index(texts: Iterable[str]) -> dict[str, bytes]:
    paths = sorted(path for path in texts if "/" in path or path.endswith(JSON))
    return {INDEX: (INDEX_HEADER + "".join(f"{path}\n" for path in paths)).encode()} if paths else {}


def _listed(folder: str) -> set[str]:
    text = _content(_in(folder, INDEX)) or b""
    if not text.startswith(MARK):
        return set()
    return set(text.decode(errors="surrogateescape").split("\n")[1:])


def _is_safe(folder: str, path: str) -> bool:
    """Whether a path that an index has, whoever wrote that, is below the folder, links followed."""
    if posixpath.normpath(path) != path or "\0" in path:
        return False
    top = os.path.realpath(folder)
    return (os.path.realpath(os.path.dirname(_in(folder, path))) + os.sep).startswith(top + os.sep)


def _is_taken(place: str) -> bool:
    beside = [os.path.join(os.path.dirname(place), name) for name in NAMES]
    return any(os.path.lexists(one) and not _has_mark(one) for one in beside)


def _has_mark(place: str) -> bool:
    try:
        return (_content(place, len(MARK), most=len(MARK)) or b"") == MARK
    except OSError:
        return False


def _content(place: str, likely: int = 0, most: int = 1 << 62) -> bytes | None:
    """What is in a file; None when there is none. `likely` is the size that it should have."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not keep us waiting
    except FileNotFoundError:
        return None
    try:
        data = os.read(descriptor, min(likely + 1, most))
        while len(data) < most and (more := os.read(descriptor, min(1 << 20, most - len(data)))):
            data += more
        return data
    finally:
        os.close(descriptor)


def _remove_empty(folder: str, inner: str) -> None:
    """Remove an inner folder that has become empty, and those around it."""
    while inner:
        try:
            os.rmdir(_in(folder, inner))
        except OSError:
            return
        inner = posixpath.dirname(inner)


def _in(folder: str, path: str) -> str:
    return f"{folder}/{path}" if path else folder


def _failed(did: str, folder: str, error: OSError) -> Findings:
    reason = (error.strerror or str(error)).lower()
    advice = "name a folder that can be written: `-o DIR`"
    return Findings([Finding("DRG508", f"cannot {did} `{folder}`: {reason}", None, advice)], 2)
