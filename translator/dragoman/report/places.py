"""Places as other tools want them: files as their repository names them, as paths and as URIs."""

from __future__ import annotations

from dragoman.baseline import named
from dragoman.findings import Span
from dragoman.report.letters import clean


def is_file(span: Span | None) -> bool:
    """Whether the place is in a file: a value of the command line is not."""
    return span is not None and bool(span.file) and not span.file.startswith("--")


def relative(file: str) -> str:
    """A file from its repository's root, with forward slashes, on one line; what is no file stays as it is."""
    if not is_file(Span(file)):
        return clean(file)
    return clean(named(file)) or "\ufffd"


def from_root(span: Span) -> Span:
    """The same place, its file from the root."""
    return span._replace(file=relative(span.file))


def uri(file: str) -> str:
    """The path as a relative URI: letters that mean something in one are percent-encoded, a colon too."""
    from urllib.parse import quote

    return quote(file)


def is_web(address: str) -> bool:
    """Whether an address is one of the web, and can be written into a link as it is."""
    from urllib.parse import urlsplit

    if not address.isascii() or set(address) & set(' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
