"""What a driver needs of an Argo Workflows installation, and what it hears when it does not get it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

Workflow: TypeAlias = Mapping[str, Any]  # the object as the API gives it

LOG_LINES = 20
CONNECT, READ = 10.0, 60.0  # seconds until a connection stands, and between two signs of life
WATCH = 300  # seconds until a watch is opened anew
_OPENSSL = re.compile(r"^\[.*?\] | \(_ssl\.c:\d+\)$")  # what Python's ssl puts around a reason
PASSING = frozenset({0, 408, 410, 425, 429, 500, 502, 503, 504})


class ApiError(Exception):
    """A call that failed: the HTTP status (0: the API was not reached) and what the API said about it."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message
        super().__init__(f"{status} {message}")

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status in PASSING


class Argo(Protocol):
    """One namespace of an Argo Workflows installation; every method may raise `ApiError`."""

    def create(self, workflow: Workflow) -> str:
        """Submit a run; its name."""

    def watch(self, name: str) -> Iterator[Workflow]:
        """The run as it is, then as it becomes, until the API has enough of it; raises 404 when the run is deleted."""

    def logs(self, name: str, pod: str) -> str:
        """The last lines that a pod of the run wrote."""

    def stop(self, name: str) -> None:
        """Let nothing new start and end what runs; the exit handler still runs."""


class Reach(NamedTuple):
    """A way to reach Argo.

    place    the API in a sentence: `the Kubernetes API at https://…`
    again    flags with which Argo's and Kubernetes' own commands reach the same
    login    what to do when it does not know us
    """

    argo: Argo
    namespace: str
    place: str
    again: str
    login: str


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
