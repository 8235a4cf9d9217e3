"""The tree that Argo CD sends to a plugin: what is in it, packed and unpacked as it does.

Sources: Argo CD's util/io/files/tar.go, util/app/path/path.go (CheckOutOfBoundsSymlinks), util/cmp/stream.go.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dragoman.findings import Finding, Span


class Entry(NamedTuple):
    """A file, folder or link of a tree: its path from the root, its size, where a link points to."""

    path: str
    size: int
    kind: str  # file, folder, link
    target: str = ""


def sent(root: str, exclusions: Sequence[str] = ()) -> list[Entry]:
    """What Argo CD would send of a repository: what is or could be committed, and `.git`; all, where Git is silent."""
    found = [*entries(root, exclusions)]
    try:
        ask = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(ask, capture_output=True, check=True).stdout.decode(errors="surrogateescape")
    except (OSError, subprocess.CalledProcessError):
        return found
    known = {".git"}
    for path in listed.split("\0"):
        while path and path not in known:
            known.add(path)
            path = os.path.dirname(path)
    return [one for one in found if one.path in known or one.path.startswith(".git/")]


def entries(root: str, exclusions: Sequence[str] = ()) -> Iterator[Entry]:
    """The files, folders and links of a tree, in the order of names."""
    left_out = [pattern(glob) for glob in exclusions]
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        inner = []
        with os.scandir(os.path.join(root, folder)) as found:
            listed = sorted(found, key=lambda one: one.name)
        for one in listed:
            path = f"{folder}/{one.name}" if folder else one.name
            if any(pattern.fullmatch(path) for pattern in left_out):
                continue
            if one.is_symlink():
                yield Entry(path, 0, "link", os.readlink(one.path))
            elif one.is_dir():
                yield Entry(path, 0, "folder")
                inner.append(path)
            elif one.is_file():
                yield Entry(path, one.stat().st_size, "file")
        waiting += reversed(inner)


def leading_out(sent: Sequence[Entry]) -> Iterator[Finding]:
    """Links that leave the tree, for which Argo CD refuses the whole repository."""
    for one in sent:
        if one.kind == "link" and _leaves(os.path.dirname(one.path), one.target):
            message = f"the link leads out of the repository, to `{one.target}`"
            advice = "Argo CD renders nothing of a repository with such a link: take it out, or make it relative"
            yield Finding("DRG679", message, Span(one.path, approximate=True), advice)


def pack(root: str, sent: Sequence[Entry], file: str) -> int:
    """Write the archive that Argo CD sends; its size in bytes."""
    with tarfile.open(file, "w:gz", compresslevel=6) as archive:
        for one in sent:
            archive.add(os.path.join(root, one.path), one.path, recursive=False)
    return os.path.getsize(file)


def unpack(file: str, root: str) -> None:
    """Unpack an archive: whoever could run a file before cannot now, and nobody can write."""
    os.makedirs(root)
    folders = [root]
    with tarfile.open(file, "r:gz") as archive:
        for member in archive:
            place = os.path.join(root, member.name)
            if member.isdir():
                os.makedirs(place, exist_ok=True)
                folders.append(place)
            elif member.issym():
                os.symlink(member.linkname, place)
            else:
                inside = archive.extractfile(member)
                if inside is not None:
                    with inside, open(place, "wb") as out:
                        shutil.copyfileobj(inside, out)
                    os.chmod(place, 0o444)
    for folder in reversed(folders):
        os.chmod(folder, 0o555)


def remove(root: str) -> None:
    """Remove a tree that nobody can write."""
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o755)
    shutil.rmtree(root)


def _leaves(folder: str, target: str) -> bool:
    """Whether a link's target is absolute, or is above the root at any of its steps."""
    if os.path.isabs(target):
        return True
    for part in target.split("/"):
        folder = os.path.normpath(os.path.join(folder, part))
        if folder == ".." or folder.startswith("../"):
            return True
    return False


def pattern(glob: str) -> re.Pattern[str]:
    """A pattern of Go's path/filepath.Match over the whole path: `*` and `?` do not cross a `/`."""
    parts = re.split(r"(\*|\?|\[\^?[^\]]*\]|\\.)", glob)
    known = {"*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(
            known.get(part) or (part if part.startswith("[") else re.escape(part[-1:] if part[:1] == "\\" else part))
            for part in parts
        )
    )
