"""A cluster's API over HTTP, with the connection of the official client (the extra `dragoman[kubernetes]`).

Only its connection is used: its models know neither every field nor every answer, and their calls differ from version
to version. Bodies go out and come back as plain data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from dragoman.drive.answers import CONNECT, READ, WATCH, ApiError, parsed, said
from dragoman.drive.cluster import Connection, told
from dragoman.drive.kubernetes.api import Chosen, Kind, Object, Page

GROUPS: Mapping[Kind, str] = {"jobs": "apis/batch/v1", "pods": "api/v1", "configmaps": "api/v1"}
PAGE = 500  # objects in one answer
MANAGER = "dragoman"
APPLY = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}


class Client:
    """See `Api`."""

    def __init__(self, connection: Connection) -> None:
        self._pool = connection.client.rest_client.pool_manager
        self._settings = connection.client.configuration
        self._namespace = connection.namespace

    def apply(self, kind: Kind, body: Object) -> Object:
        """See `Api`."""
        path = self._path(kind, body["metadata"]["name"])
        found: Object = parsed(self._answer("PATCH", path, APPLY, body, "application/apply-patch+yaml"))
        return found

    def patch(self, kind: Kind, name: str, body: Object) -> None:
        """See `Api`."""
        self._answer("PATCH", self._path(kind, name), {"fieldManager": MANAGER}, body, "application/merge-patch+json")

    def page(self, chosen: Chosen, more: str = "") -> Page:
        """See `Api`."""
        query = {**_query(chosen), "limit": str(PAGE), **({"continue": more} if more else {})}
        found = parsed(self._answer("GET", self._path(chosen.kind), query))
        about = found["metadata"]
        return Page(found.get("items") or (), str(about.get("resourceVersion", "")), about.get("continue") or "")

    def watch(self, chosen: Chosen, version: str) -> Iterator[tuple[str, Object]]:
        """See `Api`."""
        from urllib3.exceptions import ReadTimeoutError

        query = {
            **_query(chosen),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH),
        }
        with told():
            response = self._send("GET", self._path(chosen.kind), query, read=WATCH + READ)
            try:
                for line in _lines(response):
                    yield _event(line)
            except ReadTimeoutError:  # nothing happened: the caller asks again
                return
            finally:
                response.close()

    def log(self, pod: str, container: str, *, most: int | None = None, last: int | None = None) -> str:
        """See `Api`."""
        query = {"container": container}
        if most is not None:
            query["limitBytes"] = str(most)
        if last is not None:
            query["tailLines"] = str(last)
        return self._answer("GET", self._path("pods", pod) + "/log", query).decode("utf-8", "replace")

    def delete(self, kind: Kind, name: str) -> None:
        """See `Api`."""
        self._answer("DELETE", self._path(kind, name), {"propagationPolicy": "Background"})

    def _path(self, kind: Kind, name: str = "") -> str:
        path = f"/{GROUPS[kind]}/namespaces/{quote(self._namespace, safe='')}/{kind}"
        return f"{path}/{quote(name, safe='')}" if name else path

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: Object | None = None, content: str = ""
    ) -> bytes:
        with told():
            response = self._send(method, path, query, body, content)
            try:
                data: bytes = response.read()
            finally:
                response.release_conn()
        return data

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | None = None,
        content: str = "",
        read: float = READ,
    ) -> Any:
        """The response, whose body is still to be read; `ApiError` for a refusal."""
        from urllib3 import Timeout

        headers = {"Accept": "application/json", "User-Agent": MANAGER}
        for known in self._settings.auth_settings().values():  # asks for a new token when the old one is old
            headers[known["key"]] = known["value"]
        if body is not None:
            headers["Content-Type"] = content
        response = self._pool.request(
            method,
            f"{self._settings.host}{path}?{urlencode(query)}",
            body=None if body is None else json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
            headers=headers,
            preload_content=False,
            timeout=Timeout(connect=CONNECT, read=read),
        )
        if 200 <= response.status < 300:
            return response
        try:
            raise ApiError(response.status, said(response.read()), _seconds(response.headers.get("Retry-After")))
        finally:
            response.release_conn()


def _query(chosen: Chosen) -> dict[str, str]:
    if chosen.name:
        return {"fieldSelector": f"metadata.name={chosen.name}"}
    return {"labelSelector": chosen.label}


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 0


def _lines(response: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in response.stream(65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from filter(None, lines)


def _event(line: bytes) -> tuple[str, Object]:
    event = parsed(line)
    if event.get("type") == "ERROR":
        status = event.get("object") or {}
        raise ApiError(int(status.get("code") or 500), str(status.get("message") or "the watch failed"))
    return str(event["type"]), event["object"]
