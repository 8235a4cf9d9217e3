"""The cluster in memory over HTTP, for the real client: paths, queries, content types, streams and Status objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.api import Chosen, Kind
from drive.kubernetes_memory import Memory

NAMESPACE = "ml"
GROUPS: Mapping[str, tuple[Kind, ...]] = {"/apis/batch/v1": ("jobs",), "/api/v1": ("pods", "configmaps")}


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    content: str
    token: str


class Server(ThreadingHTTPServer):
    """The API and its requests so far. `raw` answers instead of it: status, headers, body."""

    daemon_threads = True

    def __init__(self, memory: Memory) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.memory = memory
        self.asked: list[Asked] = []
        self.raw: tuple[int, Mapping[str, str], str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error."""


@contextmanager
def serving(memory: Memory) -> Iterator[Server]:
    """The API, at work."""
    with Server(memory) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        content, token = self.headers.get("Content-Type") or "", self.headers.get("Authorization") or ""
        self.server.asked.append(Asked(self.command, url.path, query, content, token))
        if self.server.raw is not None:
            self.send(*self.server.raw)
            return
        try:
            self.route(url.path, query, content, body)
        except ApiError as error:
            more = {"Retry-After": f"{error.after:.0f}"} if error.after else {}
            self.send(error.status, more, json.dumps(status(error)))

    def route(self, path: str, query: Mapping[str, str], content: str, body: Any) -> None:
        kind, name, rest = parts(path)
        memory = self.server.memory
        if self.command == "PATCH" and content == "application/apply-patch+yaml":
            assert (query["force"], query["fieldValidation"], query["fieldManager"]) == ("true", "Strict", "dragoman")
            self.send(200, {}, json.dumps(memory.apply(kind, body)))
        elif self.command == "PATCH":
            assert content == "application/merge-patch+json"
            memory.patch(kind, name, body)
            self.send(200, {}, "{}")
        elif self.command == "DELETE":
            assert query["propagationPolicy"] == "Background"
            memory.delete(kind, name)
            self.send(200, {}, "{}")
        elif rest == "log":
            limits = {
                key: int(query[name]) for key, name in (("most", "limitBytes"), ("last", "tailLines")) if name in query
            }
            self.send(200, {}, memory.log(name, query["container"], **limits))
        else:
            self.read(kind, query)

    def read(self, kind: Kind, query: Mapping[str, str]) -> None:
        """A list, or a watch."""
        field = query.get("fieldSelector", "").removeprefix("metadata.name=")
        chosen = Chosen(kind, query.get("labelSelector", ""), field)
        if query.get("watch") != "true":
            page = self.server.memory.page(chosen, query.get("continue", ""))
            about = {"resourceVersion": page.version, **({"continue": page.more} if page.more else {})}
            self.send(200, {}, json.dumps({"metadata": about, "items": page.items}))
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for event, item in self.server.memory.watch(chosen, query["resourceVersion"]):
                self.chunk(json.dumps({"type": event, "object": item}) + "\n")
        except ApiError as error:
            if error.status == 0:  # the connection breaks in the middle of a line
                self.wfile.write(b"ff\r\n{")
                self.close_connection = True
                return
            self.chunk(json.dumps({"type": "ERROR", "object": status(error)}) + "\n")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, text: str) -> None:
        """Send a text, in two pieces."""
        data = text.encode()
        for piece in (data[: len(data) // 2], data[len(data) // 2 :]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()

    def send(self, code: int, headers: Mapping[str, str], text: str) -> None:
        data = text.encode()
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer()

    def do_PATCH(self) -> None:
        self.answer()

    def do_DELETE(self) -> None:
        self.answer()


def parts(path: str) -> tuple[Kind, str, str]:
    """Kind, name and sub-resource of a path."""
    for prefix, kinds in GROUPS.items():
        start = f"{prefix}/namespaces/{NAMESPACE}/"
        if path.startswith(start):
            kind, _, rest = path.removeprefix(start).partition("/")
            name, _, more = rest.partition("/")
            for one in kinds:
                if one == kind:
                    return one, name, more
    raise ApiError(404, f"the server could not find the requested resource: {path}")


def status(error: ApiError) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "message": error.message, "code": error.status}
