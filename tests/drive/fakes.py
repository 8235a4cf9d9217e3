"""A Kubernetes API and an Argo Server on this machine, which let one scripted run happen; real HTTP, no cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

RUN = "train-x7k2p"
NAMESPACE = "ml"


class Refusal(NamedTuple):
    """An answer that is none; a body that is no JSON is sent as it is."""

    status: int
    message: str = ""
    raw: str | None = None


class Watch(NamedTuple):
    """What one watch shows: the run as it is when it begins, the statuses that follow, and how it ends.

    `close` as a server does when it has served long enough, `cut` in the middle of a line, `deleted`, or an error
    that is sent as an event.
    """

    now: Mapping[str, Any] | Refusal
    then: Sequence[Mapping[str, Any]] = ()
    end: Literal["close", "cut", "deleted"] | Refusal = "close"
    refused: Refusal | None = None


class Script(NamedTuple):
    """What the fake does: its answer to the creation, one entry for each watch, the log of each pod."""

    watches: Sequence[Watch] = ()
    create: Refusal | None = None
    logs: Mapping[str, str] = {}
    stop: Refusal | None = None


class Fake(ThreadingHTTPServer):
    """A server with its script, and what it was asked so far."""

    daemon_threads = True

    def __init__(self, handler: type[_Handler], script: Script) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.script = script
        self.watched = 0
        self.asked: list[str] = []
        self.created: list[Any] = []
        self.stopped: list[Any] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def watch(self) -> Watch:
        return self.script.watches[min(self.watched, len(self.script.watches) - 1)]


@contextmanager
def serving(handler: type[_Handler], script: Script) -> Iterator[Fake]:
    """The fake, at work."""
    with Fake(handler, script) as fake:
        thread = Thread(target=fake.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield fake
        finally:
            fake.shutdown()
            thread.join()


def _workflow(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": RUN, "namespace": NAMESPACE, "resourceVersion": "7"},
        "status": status,
    }


class _Handler(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"
    workflows: ClassVar[str]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_one(self, method: str) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append(f"{method} {url.path}")
        self.server.tokens.add(self.headers.get("Authorization"))
        if method == "POST" and url.path == self.workflows:
            self._create(body, parse_qs(url.query))
        elif method == "GET" and url.path == f"{self.workflows}/{RUN}":
            now = self.server.watch().now
            if isinstance(now, Refusal):
                self.server.watched += 1
            self._answer(now if isinstance(now, Refusal) else _workflow(now))
        elif method in ("PATCH", "PUT"):
            self.server.stopped.append((self.headers["Content-Type"], body))
            self._answer(self.server.script.stop or _workflow({}))
        else:
            self.read(url.path, parse_qs(url.query))

    def read(self, path: str, query: Mapping[str, list[str]]) -> None:
        """Answer what the two APIs say differently: watches and logs."""
        raise NotImplementedError

    def refusal(self, refusal: Refusal) -> Any:
        """The body of an error."""
        raise NotImplementedError

    def event(self, kind: str, content: Any) -> Any:
        """One message of a watch."""
        raise NotImplementedError

    def stream(self, watch: Watch) -> None:
        """Send the messages of one watch, and end it as it says."""
        self.server.watched += 1
        if watch.refused is not None:
            self._answer(watch.refused)
            return
        self._begin(200, "application/json")
        for status in watch.then:
            self._chunk(json.dumps(self.event("MODIFIED", _workflow(status))) + "\n")
        if watch.end == "deleted":
            self._chunk(json.dumps(self.event("DELETED", _workflow(watch.then[-1]))) + "\n")
        elif isinstance(watch.end, Refusal):
            self._chunk(json.dumps(self.event("ERROR", watch.end)) + "\n")
        if watch.end == "cut":
            self.wfile.write(b"ff\r\n{")
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def text(self, content: str) -> None:
        """Answer with a text in one piece."""
        data = content.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def lines(self, messages: Sequence[Any]) -> None:
        """Answer with a stream of messages."""
        self._begin(200, "application/json")
        for message in messages:
            self._chunk(json.dumps(message) + "\n")
        self.wfile.write(b"0\r\n\r\n")

    def _create(self, body: Any, query: Mapping[str, list[str]]) -> None:
        self.server.created.append({"query": query, "body": body} if query else body)
        self._answer(self.server.script.create or _workflow({}))

    def _answer(self, content: Refusal | Mapping[str, Any]) -> None:
        status = content.status if isinstance(content, Refusal) else 200
        raw = content.raw if isinstance(content, Refusal) else None
        kind = "application/json" if raw is None else "text/html"
        shown = self.refusal(content) if isinstance(content, Refusal) else content
        data = (json.dumps(shown) if raw is None else raw).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _begin(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def do_GET(self) -> None:
        self.handle_one("GET")

    def do_POST(self) -> None:
        self.handle_one("POST")

    def do_PUT(self) -> None:
        self.handle_one("PUT")

    def do_PATCH(self) -> None:
        self.handle_one("PATCH")


class KubernetesApi(_Handler):
    """The part of a cluster's API that runs need."""

    workflows = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"

    def read(self, path: str, query: Mapping[str, list[str]]) -> None:
        if path == self.workflows and query["fieldSelector"] == [f"metadata.name={RUN}"]:
            self.stream(self.server.watch())
            return
        pod = path.removeprefix(f"/api/v1/namespaces/{NAMESPACE}/pods/").removesuffix("/log")
        if pod in self.server.script.logs:
            self.text(self.server.script.logs[pod])
        else:
            self._answer(Refusal(404, f'pods "{pod}" not found'))

    def refusal(self, refusal: Refusal) -> Any:
        return {"kind": "Status", "status": "Failure", "message": refusal.message, "code": refusal.status}

    def event(self, kind: str, content: Any) -> Any:
        shown = {**self.refusal(content), "reason": "Expired"} if isinstance(content, Refusal) else content
        return {"type": kind, "object": shown}


class ArgoServer(_Handler):
    """The part of an Argo Server's API that runs need."""

    workflows = f"/api/v1/workflows/{NAMESPACE}"

    def read(self, path: str, query: Mapping[str, list[str]]) -> None:
        if path == f"/api/v1/workflow-events/{NAMESPACE}":
            assert query["listOptions.fieldSelector"] == [f"metadata.name={RUN}"]
            self.stream(self.server.watch())
            return
        [pod] = query["podName"]
        text = self.server.script.logs.get(pod, "")
        self.lines([{"result": {"content": line, "podName": pod}} for line in text.splitlines()])

    def refusal(self, refusal: Refusal) -> Any:
        return {"code": 2, "message": refusal.message, "details": []}

    def event(self, kind: str, content: Any) -> Any:
        if isinstance(content, Refusal):
            return {"error": {"grpc_code": 2, "http_code": content.status, "message": content.message}}
        return {"result": {"type": kind, "object": content}}
