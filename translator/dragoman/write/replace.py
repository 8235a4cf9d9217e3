"""A file's new content in one go: whoever reads it meanwhile finds the old one or the new one, never half of it."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from errno import EACCES

from dragoman.findings import Finding, Findings


def replace(file: str, data: bytes) -> None:
    """Make `data` the content of a file, which keeps its mode; a link stays a link. Raises Findings when it cannot.

    A file that nobody may write to is left alone, also where the folder would allow it.
    """
    place = os.path.realpath(file)
    part = f"{place}.dragoman-part"
    try:
        mode = stat.S_IMODE(os.stat(place).st_mode) if os.path.exists(place) else None
        if mode is not None and not (mode & 0o222 and os.access(place, os.W_OK)):
            raise PermissionError(EACCES, os.strerror(EACCES))
        with open(part, "wb") as stream:
            stream.write(data)
        if mode is not None:
            os.chmod(part, mode)
        os.replace(part, place)
    except OSError as error:
        with suppress(OSError):
            os.remove(part)
        message = f"cannot write `{file}`: {(error.strerror or str(error)).lower()}"
        raise Findings([Finding("DRG508", message, None, "make it writable, and its folder")], 2) from None
