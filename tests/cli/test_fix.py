"""`check --fix` and `--diff`: what can be mended is, in place, and all else stays to the letter."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dragoman.cli import main

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: hello}
spec:
  steps:
    greet:          # the only one
      image: busybox
      command: [echo, hi]
      resources: {cpu: 8, memory: 4Gi}  # a lot
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  max:
    - {cpu: 4, action: clamp}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {name: steps}
spec:
  templates:
    heavy: {image: busybox, command: [run], resources: {memory: 512}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "p.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(folder: Path, *changes: tuple[str, str], text: str = FLOW) -> Path:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "a.dragoman.yaml"
    file.write_bytes(text.encode())
    return file


def codes(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    main(["check", "--format", "lines", *arguments])
    return sorted(re.findall(r"^(?:.*: )?(?:error|warning) (DRG\d+)", capsys.readouterr().out, re.MULTILINE))


def test_what_is_mended_lets_more_be_found_and_mended(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = spec(folder, ("echo, hi", "echo, NO, 'on', 0777"), ("memory: 4Gi", "memory: 4096"))
    assert main(["check", "--policy", "p.yaml"]) == 1
    capsys.readouterr()
    assert main(["check", "--policy", "p.yaml", "--fix", "--fail-on", "warning"]) == 0
    out, err = capsys.readouterr()
    assert out == "checked 1: nothing to report\n"
    assert err == (
        'mended a.dragoman.yaml: `spec.steps.greet.command.1` is "NO" (DRG010)\n'
        'mended a.dragoman.yaml: `spec.steps.greet.command.3` is "0777" (DRG010)\n'
        "mended a.dragoman.yaml: `spec.steps.greet.resources.memory` is 4096Mi (DRG121)\n"
        "mended a.dragoman.yaml: `spec.steps.greet.resources.cpu` is 4 (DRG405)\n"
    )
    expected = FLOW.replace("echo, hi", 'echo, "NO", \'on\', "0777"').replace("8, memory: 4Gi", "4, memory: 4096Mi")
    assert file.read_text() == expected
    assert main(["check", "--policy", "p.yaml", "--fix", "-q"]) == 0
    assert (file.read_text(), capsys.readouterr()) == (expected, ("", ""))


@pytest.mark.parametrize("text", ["\ufeff" + FLOW, FLOW.replace("\n", "\r\n"), FLOW.removesuffix("\n")])
def test_marks_and_line_breaks_stay(folder: Path, text: str) -> None:
    file = spec(folder, text=text)
    assert main(["check", "-q", "--policy", "p.yaml", "--fix"]) == 0
    assert file.read_bytes().decode() == text.replace("cpu: 8", "cpu: 4")


def test_a_difference_is_printed_and_nothing_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = FLOW.removesuffix("\n")
    file = spec(folder, text=before)
    assert main(["check", "--policy", "p.yaml", "--diff"]) == 1
    out, err = capsys.readouterr()
    assert out == (
        "--- a.dragoman.yaml\n"
        "+++ a.dragoman.yaml\n"
        "@@ -6,4 +6,4 @@\n"
        "     greet:          # the only one\n"
        "       image: busybox\n"
        "       command: [echo, hi]\n"
        "-      resources: {cpu: 8, memory: 4Gi}  # a lot\n"
        "\\ No newline at end of file\n"
        "+      resources: {cpu: 4, memory: 4Gi}  # a lot\n"
        "\\ No newline at end of file\n"
    )
    assert err == "`--fix` would mend 1 of the findings\n"
    assert file.read_text() == before
    assert main(["check", "--policy", "p.yaml", "--diff", "-q", "-o", "made.diff"]) == 1
    assert ((folder / "made.diff").read_text(), capsys.readouterr()) == (out, ("", ""))
    assert main(["check", "--policy", "p.yaml", "--fix", "-q"]) == 0
    assert main(["check", "--policy", "p.yaml", "--diff"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch")
@pytest.mark.parametrize("text", [FLOW, FLOW.removesuffix("\n"), FLOW.replace("\n", "\r\n")])
def test_patch_takes_the_difference(folder: Path, text: str) -> None:
    file = spec(folder, ("echo, hi", "echo, NO"), text=text)
    main(["check", "--policy", "p.yaml", "--diff", "-q", "-o", "made.diff"])
    subprocess.run(["patch", "--binary", "-p0", "-i", "made.diff"], check=True, capture_output=True)
    patched = file.read_bytes()
    spec(folder, ("echo, hi", "echo, NO"), text=text)
    main(["check", "--policy", "p.yaml", "--fix", "-q"])
    assert file.read_bytes() == patched != text.encode()


def test_the_value_is_mended_where_it_is_written(folder: Path) -> None:
    (folder / "lib.yaml").write_text(LIBRARY)
    body = FLOW.replace("{cpu: 8, memory: 4Gi}", "{cpu: 1, limits: {cpu: 2}}") + (
        "    heavy: {use: lib.heavy}\n"
        "  imports: {lib: lib.yaml}\n"
        "  environments:\n"
        "    prod: {steps: {greet: {resources: {cpu: 9, limits: {cpu: 10}}}}}\n"
    )
    file = spec(folder, text=body)
    assert main(["check", "-q", "--policy", "p.yaml", "--fix", "--fail-on", "warning"]) == 0
    assert file.read_text() == body.replace("{cpu: 9, limits: {cpu: 10}}", "{cpu: 4, limits: {cpu: 4}}")
    assert (folder / "lib.yaml").read_text() == LIBRARY.replace("512", "512Mi")


def test_a_policy_is_mended_too(folder: Path) -> None:
    spec(folder, ("cpu: 8", "cpu: 4"))
    (folder / "p.yaml").write_text(POLICY.replace("clamp}", "clamp, reason: NO}").replace("cpu: 4", "memory: 8192"))
    assert main(["check", "-q", "--policy", "p.yaml", "--fix"]) == 0
    assert (folder / "p.yaml").read_text().endswith('- {memory: 8192Mi, action: clamp, reason: "NO"}\n')


def test_two_targets_at_odds_are_left_to_the_author(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = spec(folder)
    other = POLICY.replace("spec:", "spec:\n  match: {targets: [kubernetes]}").replace("cpu: 4", "cpu: 2")
    (folder / "p.yaml").write_text(f"{POLICY}---\n{other}")
    arguments = ["-t", "argo", "-t", "kubernetes", "--policy", "p.yaml"]
    assert main(["check", "--fix", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert (
        "warning[DRG481]: `spec.steps.greet.resources.cpu` is not mended: it would have to be `4`, `2` at once\n"
        "  --> a.dragoman.yaml:9:24\n"
    ) in out
    assert file.read_text() == FLOW
    assert main(["check", "--diff", *arguments]) == 0
    assert capsys.readouterr().out == ""


def test_what_others_share_is_left_to_the_author(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shared = FLOW.replace("resources: {", "resources: &r {") + (
        "    other: {image: busybox, command: [run, NO], resources: *r}\n"
    )
    file = spec(folder, text=shared)
    assert codes(capsys, "--policy", "p.yaml", "--fix") == ["DRG405", "DRG405", "DRG480", "DRG480"]
    assert file.read_text() == shared.replace("NO", '"NO"')
    main(["check", "--policy", "p.yaml", "--fix", "-v"])
    assert (
        "`spec.steps.greet.resources.cpu` is not mended: other places share it (`&` and `*`), and would change with it"
        in capsys.readouterr().out
    )


def test_jsonnet_is_never_edited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = json.dumps({
        "apiVersion": "dragoman.dev/v1alpha1", "kind": "Flow", "metadata": {"name": "a"},
        "spec": {"steps": {"a": {"image": "busybox", "command": ["run"], "resources": {"cpu": 8, "memory": 4096}}}},
    })  # fmt: skip
    (folder / "a.dragoman.jsonnet").write_text(program)
    assert codes(capsys, "--policy", "p.yaml", "--fix") == ["DRG121"]
    assert (folder / "a.dragoman.jsonnet").read_text() == program


def test_what_an_expression_or_the_command_line_gives_is_not_edited(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = spec(
        folder,
        ("{cpu: 8, memory: 4Gi}", '{memory: "${{ params.m }}"}'),
        ("spec:", 'spec:\n  params: {m: {default: "512"}}'),
    )
    before = file.read_text()
    assert codes(capsys, "--fix") == ["DRG121"]
    assert file.read_text() == before
    file = spec(folder)
    assert codes(capsys, "--fix", "--set", "steps.greet.resources.memory=77") == ["DRG121"]
    assert file.read_text() == FLOW


def test_a_file_that_cannot_be_written_is_one_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec(folder).chmod(0o444)
    (folder / "b.dragoman.yaml").write_text(FLOW.replace("name: hello", "name: other"))
    assert main(["check", "--policy", "p.yaml", "--fix", "--format", "lines"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == (
        "error DRG508: cannot write `a.dragoman.yaml`: permission denied (make it writable, and its folder)"
    )
    assert err == "mended b.dragoman.yaml: `spec.steps.greet.resources.cpu` is 4 (DRG405)\n"
    assert (folder / "a.dragoman.yaml").read_text() == FLOW
    assert sorted(path.name for path in folder.iterdir()) == [".git", "a.dragoman.yaml", "b.dragoman.yaml", "p.yaml"]


@pytest.mark.parametrize("flag", ["--fix", "--diff"])
def test_standard_input_is_no_file(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", flag, "-"]) == 2
    assert capsys.readouterr().err == (
        f"error[DRG114]: `{flag}` cannot edit standard input\n   = help: name the files\n\n1 error\n"
    )


def test_a_file_that_cannot_be_read_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = FLOW.replace("echo, hi", "echo, NO") + "spec: {}\n"
    file = spec(folder, text=broken)
    assert codes(capsys, "--fix") == ["DRG004", "DRG010", "DRG480"]
    assert file.read_text() == broken
