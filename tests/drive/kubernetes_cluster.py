"""What a cluster does by itself: its Job controller, its garbage collector, and a kubelet that imagines what pods do.

The kubelet reads a pod's command: `give NAME=TEXT…` writes outputs, `say TEXT` prints, `fail N`, `sleep SECONDS`, `true`.
The variable ACCIDENT says what happens to it: `oom`, `spot` (its node goes), `gone` (so does the pod), `image` (it is
pulled in the end).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any, NamedTuple, TypeAlias

from dragoman.drive.kubernetes.api import Kind, Object
from dragoman.emit.kubernetes.outputs import CARRIER, MESSAGE_BYTES
from dragoman.emit.kubernetes.pod import MAIN
from dragoman.plan.containers import DIRECTORY
from drive.kubernetes_memory import Memory, now

TICK = 0.02
PULL = 0.3  # seconds until an image that is not there at first can be pulled
OWNERS: tuple[Kind, ...] = ("jobs", "configmaps")
OWNED: tuple[Kind, ...] = ("jobs", "pods")


class Ended(NamedTuple):
    """How a container ended: the files of its outputs, what it printed."""

    code: int = 0
    files: Mapping[str, str] = {}
    printed: str = ""
    seconds: float = 0.0
    accident: str = ""


Work: TypeAlias = Callable[[Object], Ended]


def imagined(pod: Object) -> Ended:
    """What a pod's command does."""
    main = pod["spec"]["containers"][0]
    env = {entry["name"]: entry.get("value", "") for entry in main.get("env") or ()}
    command: list[str] = [*main.get("command", []), *main.get("args", [])]
    verb, words = command[0], command[1:]
    accident = env.get("ACCIDENT", "")
    if verb == "give":
        files = {f"{DIRECTORY}/{name}": text for name, _, text in (word.partition("=") for word in words)}
        return Ended(0, files, accident=accident)
    if verb == "fail":
        return Ended(int(words[0]), accident=accident)
    if verb == "say":
        return Ended(0, {}, " ".join(words) + "\n", accident=accident)
    return Ended(seconds=float(words[0]) if verb == "sleep" else 0.0, accident=accident)


class Cluster:
    """Controller, collector and kubelet in one thread.

    ran      the Jobs whose pods began to run, in their order
    hold     while it says so of a pod, that pod goes on running
    """

    def __init__(self, memory: Memory, work: Work = imagined) -> None:
        self.memory, self.work = memory, work
        self.ran: list[str] = []
        self.hold: Callable[[Object], bool] = lambda pod: False
        self.most = 0
        self._began: dict[str, tuple[float, Ended]] = {}
        self._images: dict[str, float] = {}
        self._thread = Thread(target=self._live, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.memory.close()
        self._thread.join()

    def _live(self) -> None:
        seen = -1
        while not self.memory.over:
            self.memory.wait(seen, TICK)
            seen = self.memory.version
            self._collect()
            for job in self.memory.all("jobs"):
                self._control(job)
            running = [pod for pod in self.memory.all("pods") if _phase(pod) in ("", "Pending", "Running")]
            self.most = max(self.most, len(running))
            for pod in running:
                self._run(pod)

    def _collect(self) -> None:
        """Delete what belongs to nothing any more."""
        uids = {item["metadata"]["uid"] for kind in OWNERS for item in self.memory.all(kind)}
        for kind in OWNED:
            for item in self.memory.all(kind):
                owners = item["metadata"].get("ownerReferences") or ()
                if owners and not any(owner["uid"] in uids for owner in owners):
                    self.memory.remove(kind, item["metadata"]["name"])

    def _control(self, job: Mapping[str, Any]) -> None:
        name, spec, status = job["metadata"]["name"], job["spec"], job.get("status") or {}
        if status.get("conditions") or spec.get("suspend"):
            return
        mine = [pod for pod in self.memory.all("pods") if pod["metadata"]["labels"].get("job-name") == name]
        if not status.get("startTime"):
            self.memory.change("jobs", name, {"status": {"startTime": now(), "began": time.monotonic()}})
            self._create(job)
            return
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None and time.monotonic() >= status["began"] + deadline:
            for pod in mine:
                self.memory.remove("pods", pod["metadata"]["name"])
            self._condition(name, "Failed", "DeadlineExceeded")
        elif not mine or _phase(mine[0]) == "Failed":
            self._condition(name, "Failed", "BackoffLimitExceeded")
        elif _phase(mine[0]) == "Succeeded":
            self._condition(name, "Complete", "CompletionsReached")

    def _create(self, job: Mapping[str, Any]) -> None:
        name, template = job["metadata"]["name"], job["spec"]["template"]
        about = template.get("metadata") or {}
        owner = {"kind": "Job", "name": name, "uid": job["metadata"]["uid"]}
        labels = {**about.get("labels", {}), "job-name": name, "batch.kubernetes.io/job-name": name}
        metadata = {"name": f"{name}-x{self.memory.version}", "labels": labels, "ownerReferences": [owner]}
        self.memory.create("pods", {"metadata": metadata, "spec": template["spec"], "status": {"phase": "Pending"}})

    def _condition(self, name: str, kind: str, reason: str) -> None:
        about = {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": now(), "message": ""}
        self.memory.change("jobs", name, {"status": {"conditions": [about]}})

    def _run(self, pod: Mapping[str, Any]) -> None:
        name = pod["metadata"]["name"]
        if name not in self._began:
            ended = self.work(pod)
            if ended.accident == "image" and time.monotonic() < self._images.setdefault(name, time.monotonic() + PULL):
                waiting = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "i"'}
                self._status(name, {"phase": "Pending", **_containers({"waiting": waiting})})
                return
            self._began[name] = time.monotonic(), ended
            self.ran.append(pod["metadata"]["labels"]["job-name"])
            self._status(name, {"phase": "Running", **_containers({"running": {"startedAt": now()}})})
        began, ended = self._began[name]
        lasted = time.monotonic() - began
        limit = pod["spec"].get("activeDeadlineSeconds")
        if limit is not None and lasted >= limit:
            self._status(name, {"phase": "Failed", "reason": "DeadlineExceeded", **_ended(137)})
        elif lasted >= ended.seconds and not self.hold(pod):
            self._end(pod, ended)

    def _end(self, pod: Mapping[str, Any], ended: Ended) -> None:
        name = pod["metadata"]["name"]
        if ended.accident == "gone":
            self.memory.remove("pods", name)
        elif ended.accident == "spot":
            moved = {"type": "DisruptionTarget", "status": "True", "message": "node n1 is going away"}
            self._status(name, {"phase": "Failed", "conditions": [moved], **_ended(137)})
        elif ended.accident == "oom":
            self._status(name, {"phase": "Failed", **_ended(137, reason="OOMKilled")})
        else:
            self._left(pod, ended)

    def _left(self, pod: Mapping[str, Any], ended: Ended) -> None:
        """The messages and logs of a pod that ended by itself."""
        name, spec = pod["metadata"]["name"], pod["spec"]
        path = spec["containers"][0].get("terminationMessagePath", "")
        message = ended.files.get(path, "").encode()[:MESSAGE_BYTES].decode(errors="replace")
        self.memory.logs[name, MAIN] = ended.printed
        status = {"phase": "Failed" if ended.code else "Succeeded", **_ended(ended.code, message)}
        for helper in spec.get("initContainers") or ():
            said, logged = carried(helper["command"][2:], ended.files)
            self.memory.logs[name, CARRIER] = logged
            terminated = {"exitCode": 0, "message": said}
            status["initContainerStatuses"] = [{"name": CARRIER, "state": {"terminated": terminated}}]
        self._status(name, status)

    def _status(self, name: str, status: Mapping[str, Any]) -> None:
        if ("pods", name) in self.memory.objects:
            self.memory.change("pods", name, {"status": status})


def carried(words: list[str], files: Mapping[str, str]) -> tuple[str, str]:
    """What the sidecar does, with files that are imagined."""
    from json import dumps

    found = {name: files[path] for name, _, path in (word.partition("=") for word in words) if path in files}
    text = dumps({"outputs": found})
    return (text, "") if len(text.encode()) <= 3072 else ('{"log":true}', text + "\n")


def _containers(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"containerStatuses": [{"name": MAIN, "state": state}]}


def _ended(code: int, message: str = "", reason: str = "") -> dict[str, Any]:
    found = {"exitCode": code, "message": message, "startedAt": now(), "finishedAt": now(), "reason": reason}
    return _containers({"terminated": found})


def _phase(pod: Mapping[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase") or "")
