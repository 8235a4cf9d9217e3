"""The text of a file: UTF-8 and of a sensible size, or a finding that says which byte is wrong."""

from __future__ import annotations

from dragoman.findings import Finding, Findings, Span

MAX_SIZE = 5_000_000  # bytes


def decode(data: bytes, file: str) -> str:
    """`data` as text, less its byte order mark; raises Findings when it is too large or not UTF-8 text."""
    if len(data) > MAX_SIZE:
        message = f"the file has {len(data)} bytes, maximum {MAX_SIZE}"
        raise Findings([Finding("DRG007", message, Span(file), "split it into several files")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        skipped = len(data) - len(error.object)  # the decoder counts from behind the byte order mark
        raise Findings([_not_text(data, skipped + error.start, file)]) from None
    if "\0" in text:
        raise Findings([_not_text(data, data.index(b"\0"), file)])
    return text


def _not_text(data: bytes, offset: int, file: str) -> Finding:
    line = data.count(b"\n", 0, offset) + 1
    before = data[data.rfind(b"\n", 0, offset) + 1 : offset].removeprefix(b"\xef\xbb\xbf")
    column = len(before.decode("utf-8", "replace")) + 1
    advice = "save the file as UTF-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        advice += "; it begins like UTF-16"
    return Finding(
        "DRG001",
        f"byte 0x{data[offset]:02x} at line {line} (byte {offset + 1} of the file) is not UTF-8 text",
        Span(file, line, column, line, column + 1),
        advice,
    )
