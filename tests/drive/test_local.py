"""Flows as processes of this machine: what the containers would see, and what is left when it is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dragoman.cli import main
from dragoman.drive.local.logs import Logs
from dragoman.drive.local.machine import Machine
from dragoman.drive.local.room import Room
from dragoman.lower.task import Task
from dragoman.plan.model import Container, Step

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
PYTHON = json.dumps(sys.executable)
HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: f}\nspec:\n  defaults: {image: python:3}\n  steps:\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return tmp_path


def write(steps: str) -> str:
    Path("f.dragoman.yaml").write_text(HEAD + "".join(f"    {line}\n" for line in steps.strip("\n").split("\n")))
    return "f.dragoman.yaml"


@pytest.mark.parametrize("flow", sorted(path.name for path in EXAMPLES.iterdir()))
def test_the_examples_run(flow: str) -> None:
    assert main(["run", "-q", "-t", "local", str(EXAMPLES / flow / f"{flow}.dragoman.yaml")]) == 0


def test_what_a_step_sees_and_hands_on(folder: Path) -> None:
    tricky = r"""{{x}} $(HOME) $$ "quotes" \back 'single' ünïcode 🦆"""
    flow = write(f"""
make:
  command: [{PYTHON}, -c]
  args: ["import os; open(os.environ['DRAGOMAN_OUTPUTS'] + '/text', 'w').write(os.environ['TEXT'] + chr(10))"]
  env: {{TEXT: {json.dumps(tricky, ensure_ascii=False)}}}
  outputs: {{text: {{}}}}
show:
  command: [{PYTHON}, -c, "import json, os, sys; json.dump([sys.argv[1:], os.environ['T']], open('seen.json', 'w'))"]
  args: ["${{{{ steps.make.outputs.text }}}}", "a ${{{{ steps.make.outputs.text }}}}"]
  env: {{T: "${{{{ steps.make.outputs.text }}}}"}}
""")
    assert main(["run", "-q", "-t", "local", flow]) == 0
    assert json.loads((folder / "seen.json").read_text()) == [[tricky, f"a {tricky}"], tricky]


def test_a_failure_is_told_with_the_end_of_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    flow = write(f"""
bad: {{command: [{PYTHON}, -c, "import sys; print('about to fail'); sys.exit(3)"]}}
after: {{command: ["true"], needs: [bad]}}
""")
    assert main(["run", "-t", "local", flow]) == 1
    told, _, last = capsys.readouterr().err.removesuffix("\n").rpartition("\n")
    assert told.endswith("\nbad: exit code 3; its log is .dragoman/runs/f/1/bad/attempt-1/log\n  about to fail")
    assert last.endswith(" logs and outputs are in .dragoman/runs/f/1")


def test_a_step_that_takes_too_long_is_ended() -> None:
    flow = write(f'slow: {{command: [{PYTHON}, -c, "import time; time.sleep(60)"], timeout: 1s}}')
    assert main(["run", "-q", "-t", "local", flow]) == 1


def test_runs_are_kept_apart(folder: Path) -> None:
    flow = write('a: {command: ["true"]}')
    assert [main(["run", "-q", "-t", "local", flow]) for _ in range(2)] == [0, 0]
    assert sorted(path.name for path in (folder / ".dragoman/runs/f").iterdir()) == ["1", "2"]


def test_a_command_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-t", "local", write("a: {command: [no-such-program]}")]) == 1
    assert "a: no-such-program: No such file or directory; its log is" in capsys.readouterr().err


def test_a_secret_is_the_variable_of_that_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = write("""a: {command: [sh, -c, 'test "$KEY" = s3cret'], env: {KEY: {secret: keys/api}}}""")
    assert main(["run", "-t", "local", flow]) == 1
    assert "`KEY` comes from the secret `keys`: set the variable in your own environment" in capsys.readouterr().err
    monkeypatch.setenv("KEY", "s3cret")
    assert main(["run", "-q", "-t", "local", flow]) == 0


def test_no_more_is_promised_than_the_machine_has(tmp_path: Path) -> None:
    compute = Machine(tmp_path, Room(2000, 2**30))

    def task(name: str, cpu: int) -> Task:
        step = Step((name,), container=Container("x", command=("true",)))
        return Task((name,), step, 1, "x", ("true",), None, {}, {"cpu": cpu, "memory": 2**20}, {})

    assert compute.fits(task("huge", 64000))  # alone, whatever it asks for
    compute.start(task("a", 1500))
    assert (compute.fits(task("b", 500)), compute.fits(task("c", 501))) == (True, False)
    compute.stop()


def test_an_interrupt_stops_what_was_started(folder: Path) -> None:
    flow = write("a: {command: [sh, -c, 'echo $$ > pid; sleep 60']}")
    run = subprocess.Popen(
        [sys.executable, "-m", "dragoman", "run", "-t", "local", flow], stderr=subprocess.PIPE, text=True, cwd=folder
    )
    while not (folder / "pid").exists() or not (folder / "pid").read_text():
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert (run.returncode, "DRG612" in err) == (2, True)
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


def test_a_flow_that_takes_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    steps = "slow: {command: [sleep, '60'], retry: {limit: 3}}\nbeside: {command: ['true'], needs: {slow: completed}}"
    write(steps)
    with open("f.dragoman.yaml", "a") as file:
        file.write("  timeout: 1s\n  onExit:\n    bye: {command: [sh, -c, 'echo $0 > bye', '${{ run.status }}']}\n")
    assert main(["run", "-t", "local", "f.dragoman.yaml"]) == 1
    err = capsys.readouterr().err
    assert "slow: failed" in err
    assert "beside: omitted" in err
    assert ": the flow took longer than 1 s\n" in err
    assert "\nslow: stopped: the flow's time was over; its log is" in err
    assert Path("bye").read_text() == "Failed\n"
    assert not Path(".dragoman/runs/f/1/slow/attempt-2").exists()


def test_what_steps_print_is_told_while_they_run(capsys: pytest.CaptureFixture[str]) -> None:
    flow = write("""
a: {command: [sh, -c, 'echo one; echo two; while test ! -e seen; do sleep 0.1; done; printf end']}
b: {foreach: {range: 1}, command: [sh, -c, 'echo three; touch seen', x]}
""")
    assert main(["run", "-v", "-t", "local", flow]) == 0
    lines = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in lines if " | " in line and line.startswith("a")] == ["a | one", "a | two", "a | end"]
    assert "b[0] | three" in lines


def test_a_log_is_told_in_whole_lines(tmp_path: Path) -> None:
    told: list[str] = []
    logs, log = Logs(told.append), tmp_path / "log"
    for text, over in (("one\ntw", False), ("o", False), ("\nthree", False), ("", True)):
        with open(log, "a") as file:
            file.write(text)
        logs.tell("a", log, over=over)
    assert told == ["a | one", "a | two", "a | three"]
