"""A task as a container of Docker or Podman: its image, its limits, its own files.

Containers are not removed by the engine when they end (`--rm`): whether one ran out of memory, and outputs that are
not in the mounted folder, can only be asked of a container that is still there. So they are removed here.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from dragoman.drive.local.launch import Ended, Launch, Way, script, texts, variables
from dragoman.drive.local.process import send
from dragoman.findings import Finding, Findings
from dragoman.lower.task import Task
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Volume

ENGINES = ("docker", "podman")
PULL = {"Always": "always", "IfNotPresent": "missing", "Never": "never"}
PATIENCE = 60  # seconds that the engine has to answer
SCRIPT = "/dragoman/script"
# variables that mean something to the engine's client itself, and must not reach it as the step's
CLIENTS = re.compile(r"DOCKER_|CONTAINER|PODMAN|BUILDAH|REGISTRY_|STORAGE_|XDG_|LD_|GO|SSL_|NO_PROXY|.*_PROXY", re.I)


class Engine(NamedTuple):
    """A container engine: its client, and whether that is Podman's."""

    path: str
    podman: bool

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What the client says; one that does not answer has failed."""
        command = [self.path, *words]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                check=False,
                start_new_session=True,  # Ctrl-C is for dragoman alone
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return subprocess.CompletedProcess(command, 1, "", str(error))


def engine(name: str = "") -> Engine:
    """The engine of that name, or the first that answers."""
    names = (name,) if name else ENGINES
    found = [(one, path) for one in names if (path := shutil.which(one)) is not None]
    otherwise = "without `--container` the steps run as processes"
    if not found:
        shown = f"`{name}` is not" if name else "neither `docker` nor `podman` is"
        message = f"there is no container engine here: {shown} on the PATH"
        raise Findings([Finding("DRG635", message, None, f"install Docker or Podman; {otherwise}")], 2)
    for one, path in found:
        candidate = Engine(path, "podman" in Path(path).name)
        answer = candidate.ask("version")
        if answer.returncode == 0:
            return candidate
        words = (answer.stderr.strip().splitlines() or ["it says nothing"])[-1]
        message = f"the container engine `{one}` does not answer: {words}"
    raise Findings([Finding("DRG635", message, None, f"start it, and try again; {otherwise}")], 2)


def in_containers(engine: Engine, flow: str, cores: int) -> Way:
    """How the tasks of one run are containers; no engine takes a limit above the machine's cores (thousandths)."""
    mark = token_hex(4)  # other folders have runs of the same number

    def launch(task: Task, home: Path, gpus: Sequence[str]) -> Launch:
        place = home.resolve()
        slug = re.sub(r"[^a-zA-Z0-9]+", "-", task.name).strip("-")
        name = f"dragoman-{mark}-{flow}-{slug}-{task.attempt}"
        labels = {**_labels(task), "dragoman.dev/flow": flow, "dragoman.dev/step": task.name}
        own = variables(task, DIRECTORY)
        literal = {key: text for key, text in own.items() if text is not None and _is_clients(key)}
        passed = {key: text for key, text in own.items() if text is not None and key not in literal}
        words = [engine.path, "run", "--name", name]
        for key, text in labels.items():
            words += ["--label", f"{key}={text}"]
        for key in own:  # a name alone takes the client's value: nothing secret is in the list of processes
            words += ["--env", f"{key}={literal[key]}" if key in literal else key]
        words += [*_mounts(task, place), *_limits(task, cores), *_devices(engine, gpus), *_start(task, place)]
        return Launch(
            words,
            {**os.environ, **passed},
            lambda process, number: _send(engine, name, process, number),
            lambda process, exit_code: _ended(engine, name, task, place, exit_code),
        )

    return launch


def _is_clients(name: str) -> bool:
    return name in os.environ or CLIENTS.match(name) is not None


def _labels(task: Task) -> dict[str, str]:
    container = task.step.container
    return dict(container.labels) if container is not None else {}


def _mounts(task: Task, place: Path) -> Iterator[str]:
    container = task.step.container
    assert container is not None
    (place / "outputs").chmod(0o777)  # the image's user may be any
    yield from ("--volume", f"{place / 'outputs'}:{DIRECTORY}:Z")
    file = script(task, place)
    if file is not None:
        file.chmod(0o755)
        yield from ("--volume", f"{file}:{SCRIPT}:ro,Z")
    for number, volume in enumerate(container.volumes):
        yield from _volume(volume, place / "volumes" / str(number))


def _volume(volume: Volume, folder: Path) -> Iterator[str]:
    """An empty folder; other kinds of volumes are refused before anything runs."""
    if volume.medium == "Memory":
        size = "" if volume.size is None else f",size={volume.size}"
        yield from ("--tmpfs", f"{volume.mount}:rw,exec,mode=1777{size}")
        return
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    yield from ("--volume", f"{folder}:{volume.mount}:{'ro,' if volume.read_only else ''}Z")


def _limits(task: Task, cores: int) -> Iterator[str]:
    container = task.step.container
    assert container is not None
    if "cpu" in task.requests:
        yield from ("--cpu-shares", str(max(task.requests["cpu"] * 1024 // 1000, 2)))  # as Kubernetes does
    if "cpu" in task.limits:
        yield from ("--cpus", f"{min(task.limits['cpu'], cores) / 1000:.3f}")
    if "memory" in task.limits:
        memory = str(task.limits["memory"])
        yield from ("--memory", memory, "--memory-swap", memory)  # memory and swap together: no swap
    if container.resources.shm is not None:
        yield from ("--shm-size", str(container.resources.shm))


def _devices(engine: Engine, gpus: Sequence[str]) -> Iterator[str]:
    if engine.podman:
        for gpu in gpus:
            yield from ("--device", f"nvidia.com/gpu={gpu}")
    elif gpus:
        yield from ("--gpus", f'"device={",".join(gpus)}"')  # the quotes are Docker's: a comma would end the value


def _start(task: Task, place: Path) -> Iterator[str]:
    """The image and what runs in it: `command` is Docker's entrypoint, and leaves nothing of the image's own."""
    container = task.step.container
    assert container is not None
    if container.working_dir is not None:
        yield from ("--workdir", container.working_dir)
    if container.pull_policy is not None:
        yield from ("--pull", PULL[container.pull_policy])
    entry, *rest = (*container.script.interpreter, SCRIPT) if container.script is not None else task.command or (None,)
    if entry is not None:
        yield from ("--entrypoint", entry)
    yield task.image
    yield from (word for word in rest if word is not None)
    yield from (task.args or ()) if container.script is None else ()


def _send(engine: Engine, name: str, process: subprocess.Popen[bytes], number: int) -> None:
    """A signal to the container; to the client while there is none, for the image is still being pulled."""
    if engine.ask("kill", "--signal", signal.Signals(number).name, name).returncode != 0:
        send(process, number)


def _ended(engine: Engine, name: str, task: Task, place: Path, exit_code: int) -> Ended:
    def copied(output: str, path: str) -> Path:
        file = place / "copied" / output
        file.parent.mkdir(exist_ok=True)
        engine.ask("cp", f"{name}:{path}", str(file))
        return file

    try:
        state = engine.ask("inspect", "--format", "{{.State.OOMKilled}}", name) if exit_code else None
        outputs = {} if exit_code else texts(task, place, copied)
        return Ended(outputs, state is not None and state.stdout.strip() == "true")
    finally:
        engine.ask("rm", "--force", "--volumes", name)
