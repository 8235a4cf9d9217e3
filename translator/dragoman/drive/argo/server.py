"""Argo Workflows by way of an Argo Server, with the official SDK (the extra `dragoman[argo]`).

Only the SDK's generic calls are used: its models know neither the newest fields nor every answer, and read a stream
to its end before they return. So bodies go out and come back as plain data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dragoman.drive.answers import CONNECT, READ, WATCH, ApiError, parsed, reason_of, said
from dragoman.drive.argo.reach import LOG_LINES, Reach, Workflow
from dragoman.findings import Finding, Findings

WORKFLOWS = "/api/v1/workflows/{namespace}"
WORKFLOW = WORKFLOWS + "/{name}"
EVENTS = "/api/v1/workflow-events/{namespace}"


def reach(url: str, token: str, namespace: str) -> Reach:
    """The Argo Server at an address; the token as `argo auth token` prints it, with or without `Bearer`."""
    if not url.startswith(("http://", "https://")):
        way_out = f"for example `--server https://{url}`"
        raise Findings([Finding("DRG602", f"`--server {url}` is no URL", None, way_out)], 2)
    if not namespace:
        way_out = "say `--namespace NAME`, or give the flow a `metadata.namespace`"
        raise Findings([Finding("DRG602", "an Argo Server needs to be told the namespace", None, way_out)], 2)
    login = "the token in the variable ARGO_TOKEN is not accepted: get a new one with `argo auth token`"
    if not token:
        login = 'no token was sent: `export ARGO_TOKEN="$(argo auth token)"`'
    server = Server(_connection(url.rstrip("/"), token), namespace)
    return Reach(server, namespace, f"the Argo Server at {url}", _flags(url), login)


class Server:
    """The workflows of one namespace, as an Argo Server shows them."""

    def __init__(self, connection: Any, namespace: str) -> None:
        self._connection, self._namespace = connection, namespace

    def create(self, workflow: Workflow) -> str:
        """See `Argo`."""
        return str(self._json("POST", WORKFLOWS, {}, body={"workflow": workflow})["metadata"]["name"])

    def watch(self, name: str) -> Iterator[Workflow]:
        """See `Argo`."""
        current = self._json("GET", WORKFLOW, {"name": name})
        yield current
        query = [
            ("listOptions.fieldSelector", f"metadata.name={name}"),
            ("listOptions.resourceVersion", str(current["metadata"].get("resourceVersion", ""))),
        ]
        for event in self._stream(EVENTS, {}, query, WATCH + READ):
            if "object" in event:
                yield event["object"]
            if event.get("type") == "DELETED":
                raise ApiError(404, "it was deleted")

    def logs(self, name: str, pod: str) -> str:
        """See `Argo`."""
        query = [("podName", pod), ("logOptions.container", "main"), ("logOptions.tailLines", str(LOG_LINES))]
        entries = self._stream(WORKFLOW + "/log", {"name": name}, query, READ)
        return "".join(f"{entry.get('content', '')}\n" for entry in entries)

    def stop(self, name: str) -> None:
        """See `Argo`."""
        body = {"namespace": self._namespace, "name": name}
        self._json("PUT", WORKFLOW + "/stop", {"name": name}, body=body)

    def _json(self, method: str, path: str, names: Mapping[str, str], body: Any = None) -> Any:
        with _told():
            self._call(method, path, names, [], body, READ)
        return parsed(self._connection.last_response.data)

    def _stream(
        self, path: str, names: Mapping[str, str], query: list[tuple[str, str]], patience: float
    ) -> Iterator[Any]:
        """The messages of a stream: JSON, one a line, each a `result` or the `error` that ends it."""
        with _told():
            try:
                answer = self._call("GET", path, names, query, None, patience, _preload_content=False)
            except AttributeError:  # the SDK asks a refusal for a method that newer versions of urllib3 lack
                raise ApiError(0, "the stream was refused") from None
        try:
            for line in _lines(answer):
                message = parsed(line)
                if "error" in message:
                    error = message["error"]
                    raise ApiError(int(error.get("http_code") or 500), str(error.get("message") or "no reason given"))
                yield message.get("result") or {}
        finally:
            answer.close()

    def _call(
        self,
        method: str,
        path: str,
        names: Mapping[str, str],
        query: list[tuple[str, str]],
        body: Any,
        patience: float,
        **how: Any,
    ) -> Any:
        return self._connection.call_api(
            path,
            method,
            {"namespace": self._namespace, **names},
            query,
            {"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
            _request_timeout=(CONNECT, patience),
            **how,
        )


@contextmanager
def _told() -> Iterator[None]:
    """The SDK's exceptions as ours."""
    from argo_workflows.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise ApiError(error.status or 0, said(error.body) or str(error.reason or "")) from None
    except HTTPError as error:
        raise ApiError(0, reason_of(error)) from None


def _lines(answer: Any) -> Iterator[bytes]:
    """The lines of an answer as they arrive; a silence as long as a watch ends it."""
    from urllib3.exceptions import ReadTimeoutError

    rest = b""
    with _told():
        try:
            for chunk in answer.stream(amt=None):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from filter(bytes.strip, whole)
        except ReadTimeoutError:
            return
    if rest.strip():
        yield rest


def _flags(url: str) -> str:
    """How Argo's own command reaches the same server."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    plain = parts.scheme == "http"
    port = parts.port or (80 if plain else 443)
    return f" --argo-server {parts.hostname}:{port}" + (" --secure=false" if plain else "")


def _connection(url: str, token: str) -> Any:
    from argo_workflows import ApiClient, Configuration
    from urllib3 import Retry

    known = token if not token or token.startswith(("Bearer ", "Basic ")) else f"Bearer {token}"
    settings = Configuration(url, {"BearerToken": known} if known else {})
    settings.retries = Retry(0, raise_on_redirect=False)  # tries are counted where the run is followed
    return ApiClient(settings)
