"""`dragoman init`: a repository to begin with, made by the wheel and used as its authors use it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from dragoman.cli import main
from dragoman.cli.flags import VERBS

ROOT = Path(__file__).parents[2]
ALWAYS = {
    ".dragoman.toml", ".gitignore", "Makefile", "dragoman.schema.json", "flows/hello.dragoman.yaml",
    "platform.policy.yaml", "requirements.txt",
}  # fmt: skip


def made(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("ci", "files"), [("github", {".github/workflows/dragoman.yml"}), ("gitlab", {".gitlab-ci.yml"}), ("none", set())]
)
def test_what_it_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str], ci: str, files: set[str]) -> None:
    assert main(["init", str(tmp_path), "--ci", ci]) == 0
    assert made(tmp_path) == ALWAYS | files
    said = capsys.readouterr().out.splitlines()
    assert sorted(line for line in said if line.startswith("wrote")) == sorted(
        f"wrote  {file}" for file in ALWAYS | files
    )
    for file in ALWAYS | files:
        assert "{target}" not in (tmp_path / file).read_text()
        assert "{version}" not in (tmp_path / file).read_text()


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Makefile").write_text("mine:\n")
    (tmp_path / "platform.policy.yaml").symlink_to(tmp_path / "elsewhere")
    main(["init", str(tmp_path)])
    said = capsys.readouterr().out
    assert (tmp_path / "Makefile").read_text() == "mine:\n"
    assert not (tmp_path / "elsewhere").exists()
    assert "kept   Makefile: it was there\nkept   " not in said
    before = {file: (tmp_path / file).stat().st_mtime_ns for file in made(tmp_path)}
    main(["init", str(tmp_path), "--target", "batch"])
    assert {file: (tmp_path / file).stat().st_mtime_ns for file in made(tmp_path)} == before
    assert "wrote" not in capsys.readouterr().out


def test_a_folder_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "there").write_text("")
    assert main(["init", str(tmp_path / "there")]) == 2
    assert "error[DRG508]: cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["argo", "kubernetes", "batch"])
def test_the_flow_has_nothing_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    main(["init", str(tmp_path), "-t", target, "-q"])
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--strict", "--fail-on", "warning"]) == 0
    assert main(["run", "-t", "local", "flows", "-q"]) == 0
    logs = [file.read_text() for file in (tmp_path / ".dragoman").rglob("*") if file.is_file()]
    assert any("27 letters of greeting" in text for text in logs)


def test_every_verb_of_the_starter_is_there() -> None:
    words = {
        line.split("dragoman ", 1)[1].split()[0]
        for file in (ROOT / "translator/dragoman/starter").rglob("*")
        if file.is_file()
        for line in file.read_text().replace("$(DRAGOMAN)", "dragoman").splitlines()
        if "- run: dragoman " in line or line.startswith("\tdragoman ") or "    - dragoman " in line
    }
    assert words
    assert words <= VERBS.keys()


@pytest.fixture(scope="module", params=["Dockerfile", "plugins/argocd/Dockerfile"])
def dragoman(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The command of the wheel that an image makes of the files that it copies, with what the wheel depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    lines = (ROOT / request.param).read_text().splitlines()
    for name in [word for line in lines if line.startswith("COPY ") and "/src/" in line for word in line.split()[1:-1]]:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], source)
    [wheel] = folder.glob("*.whl")
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    [packages] = (folder / "venv/lib").glob("python3*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "venv/bin/python"), "install", "--quiet", "--no-index"]
    _run([*pip, "--no-deps", "--disable-pip-version-check", str(wheel)], folder)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "venv/bin/dragoman"


def _run(command: list[str], folder: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_repository_made_by_the_wheel(dragoman: Path, tmp_path: Path) -> None:
    own = f"{dragoman.parent}:{os.environ['PATH']}"
    where = _run([str(dragoman.with_name("python")), "-c", "import dragoman; print(dragoman.__file__)"], tmp_path)
    assert where.startswith(str(dragoman.parents[1]))
    _run([str(dragoman), "init", "."], tmp_path)
    about = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    _run(["git", "init", "--quiet", "--initial-branch=main"], tmp_path)
    _run(["make", "render"], tmp_path, PATH=own)
    assert (tmp_path / "rendered/workflowtemplate-hello.yaml").exists()
    assert "nothing to report" in _run(["make", "check"], tmp_path, PATH=own)
    _run(["git", "add", "--all"], tmp_path)
    _run(["git", *about, "commit", "--quiet", "--message", "flows"], tmp_path)
    assert "no differences" in _run(["make", "diff", "BASE=main"], tmp_path, PATH=own)
    flow = tmp_path / "flows/hello.dragoman.yaml"
    flow.write_text(flow.read_text().replace("memory: 256Mi", "memory: 512Mi"))
    done = subprocess.run(
        ["make", "check"], cwd=tmp_path, env={**os.environ, "PATH": own}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "workflowtemplate-hello.yaml" in done.stderr
