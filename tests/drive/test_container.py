"""Steps as containers: what the engine is asked for, what comes back, and that nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dragoman.cli import main
from dragoman.drive.local.container import Engine, in_containers
from dragoman.lower.task import Task
from dragoman.plan.model import Container, EnvSource, Resources, Script, Step, Volume
from drive import engine
from drive.test_local import write

PYTHON = json.dumps(sys.executable)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` on the PATH; where it keeps its containers."""
    monkeypatch.chdir(tmp_path)
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f"#!{sys.executable} -S\n" + Path(engine.__file__).read_text())
    docker.chmod(0o755)
    (docker.parent / "state").mkdir()
    monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")
    return docker.parent / "state"


def start(steps: str, *flags: str) -> int:
    return main(["run", "-q", "-t", "local", "--container", write(steps), *flags])


def flags_of(call: Any, flag: str) -> list[str]:
    return [value for one, value in call["flags"] if one == flag]


def task(container: Container, **fields: Any) -> Task:
    step = Step(("train",), container=container)
    known: dict[str, Any] = {"command": None, "args": None, "env": {}, "requests": {}, "limits": {}, **fields}
    return Task(("shards", 2, "train"), step, 3, "img:1", **known)


def words(one: Task, home: Path, gpus: Sequence[str] = (), podman: bool = False) -> list[str]:
    (home / "outputs").mkdir(exist_ok=True)
    found = list(in_containers(Engine("/bin/e", podman), "flow", 4000)(one, home, gpus).words)
    name = found[found.index("--name") + 1]
    assert name.startswith("dragoman-")
    assert name.endswith("-flow-shards-2-train-3")
    found[found.index(name)] = "NAME"
    return [word.replace(str(home), "HOME") for word in found]


BEGIN = [
    *("/bin/e", "run", "--name", "NAME"),
    *("--label", "dragoman.dev/flow=flow", "--label", "dragoman.dev/step=shards[2].train"),
    *("--env", "DRAGOMAN_OUTPUTS"),
]
MOUNT = ["--volume", "HOME/outputs:/dragoman/outputs:Z"]


def test_the_image_alone(tmp_path: Path) -> None:
    assert words(task(Container("img:1")), tmp_path) == [*BEGIN, *MOUNT, "img:1"]


def test_everything_a_step_says(tmp_path: Path) -> None:
    container = Container(
        "img:1",
        volumes=(
            Volume("emptyDir", "/scratch"),
            Volume("emptyDir", "/fast", medium="Memory", size=1024),
        ),
        resources=Resources(shm=2**30),
        working_dir="/src",
        pull_policy="IfNotPresent",
        labels={"team": "ml"},
    )
    one = task(
        container,
        command=("python", "-u"),
        args=("a b", "$(X)"),
        requests={"cpu": 1500, "memory": 2**30},
        limits={"cpu": 64000, "memory": 2**31},
    )
    assert words(one, tmp_path, ["0", "3"]) == [
        *BEGIN[:4],
        *("--label", "team=ml"),
        *BEGIN[4:],
        *MOUNT,
        *("--volume", "HOME/volumes/0:/scratch:Z"),
        *("--tmpfs", "/fast:rw,exec,mode=1777,size=1024"),
        *("--cpu-shares", "1536", "--cpus", "4.000", "--memory", "2147483648", "--memory-swap", "2147483648"),
        *("--shm-size", "1073741824", "--gpus", '"device=0,3"'),
        *("--workdir", "/src", "--pull", "missing", "--entrypoint", "python"),
        *("img:1", "-u", "a b", "$(X)"),
    ]


def test_a_script(tmp_path: Path) -> None:
    container = Container("img:1", script=Script(("python", "-u"), "print(1)\n"))
    script = ["--volume", "HOME/script:/dragoman/script:ro,Z", "--entrypoint", "python"]
    assert words(task(container), tmp_path) == [*BEGIN, *MOUNT, *script, "img:1", "-u", "/dragoman/script"]
    assert (tmp_path / "script").read_text() == "print(1)\n"


def test_args_alone_go_to_the_images_entrypoint(tmp_path: Path) -> None:
    assert words(task(Container("img:1"), args=("x",)), tmp_path) == [*BEGIN, *MOUNT, "img:1", "x"]


def test_gpus_of_podman(tmp_path: Path) -> None:
    found = words(task(Container("img:1")), tmp_path, ["0", "3"], podman=True)
    assert found[len(BEGIN) + 2 :] == ["--device", "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=3", "img:1"]


def test_no_value_of_a_variable_is_in_the_list_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    (tmp_path / "outputs").mkdir()
    one = task(Container("img:1"), env={"KEY": EnvSource("secret", "keys", "api"), "TOKEN": "t0ken"})
    launch = in_containers(Engine("/bin/e", False), "flow", 4000)(one, tmp_path, ())
    assert not [word for word in launch.words if "s3cret" in word or "t0ken" in word]
    assert (launch.env["KEY"], launch.env["TOKEN"]) == ("s3cret", "t0ken")


@pytest.mark.parametrize("name", ["PATH", "DOCKER_HOST", "LD_PRELOAD", "HTTPS_PROXY"])
def test_the_client_does_not_get_what_would_change_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    launch = in_containers(Engine("/bin/e", False), "flow", 4000)(
        task(Container("img:1"), env={name: "mine"}), tmp_path, ()
    )
    assert f"{name}=mine" in launch.words
    assert launch.env.get(name) == os.environ.get(name)


def test_what_a_container_sees_and_hands_on(tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    tricky = r"""{{x}} $(HOME) $$ "quotes" \back 'single' ünïcode 🦆"""
    code = start(f"""
make:
  script:
    interpreter: [{PYTHON}]
    source: |
      import os, pathlib
      pathlib.Path(os.environ["DRAGOMAN_OUTPUTS"], "text").write_text(os.environ["TEXT"] + chr(10))
      pathlib.Path(os.environ["OTHER"]).write_text("7")
      print("printed " + os.environ["KEY"])
  env:
    TEXT: {json.dumps(tricky, ensure_ascii=False)}
    OTHER: /rootfs/n
    KEY: {{secret: keys/api}}
  outputs: {{text: {{}}, n: {{type: int, path: /rootfs/n}}, said: {{from: stdout}}, gone: {{default: none}}}}
show:
  command: [{PYTHON}, -c, "import json, sys; json.dump(sys.argv[1:], open('{tmp_path}/seen.json', 'w'))"]
  args: ["${{{{ steps.make.outputs.text }}}}", "${{{{ steps.make.outputs.n }}}}", "${{{{ steps.make.outputs.said }}}}",
         "${{{{ steps.make.outputs.gone }}}}"]
""")
    assert (code, json.loads((tmp_path / "seen.json").read_text())) == (0, [tricky, "7", "printed s3cret", "none"])
    assert sorted(path.name for path in state.iterdir()) == ["removed"]
    found = engine.calls(state)
    assert [found[step]["image"] for step in ("make", "show")] == ["python:3", "python:3"]
    assert "s3cret" not in json.dumps(found["make"])


def test_an_image_may_say_itself_what_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    steps = "a: {image: greeter, outputs: {o: {from: stdout}}}\nb: {image: greeter, args: [you], outputs: {o: {from: stdout}}}"
    assert start(steps) == 0
    runs = Path(".dragoman/runs/f/1")
    assert [(runs / step / "attempt-1/stdout").read_text() for step in "ab"] == ["hello world\n", "hello you\n"]


def test_an_image_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert start("a: {image: nowhere, command: [x]}") == 1
    assert capsys.readouterr().err.endswith("  Unable to find image 'nowhere:latest' locally\n")


def test_a_container_that_takes_too_long_is_killed(state: Path) -> None:
    assert start("slow: {command: [sleep, '60'], timeout: 1s}") == 1
    data = json.loads(Path(".dragoman/runs/f/1/slow/attempt-1/attempt.json").read_text())
    assert (data["cause"], data["message"]) == ("timeout", "took longer than 1 s")
    assert [path.name for path in state.iterdir()] == ["removed"]


def test_a_container_that_runs_out_of_memory(state: Path) -> None:
    steps = """
a:
  image: greedy
  command: [sh, -c, 'kill -9 $$']
  resources: {memory: 1Gi}
  retry: {limit: 1, causes: [oom], escalate: {memory: {factor: 2, max: 4Gi}}}
"""
    assert start(steps) == 1
    found = [json.loads(path.read_text())["flags"] for path in sorted((state / "removed").glob("*-a-?/call.json"))]
    assert sorted(dict(flags)["--memory"] for flags in found) == [str(2**30), str(2**31)]


def test_a_container_that_was_killed_is_not_out_of_memory() -> None:
    assert start("a: {command: [sh, -c, 'kill -9 $$'], retry: {limit: 1, causes: [oom]}}") == 1
    assert not Path(".dragoman/runs/f/1/a/attempt-2").exists()


def test_an_interrupt_stops_the_containers(tmp_path: Path, state: Path) -> None:
    flow = write("a: {command: [sh, -c, 'echo $$ > pid; sleep 60']}\nb: {command: [sleep, '60']}")
    run = subprocess.Popen(
        [sys.executable, "-m", "dragoman", "run", "-t", "local", "--container", flow],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert (run.returncode, "DRG612" in err) == (2, True)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert [path.name for path in state.iterdir()] == ["removed"]


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start("a: {command: [x]}") == 2
    assert capsys.readouterr().err == (
        "error[DRG635]: there is no container engine here: neither `docker` nor `podman` is on the PATH\n"
        "   = help: install Docker or Podman; without `--container` the steps run as processes\n\n1 error\n"
    )
    assert start("a: {command: [x]}", "--engine", "nerdctl") == 2
    assert "there is no container engine here: `nerdctl` is not on the PATH" in capsys.readouterr().err
    assert not Path(".dragoman").exists()


def test_an_engine_that_does_not_answer(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "asleep").touch()
    assert start("a: {command: [x]}", "--engine", "docker") == 2
    assert capsys.readouterr().err == (
        "error[DRG635]: the container engine `docker` does not answer: Cannot connect to the Docker daemon. "
        "Is it running?\n"
        "   = help: start it, and try again; without `--container` the steps run as processes\n\n1 error\n"
    )


REFUSED = [
    ("pvc: data", "`volumes.pvc`: a PersistentVolumeClaim is in a cluster, not on this machine"),
    ("secret: key", "`volumes.secret`: the secret is in a cluster, not on this machine"),
    ("configMap: conf", "`volumes.configMap`: the ConfigMap is in a cluster, not on this machine"),
]


@pytest.mark.parametrize(("volume", "words"), REFUSED)
def test_volumes_of_a_cluster(volume: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(f"a: {{command: [x], volumes: [{{{volume}, mount: /data}}]}}") == 2
    assert f"error[DRG301]: local cannot translate {words}" in capsys.readouterr().err
