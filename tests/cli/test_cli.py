"""The command line as people type it: what goes where, and the exit code."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.cli import main
from dragoman.codes import CODES

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: hello}
spec:
  params: {word: {default: hi}}
  steps:
    greet: {image: busybox, command: [echo, "${{ params.word }}"]}
  environments: {prod: {params: {word: {default: howdy}}}}
"""
WEAKER = FLOW.replace('"${{ params.word }}"]', "x], outputs: {o: {from: stdout}}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hello.dragoman.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_render_to_stdout_and_to_a_folder_are_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "hello.dragoman.yaml"]) == 0
    out, err = capsys.readouterr()
    assert err == "hello → argo: 1 native\n"
    assert main(["render", "-q", "hello.dragoman.yaml", "-o", "made"]) == 0
    assert capsys.readouterr() == ("", "")
    header, _, body = (folder / "made/workflowtemplate-hello.yaml").read_text().partition("\n")
    assert header == "# rendered by dragoman; do not edit: change hello.dragoman.yaml and render again"
    assert body == out


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FLOW.encode())))
    assert main(["render", "-q", "-", "--env", "prod"]) == 0
    assert "- howdy\n" in capsys.readouterr().out


def test_a_folder_holds_nothing_stale_and_nothing_of_others_is_touched(folder: Path) -> None:
    made = folder / "made"
    assert main(["render", "-q", ".", "-o", "made"]) == 0
    (made / "notes.txt").write_text("mine")
    (made / "mine.yaml").write_text("a: 1\n")
    (folder / "hello.dragoman.yaml").write_text(FLOW.replace("name: hello", "name: other"))
    assert main(["render", "-q", ".", "-o", "made"]) == 0
    names = ["kustomization.yaml", "mine.yaml", "notes.txt", "workflowtemplate-other.yaml"]
    assert sorted(path.name for path in made.iterdir()) == names


def test_a_failing_render_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "wrong.dragoman.yaml").write_text(FLOW.replace("image", "imagge").replace("name: hello", "name: wrong"))
    assert main(["render", ".", "-o", "made"]) == 1
    out, err = capsys.readouterr()
    assert (out, (folder / "made").exists()) == ("", False)
    assert err == (
        "error[DRG102]: unknown key `imagge` in step `greet`\n"
        "  --> wrong.dragoman.yaml:7:13\n"
        "   |\n"
        ' 7 |     greet: {imagge: busybox, command: [echo, "${{ params.word }}"]}\n'
        "   |             ^^^^^^\n"
        "   = help: did you mean `image`?\n"
        "\n"
        "1 error\n"
    )


def test_strict_makes_a_weaker_translation_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "hello.dragoman.yaml").write_text(WEAKER)
    assert main(["render", ".", "-o", "made"]) == 0
    assert "warning[DRG302]" in capsys.readouterr().err
    assert main(["check", "."]) == 0
    assert main(["check", ".", "--fail-on", "warning"]) == 1
    assert main(["check", ".", "--strict", "--format", "lines"]) == 1
    assert capsys.readouterr().out.endswith(
        "hello.dragoman.yaml:7:62: error DRG302: argo translates `outputs.from: stdout` nearly: Argo keeps the last 256 KiB "
        '(if that is fine: `targets.argo.accept: ["outputs.from: stdout"]`)\n'
    )
    accepted = WEAKER.replace("  environments", '  targets: {argo: {accept: ["outputs.from: stdout"]}}\n  environments')
    (folder / "hello.dragoman.yaml").write_text(accepted)
    assert main(["check", ".", "--strict"]) == 0
    assert capsys.readouterr().out == "checked 2: nothing to report\n"


def test_check_sees_every_environment(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "hello.dragoman.yaml").write_text(FLOW.replace("{word: {default: howdy}}", "{word: {default: 7}}"))
    assert main(["check", ".", "--format", "lines"]) == 1
    assert capsys.readouterr().out == (
        "hello.dragoman.yaml:8:50: error DRG112: parameter `word`: `7` is not a string (environment `prod`) (without a `type`, a parameter is a string)\n"
    )
    assert main(["check", ".", "--format", "lines", "--env", "prod"]) == 1
    assert "(environment" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["render", "--help"], 0),
        ([], 2),
        (["rendr"], 2),
        (["render", "nothing.yaml"], 2),
        (["render", "-t", "arg"], 2),
        (["render", "--ext-str", "x"], 2),
        (["codes", "drg102"], 0),
        (["codes", "DRG000"], 2),
        (["targets", "argo"], 0),
        (["targets", "argo", "--format", "json"], 0),
        (["schema", "--kind", "Policy"], 0),
    ],
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    assert main(arguments) == code


def test_a_closed_pipe_is_no_error_of_ours() -> None:
    command = f"{sys.executable} -m dragoman schema | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('{\n  "$sche', "")


def test_every_code_is_documented_and_used() -> None:
    source = Path(__file__).parents[2] / "translator/dragoman"
    written = {
        word.strip('"')
        for path in source.rglob("*.py")
        if path.name != "codes.py"
        for word in path.read_text().replace("(", " ").replace(",", " ").replace(")", " ").split()
        if word.startswith('"DRG')
    }
    assert sorted(written) == sorted(CODES)
