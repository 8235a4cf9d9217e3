"""A node of the tests' cluster: a kubelet that runs the containers of pods as processes, and serves their logs.

Pods are bound to it as they come. What is mounted are folders, whose names are put in the place of the container's
wherever a word or a variable says them. The variable ACCIDENT is what happens to a container: `oom`, `spot` (its node
goes away), `gone` (so does the pod at once), `image` (it is pulled in the end).
"""

from __future__ import annotations

import re
import ssl
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import urllib3

from conformance.plane import Plane
from conformance.pod_life import PROGRAMS, Life, Place, terminated, waiting
from drive.kubernetes_memory import now

NAME = "n1"
JOB = "batch.kubernetes.io/job-name"
PULL = 0.5  # seconds until an image that is not there at first can be pulled
_LOG = re.compile(r"/containerLogs/([^/]+)/([^/]+)/([^/]+)")


class Moment(NamedTuple):
    """A Job's pod began or ended."""

    namespace: str
    job: str
    pod: str
    ended: bool


class Node:
    """The kubelet. `moments`: what its pods did, in order; `failures`: its own mistakes."""

    def __init__(self, plane: Plane, folder: Path) -> None:
        self.plane, self.folder = plane, folder
        self.moments: list[Moment] = []
        self.lives: dict[str, Life] = {}
        self.failures: list[str] = []
        self.over = False
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.path = f"{self.programs}:{Path(sys.executable).parent}:/usr/bin:/bin"
        for name, text in PROGRAMS.items():
            (self.programs / name).write_text(f"#!/bin/sh\n{text}\n")
            (self.programs / name).chmod(0o755)

    def register(self, port: int) -> None:
        """Become a node whose logs are served at this port."""
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        made = self.plane.call("POST", "api/v1/nodes", {"metadata": {"name": NAME}, "status": status})
        assert made.status == 201, made.body
        Thread(target=self._watch, daemon=True).start()

    def close(self) -> None:
        """Kill what still runs."""
        self.over = True
        for life in list(self.lives.values()):
            life.kill("")

    def ran(self, namespace: str) -> list[str]:
        """The Jobs whose pods began, in their order."""
        return [moment.job for moment in self.moments if moment.namespace == namespace and not moment.ended]

    def most(self, namespace: str, job: str) -> int:
        """How many of a Job's pods ran at once."""
        here = [moment for moment in self.moments if (moment.namespace, moment.job) == (namespace, job)]
        return max(accumulate(-1 if moment.ended else 1 for moment in here))

    def crash(self, namespace: str, job: str) -> None:
        """The programs of a Job's pods are killed."""
        for life in list(self.lives.values()):
            about = life.pod["metadata"]
            if (about["namespace"], about["labels"].get(JOB)) == (namespace, job):
                life.crash()

    def log(self, namespace: str, pod: str, container: str) -> Path:
        """Where a container's log is."""
        return self.folder / namespace / pod / "logs" / container

    def printed(self, namespace: str, job: str, container: str = "main") -> str:
        """What a container of a Job's pods printed."""
        pods = dict.fromkeys(one.pod for one in self.moments if (one.namespace, one.job) == (namespace, job))
        return "".join(self.log(namespace, pod, container).read_text() for pod in pods)

    def _watch(self) -> None:
        version = "0"
        while not self.over:
            try:
                for event, pod in self.plane.watch("api/v1/pods", version):
                    if event == "ERROR":
                        version = "0"
                        break
                    version = pod["metadata"]["resourceVersion"]
                    self._see(event, pod)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.1)
            except Exception:
                self.failures.append(traceback.format_exc())
                raise

    def _see(self, event: str, pod: Mapping[str, Any]) -> None:
        about = pod["metadata"]
        uid = about["uid"]
        if JOB not in about.get("labels", {}):
            return  # a pod of no Job is there to be admitted, and not to run
        if event == "DELETED":
            self.lives.pop(uid, None)
        elif uid not in self.lives:
            ended = pod["status"].get("phase") in ("Succeeded", "Failed")
            if not ended and "deletionTimestamp" not in about and not pod["spec"].get("nodeName"):
                place = Place(self.folder / about["namespace"] / about["name"], self.path)
                life = self.lives[uid] = Life(self.plane, pod, place)
                Thread(target=self._run, args=(life,), daemon=True).start()
        elif "deletionTimestamp" in about:
            self.lives[uid].kill("deleted")

    def _run(self, life: Life) -> None:
        about = life.pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": NAME}
        bound = self._call("POST", life, "/binding", {"metadata": {"name": about["name"]}, "target": target})
        if not bound:
            return
        try:
            self._live(life)
        except Exception:
            if not self.over:
                self.failures.append(traceback.format_exc())
                raise

    def _live(self, life: Life) -> None:
        accident = life.accident()
        if accident == "image":
            self._status(life, {"phase": "Pending", "containerStatuses": [waiting(life.main, "ImagePullBackOff")]})
            time.sleep(PULL)
        if not life.prepare(lambda: self.over):
            return
        self._moment(life, ended=False)
        running = {"running": {"startedAt": now()}}
        self._status(life, {"phase": "Running", "startTime": now(), "containerStatuses": [life.state(running)]})
        ended = life.run()
        if accident in ("oom", "spot"):
            ended = ended._replace(code=137, reason="OOMKilled" if accident == "oom" else "Error")
        self._moment(life, ended=True)
        if accident != "gone":
            status: dict[str, Any] = {
                "phase": "Succeeded" if ended.code == 0 and not life.killed else "Failed",
                "containerStatuses": [life.state(terminated(ended))] if ended.begun else [],
                "initContainerStatuses": [life.state(terminated(one), name) for name, one in life.ended.items()],
            }
            if accident == "spot":
                moved = {"type": "DisruptionTarget", "status": "True", "message": "node n1 is going away"}
                status["conditions"] = [{**moved, "reason": "DeletionByTaintManager", "lastTransitionTime": now()}]
            if life.killed == "DeadlineExceeded":
                status |= {"reason": life.killed, "message": "Pod was active on the node longer than its deadline"}
            self._status(life, status)
        if accident == "gone" or life.killed == "deleted":
            self._call("DELETE", life, "?gracePeriodSeconds=0")

    def _moment(self, life: Life, *, ended: bool) -> None:
        about = life.pod["metadata"]
        job = about["labels"].get(JOB, "")
        self.moments.append(Moment(about["namespace"], job, about["name"], ended))

    def _status(self, life: Life, status: Mapping[str, Any]) -> None:
        self._call("PATCH", life, "/status", {"status": status})

    def _call(self, method: str, life: Life, more: str, body: Any = None) -> bool:
        """Whether the pod is still there."""
        about = life.pod["metadata"]
        path = f"api/v1/namespaces/{about['namespace']}/pods/{about['name']}{more}"
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        found = self.plane.call(method, path, body, content=content)
        assert found.status < 300 or found.status in (404, 409), found.body
        return found.status < 300


class _Logs(BaseHTTPRequestHandler):
    """As much of a kubelet's own API as `kubectl logs` needs."""

    node: Node

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = _LOG.fullmatch(url.path)
        assert found is not None, self.path
        query = {key: int(values[0]) for key, values in parse_qs(url.query).items() if values[0].isdigit()}
        path = self.node.log(*found.groups())
        data = path.read_bytes() if path.exists() else b""
        if "tailLines" in query:
            data = b"".join(data.splitlines(keepends=True)[-query["tailLines"] :])
        data = data[: query.get("limitBytes")]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def living(plane: Plane, folder: Path) -> Iterator[Node]:
    """A node while it lives."""
    node = Node(plane, folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Logs", (_Logs,), {"node": node}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.folder / "apiserver.crt", plane.folder / "apiserver.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    node.register(server.server_port)
    try:
        yield node
    finally:
        node.close()
        server.shutdown()
        server.server_close()
