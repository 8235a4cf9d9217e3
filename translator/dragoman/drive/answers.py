"""What the APIs of engines answer: objects, or why there is none."""

from __future__ import annotations

import re
from typing import Any

CONNECT, READ = 10.0, 60.0  # seconds until a connection stands, and between two signs of life
WATCH = 300  # seconds until a watch is opened anew
_OPENSSL = re.compile(r"^\[.*?\] | \(_ssl\.c:\d+\)$")  # what Python's ssl puts around a reason
PASSING = frozenset({0, 408, 410, 425, 429, 500, 502, 503, 504})


class ApiError(Exception):
    """A call that failed: the HTTP status (0: the API was not reached) and what the API said about it.

    after  how many seconds the API asks to be left alone
    """

    def __init__(self, status: int, message: str, after: float = 0) -> None:
        self.status, self.message, self.after = status, message, after
        super().__init__(f"{status} {message}")

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status in PASSING


def parsed(body: bytes | str) -> Any:
    """The object that an answer is; `ApiError` for an answer that is none, a login page for example."""
    from json import loads

    try:
        data = loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ApiError(200, "the answer is no JSON object")
    return data


def said(body: object) -> str:
    """What the body of a failed answer says: a Kubernetes Status, a gRPC error as JSON, or some text."""
    from json import loads

    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body if isinstance(body, str) else ""
    try:
        data = loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict):
        for key in ("message", "error"):
            if isinstance(data.get(key), str):
                return str(data[key])
    first = text.strip().partition("\n")[0]
    return "" if first.startswith("<") else first[:300]


def reason_of(error: Exception) -> str:
    """Why a connection failed, in the operating system's words rather than in a library's."""
    chain: list[BaseException] = [error]
    for seen in chain:  # grows: what caused it, and what it only mentions
        causes = (seen.__cause__, seen.__context__, getattr(seen, "reason", None), *seen.args)
        chain += [one for one in causes if isinstance(one, BaseException) and one not in chain]
    told = [one.strerror for one in chain if isinstance(one, OSError) and one.strerror]
    if told:
        return _OPENSSL.sub("", told[0]).lower()
    names = {type(one).__name__ for one in chain}
    if any("Timeout" in name for name in names):
        return "no answer in time"
    return "the connection broke" if "ProtocolError" in names else str(chain[-1]).partition("\n")[0]
