"""A container engine that is none: it takes what Docker's client takes, and runs the command as a process.

Mounts and the container's own files (below `/rootfs`) are found by putting the real folders in the place of the
container's wherever a word or a variable says them. It runs by itself, so it imports nothing of this project.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

STATE = Path(sys.argv[0]).resolve().parent / "state"
# `docker run --help`: the flags that dragoman uses, all of them with a value
FLAGS = {
    "--cpu-shares", "--cpus", "--device", "--entrypoint", "--env", "--gpus", "--label", "--memory", "--memory-swap",
    "--name", "--pull", "--shm-size", "--tmpfs", "--volume", "--workdir",
}  # fmt: skip
# what images run by themselves: their entrypoint and their command
IMAGES = {"greeter": (["echo", "hello"], ["world"])}


def run(words: list[str]) -> int:
    """`docker run`: the exit code is the container's, or 125 when there is none."""
    flags: list[tuple[str, str]] = []
    while words and words[0].startswith("-"):
        if words[0] not in FLAGS:
            print(f"unknown flag: {words[0]}", file=sys.stderr)
            return 125
        flags.append((words[0], words[1]))
        words = words[2:]
    image, *command = words
    given = dict(flags)
    home = STATE / given["--name"]
    home.mkdir(parents=True)
    (home / "rootfs").mkdir()
    (home / "call.json").write_text(json.dumps({"flags": flags, "image": image, "command": command}))
    if image == "nowhere":
        print("Unable to find image 'nowhere:latest' locally", file=sys.stderr)
        return 125
    places = {"/rootfs": str(home / "rootfs")}
    for flag, value in flags:
        if flag == "--volume":
            source, target = value.split(":")[:2]
            places[target] = source
    entry, default = IMAGES.get(image, ([], []))
    if "--entrypoint" in given:
        entry, default = [given["--entrypoint"]], []
    environment = {"PATH": os.environ["PATH"]}
    for flag, value in flags:
        name, equals, text = value.partition("=")
        if flag == "--env" and (equals or name in os.environ):
            environment[name] = text if equals else os.environ[name]
    return _wait(home, [_here(word, places) for word in (*entry, *(command or default))], environment, places, image)


def _wait(home: Path, words: list[str], environment: dict[str, str], places: dict[str, str], image: str) -> int:
    shown = {name: _here(text, places) for name, text in environment.items()}
    process = subprocess.Popen(words, env=shown, start_new_session=True)
    (home / "pid").write_text(str(process.pid))
    signal.signal(signal.SIGTERM, lambda number, frame: os.killpg(process.pid, number))
    code = process.wait()
    (home / "pid").unlink()
    (home / "oom").write_text(str(image == "greedy" and code != 0).lower())
    return code if code >= 0 else 128 - code


def _here(text: str, places: dict[str, str]) -> str:
    for place, real in places.items():
        text = text.replace(place, real)
    return text


def kill(words: list[str]) -> int:
    """`docker kill --signal SIGTERM NAME`."""
    _, number, name = words
    pid = STATE / name / "pid"
    if not pid.exists():
        print(f"Error response from daemon: No such container: {name}", file=sys.stderr)
        return 1
    os.killpg(int(pid.read_text()), getattr(signal, number))
    return 0


def inspect(words: list[str]) -> int:
    """`docker inspect --format {{.State.OOMKilled}} NAME`."""
    assert words[:2] == ["--format", "{{.State.OOMKilled}}"]
    oom = STATE / words[2] / "oom"
    print(oom.read_text() if oom.exists() else "")
    return 0


def cp(words: list[str]) -> int:
    """`docker cp NAME:PATH FILE`."""
    name, _, path = words[0].partition(":")
    file = Path(_here(path, {"/rootfs": str(STATE / name / "rootfs")}))
    if not file.exists():
        print(f"Could not find the file {path} in container {name}", file=sys.stderr)
        return 1
    Path(words[1]).write_bytes(file.read_bytes())
    return 0


def rm(words: list[str]) -> int:
    """`docker rm --force --volumes NAME`."""
    assert words[:2] == ["--force", "--volumes"]
    home = STATE / words[2]
    if home.exists():
        (STATE / "removed").mkdir(exist_ok=True)
        home.rename(STATE / "removed" / words[2])
    return 0


def version(words: list[str]) -> int:
    """`docker version`, which asks the daemon."""
    if (STATE / "asleep").exists():
        print("Client: 1\nCannot connect to the Docker daemon. Is it running?", file=sys.stderr)
        return 1
    return 0


def calls(state: Path) -> dict[str, Any]:
    """For tests: what was asked for each container that was there and is gone, by the name of its step."""
    found = {}
    for path in sorted((state / "removed").glob("*/call.json"), key=lambda path: path.stat().st_mtime_ns):
        data = json.loads(path.read_text())
        labels = [value for flag, value in data["flags"] if flag == "--label"]
        step = next(label for label in labels if label.startswith("dragoman.dev/step="))
        found[step.partition("=")[2]] = data
    return found


if __name__ == "__main__":
    verbs = {"run": run, "kill": kill, "inspect": inspect, "cp": cp, "rm": rm, "version": version}
    sys.exit(verbs[sys.argv[1]](sys.argv[2:]))
