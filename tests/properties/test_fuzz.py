"""Whatever is in a file: never a traceback, never half a result."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from dragoman.cli import main
from properties.mutations import mutated

ROOT = Path(__file__).parents[2]
FEATURES = sorted((ROOT / "tests" / "features").iterdir())
EXAMPLES = sorted((ROOT / "manifests" / "examples").iterdir())
FOLDERS = [folder for folder in (*FEATURES, *EXAMPLES) if any(folder.glob("*.dragoman.yaml"))]
EACH = 9  # cases of each folder
COMMANDS = (["render"], ["render", "-o", "out"], ["render", "--format", "json"], ["render", "--strict"], ["check"])


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_wrong_file_is_findings(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(EACH):
        attempt(folder, tmp_path, Random(f"{folder.name} {number}"))


@pytest.mark.parametrize("folder", FOLDERS[::16], ids=[folder.name for folder in FOLDERS[::16]])
def test_a_wrong_file_is_findings_in_a_process_of_its_own(folder: Path, tmp_path: Path) -> None:
    command, _ = _prepared(folder, tmp_path, Random(folder.name))
    whole = [sys.executable, "-m", "dragoman", *command]
    done = subprocess.run(whole, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    _judged(command, Done(done.returncode, done.stdout, done.stderr))


@pytest.mark.parametrize("number", range(20))
def test_random_bytes_are_findings(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    random = Random(number)
    data = bytes(random.choices(b"{}[]:,-#&*!|>'\"%@`? \n\t$aA0.~\xc3\xa9\xff", k=random.randrange(400)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    _judged(["render", "-"], _called(["render", "-"]))


def attempt(folder: Path, place: Path, random: Random) -> None:
    """Render or check a mutated copy of a folder; a failure leaves what was rendered before."""
    command, files = _prepared(folder, place, random)
    before = _tree(place / "out")
    try:
        done = _called(command)
        _judged(command, done)
        assert done.code == 0 or _tree(place / "out") == before, "a failure changed the folder"
    except Exception as error:
        error.add_note(f"{command} in {folder.name}")
        for name, data in files.items():
            error.add_note(f"--- {name}\n{data!r}")
        raise


def _prepared(folder: Path, place: Path, random: Random) -> tuple[list[str], dict[str, bytes]]:
    """A copy of a folder's files, one of them mutated, and something that was rendered before."""
    shutil.rmtree(place / "out", ignore_errors=True)
    (place / "out").mkdir()
    (place / "out" / "old.yaml").write_text("# rendered by dragoman; do not edit: change x and render again\n")
    (place / "out" / "mine.yaml").write_text("kind: Mine\n")
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    other = random.choice(FOLDERS)
    changed = random.choice([*(name for name in files if "dragoman" in name)] * 3 + [*files])
    files[changed] = mutated(random, files[changed], next(other.glob("*.dragoman.yaml")).read_bytes())
    for name, data in files.items():
        (place / name).write_bytes(data)
    spec = next(name for name in files if "dragoman" in name)
    policy = ["--policy", "policy.yaml"] if "policy.yaml" in files else []
    return [*random.choice(COMMANDS), spec, "-t", "argo", *policy, "-v"], files


def _called(command: list[str]) -> Done:
    """The command in this process, its streams as strict about text as those of a process."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, newline="") for errors in ("strict", "backslashreplace")
    )
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(command)
        out.flush()
        err.flush()
    shown = [stream.buffer.getvalue().decode() for stream in (out, err) if isinstance(stream.buffer, io.BytesIO)]
    return Done(code, *shown)


def _judged(command: list[str], done: Done) -> None:
    assert done.code in (0, 1, 2)
    assert "Traceback" not in done.err
    assert done.code == 0 or done.err or command[0] == "check", "it failed without a word"
    assert done.code == 0 or not done.out or command[0] == "check", "a failed render is no output"


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
