"""The containers of one pod, as processes of this machine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Lock, Timer
from typing import Any, NamedTuple

import yaml

from conformance.kubelet import expand
from conformance.plane import Plane
from dragoman.emit.kubernetes.outputs import READY
from drive.kubernetes_memory import now

MESSAGE_BYTES = 4096
TAIL_BYTES = 2048  # of a log, where it is the termination message
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
GRACE = 1.0  # seconds from SIGTERM to SIGKILL
READY_FILE = "dragoman-carrier"
NOT_FOUND = 128  # containerd, for a command that is not there
_FIELD = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")
# what every image has beside Python and dragoman
PROGRAMS = {
    "give": 'for word; do printf %s "${word#*=}" > "$DRAGOMAN_OUTPUTS/${word%%=*}"; done',
    "say": 'printf "%s\\n" "$*"',
    "fail": 'exit "$1"',
}


class Place(NamedTuple):
    """The folder of a pod, and where programs are found."""

    folder: Path
    path: str


class Ended(NamedTuple):
    """How a container ended; `begun` is whether there was one."""

    code: int
    message: str = ""
    reason: str = ""
    started: str = ""
    finished: str = ""
    begun: bool = True


class Life:
    """One pod. `killed` says why it was, `ended` how its init containers did."""

    def __init__(self, plane: Plane, pod: Mapping[str, Any], place: Place) -> None:
        self.plane, self.pod, self.place = plane, pod, place
        self.killed = ""
        self.ended: dict[str, Ended] = {}
        self.volumes: dict[str, Path] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = Lock()

    @property
    def main(self) -> Mapping[str, Any]:
        """The container that is no init container."""
        (found,) = self.pod["spec"]["containers"]
        return found  # type: ignore[no-any-return]

    def accident(self) -> str:
        """What happens to it."""
        return next((one.get("value", "") for one in self.main.get("env") or () if one["name"] == "ACCIDENT"), "")

    def state(self, state: Mapping[str, Any], name: str = "") -> dict[str, Any]:
        """A container's status."""
        container = next(one for one in self._containers() if one["name"] == (name or self.main["name"]))
        status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False}
        return {**status, "restartCount": 0, "state": state}

    def prepare(self, over: Callable[[], bool]) -> bool:
        """Mount the volumes, and wait for what they need as kubelets do; whether the pod is still wanted."""
        (self.place.folder / "logs").mkdir(parents=True)
        for volume in self.pod["spec"].get("volumes") or ():
            self.volumes[volume["name"]] = folder = self.place.folder / "volumes" / volume["name"]
            folder.mkdir(parents=True)
            while (files := self._files(volume)) is None:
                if over() or self.killed:
                    return False
                time.sleep(0.05)
            for name, text in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, newline="")
        return True

    def run(self) -> Ended:
        """Run all containers to their ends; how the main one did."""
        limit = self.pod["spec"].get("activeDeadlineSeconds")
        clock = Timer(limit, self.kill, ("DeadlineExceeded",)) if limit else None
        if clock is not None:
            clock.start()
        try:
            return self._run()
        finally:
            if clock is not None:
                clock.cancel()

    def kill(self, why: str) -> None:
        """End its processes."""
        with self._lock:
            self.killed = self.killed or why or "killed"
            processes = list(self._running.values())
        for process in processes:
            _signal(process, signal.SIGTERM)
            late = Timer(GRACE, _signal, (process, signal.SIGKILL))
            late.daemon = True
            late.start()

    def crash(self) -> None:
        """Its programs end as if by themselves."""
        with self._lock:
            for process in self._running.values():
                _signal(process, signal.SIGKILL)

    def _run(self) -> Ended:
        sidecars = []
        for container in self.pod["spec"].get("initContainers") or ():
            if container.get("restartPolicy") == "Always":
                sidecars.append((container, self._start(container)))
                self._started(container)
                continue
            done = self.ended[container["name"]] = self._wait(container, self._start(container))
            if done.code:
                return done._replace(begun=False)
        found = self._wait(self.main, self._start(self.main))
        for container, process in sidecars:
            if isinstance(process, subprocess.Popen):
                _signal(process, signal.SIGTERM)
            self.ended[container["name"]] = self._wait(container, process)
        return found

    def _start(self, container: Mapping[str, Any]) -> subprocess.Popen[bytes] | str:
        """The process; or why there is none."""
        name = container["name"]
        file = self._message_file(container)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        variables = self._variables(container)
        words = [*container.get("command", ()), *container.get("args", ())]
        inside = {key: self._inside(container, value) for key, value in variables.items()}
        environment = {
            "PATH": self.place.path,
            "DRAGOMAN_TERMINATION_LOG": str(file),
            "DRAGOMAN_READY": str(self.place.folder / READY_FILE),
            **self._identity(container),
            **inside,
        }
        shown = [self._inside(container, expand(word, variables)) for word in words]
        with self._lock, (self.place.folder / "logs" / name).open("wb") as log:
            if self.killed:
                return "it was killed"
            try:
                process = subprocess.Popen(
                    shown,
                    env=environment,
                    cwd=self.place.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                return str(error)
            self._running[name] = process
        return process

    def _started(self, container: Mapping[str, Any]) -> None:
        """Wait until a sidecar's startup probe succeeds: what comes after it starts then."""
        probe = container["startupProbe"]["exec"]["command"]
        words = [word.replace(READY, str(self.place.folder / READY_FILE)) for word in probe]
        while not self.killed and subprocess.run(words, capture_output=True, check=False).returncode:
            time.sleep(0.01)

    def _wait(self, container: Mapping[str, Any], process: subprocess.Popen[bytes] | str) -> Ended:
        started = now()
        if isinstance(process, str):
            return Ended(NOT_FOUND, process, "StartError", started, now())
        code = process.wait()
        code = code if code >= 0 else 128 - code
        with self._lock:
            del self._running[container["name"]]
        reason = "Completed" if code == 0 else "Error"
        return Ended(
            code,
            message_of(container, code, self._message_file(container), self._log(container)),
            reason,
            started,
            now(),
        )

    def _log(self, container: Mapping[str, Any]) -> Path:
        return self.place.folder / "logs" / str(container["name"])

    def _message_file(self, container: Mapping[str, Any]) -> Path:
        """The file of the termination message: where the program finds it, if that is in a volume."""
        path = container.get("terminationMessagePath") or "/dev/termination-log"
        found = self._inside(container, path)
        return Path(found) if found != path else self.place.folder / "messages" / str(container["name"])

    def _variables(self, container: Mapping[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in container.get("env") or ():
            source = entry.get("valueFrom")
            text = expand(entry.get("value", ""), found) if source is None else self._value(source)
            if text is not None:
                found[entry["name"]] = text
        return found

    def _value(self, source: Mapping[str, Any]) -> str | None:
        ((kind, what),) = source.items()
        about = self.pod["metadata"]
        if kind == "fieldRef":
            found = _FIELD.fullmatch(what["fieldPath"])
            if found is not None:
                return str((about.get(found[1]) or {}).get(found[2], ""))
            return str(about[what["fieldPath"].removeprefix("metadata.")])
        if kind == "fileKeyRef":
            return _variables_in((self.volumes[what["volumeName"]] / what["path"]).read_text())[what["key"]]
        held = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}[kind]
        return str(self.plane.get(held, about["namespace"], what["name"])["data"][what["key"]])

    def _files(self, volume: Mapping[str, Any]) -> dict[str, str] | None:
        """What a volume holds; None while that is not there."""
        if "projected" in volume:
            return {}  # the account's token: see `_identity`
        source = volume.get("configMap")
        if source is None:
            assert "emptyDir" in volume, volume
            return {}
        path = f"api/v1/namespaces/{self.pod['metadata']['namespace']}/configmaps/{source['name']}"
        found = self.plane.call("GET", path)
        if found.status == 404:
            return None
        data: dict[str, str] = found.body.get("data") or {}
        if "items" not in source:
            return data
        return {item["path"]: data[item["key"]] for item in source["items"]}

    def _identity(self, container: Mapping[str, Any]) -> dict[str, str]:
        """The way to the API of a container that gets its account's token."""
        if not any(mount["mountPath"] == ACCOUNT for mount in container.get("volumeMounts") or ()):
            return {}
        namespace = self.pod["metadata"]["namespace"]
        token = self.plane.token_of(namespace, self.pod["spec"]["serviceAccountName"])
        config = self.place.folder / "kubeconfig"
        config.write_text(yaml.safe_dump(self.plane.kubeconfig(namespace, token)))
        return {"KUBECONFIG": str(config)}

    def _inside(self, container: Mapping[str, Any], text: str) -> str:
        """A text of the container with the folders that are mounted in the place of its own."""
        places = {mount["mountPath"]: mount for mount in container.get("volumeMounts") or ()}
        if not places:
            return text
        known = "|".join(re.escape(path.rstrip("/")) for path in sorted(places, key=len, reverse=True))

        def there(found: re.Match[str]) -> str:
            mount = places[found[0]]
            part = mount.get("subPath") or expand(mount.get("subPathExpr", ""), self._variables(container))
            return str(self.volumes[mount["name"]] / part)

        return re.sub(rf"(?:{known})(?![\w.-])", there, text)

    def _containers(self) -> Iterator[Mapping[str, Any]]:
        yield from self.pod["spec"].get("initContainers") or ()
        yield from self.pod["spec"]["containers"]


def terminated(ended: Ended) -> dict[str, Any]:
    """The state of a container that has ended."""
    return {
        "terminated": {
            "exitCode": ended.code,
            "reason": ended.reason,
            "message": ended.message,
            "startedAt": ended.started,
            "finishedAt": ended.finished,
        }
    }


def waiting(container: Mapping[str, Any], reason: str) -> dict[str, Any]:
    """The status of a container that does not run yet."""
    state = {"waiting": {"reason": reason, "message": f'Back-off pulling image "{container["image"]}"'}}
    status = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False}
    return {**status, "restartCount": 0, "state": state}


def message_of(container: Mapping[str, Any], code: int, file: Path, log: Path) -> str:
    """The termination message: what is in its file, or the end of the log where the container says so."""
    text = file.read_bytes()[:MESSAGE_BYTES] if file.exists() else b""
    if not text and code and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        text = log.read_bytes()[-TAIL_BYTES:]
    return text.decode(errors="replace")


def _variables_in(text: str) -> dict[str, str]:
    """An env file."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = value[1:-1] if value[:1] in ("'", '"') else value
    return found


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    if process.returncode is None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
