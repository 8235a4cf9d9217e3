"""`dragoman render` over trees: where files go, whether they are stale, and many specs at once."""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dragoman.cli import main, many, translation
from dragoman.farm.outcome import Outcome

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: {name}}}
spec:
  defaults: {{image: busybox}}
  steps:
    {step}: {{command: [echo, {name}]}}
"""
AWS = [
    *("-t", "batch", "--set", "targets.batch.accept=[command]", "--set", "queue=main"),
    *("--set", "targets.batch.stateMachineRole=flows", "--set", "targets.batch.account='123456789012'"),
]
Said = pytest.CaptureFixture[str]
Tree = dict[str, bytes]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DRAGOMAN_CACHE", raising=False)
    return tmp_path


def put(*paths: str, step: str = "greet", **names: str) -> None:
    """Specs whose flows have the names of their files."""
    for path in paths:
        place = Path(f"{path}.dragoman.yaml")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(FLOW.format(name=names.get("name", place.name.split(".")[0]), step=step))


def tree(folder: str = "out") -> Tree:
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def resources(path: str) -> list[str]:
    found: list[str] = yaml.safe_load(Path(path).read_text())["resources"]
    return found


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        (["flows"], ["a.yaml", "team/b.yaml", "team/x/c.yaml"]),
        (["./flows/"], ["a.yaml", "team/b.yaml", "team/x/c.yaml"]),
        (["."], ["flows/a.yaml", "flows/team/b.yaml", "flows/team/x/c.yaml"]),
        (["flows/team"], ["b.yaml", "x/c.yaml"]),
        (["flows/team/b.dragoman.yaml", "flows/team/x/c.dragoman.yaml"], ["b.yaml", "c.yaml"]),
        (["flows/team/x", "flows/a.dragoman.yaml"], ["a.yaml", "c.yaml"]),
    ],
)
def test_manifests_are_below_the_output_as_specs_are_below_the_path(paths: list[str], files: list[str]) -> None:
    put("flows/a", "flows/team/b", "flows/team/x/c")
    assert main(["render", "-q", *paths, "-o", "out"]) == 0
    made = {path.replace("workflowtemplate-", "") for path in tree() if "workflowtemplate-" in path}
    assert sorted(made) == files


def test_each_folder_is_listed(repository: Path) -> None:
    put("a", "team/b", "team/deep/c")
    assert main(["render", "-q", "-o", "out"]) == 0
    assert resources("out/kustomization.yaml") == ["team", "workflowtemplate-a.yaml"]
    assert resources("out/team/kustomization.yaml") == ["deep", "workflowtemplate-b.yaml"]
    assert resources("out/team/deep/kustomization.yaml") == ["workflowtemplate-c.yaml"]


def test_a_tree_holds_nothing_stale(repository: Path) -> None:
    put("team/a", "team/b", "other/c")
    assert main(["render", "-q", "-o", "out"]) == 0
    Path("out/other/README.md").write_text("mine")
    for gone in ("team/b", "other/c"):
        os.remove(f"{gone}.dragoman.yaml")
    assert main(["render", "-q", "-o", "out"]) == 0
    assert sorted(tree()) == [
        *(".dragoman-files", "kustomization.yaml", "other/README.md"),
        *("team/kustomization.yaml", "team/workflowtemplate-a.yaml"),
    ]


def test_several_targets_have_a_folder_each(repository: Path) -> None:
    put("team/a")
    assert main(["render", "-q", "-o", "out", "-t", "argo", "-t", "kubernetes"]) == 0
    assert sorted(tree()) == [
        *(".dragoman-files", "argo/kustomization.yaml", "argo/team/kustomization.yaml"),
        *("argo/team/workflowtemplate-a.yaml", "kubernetes/kustomization.yaml"),
        *("kubernetes/team/job-a-greet.yaml", "kubernetes/team/kustomization.yaml"),
    ]


def test_the_environments_of_the_repository(repository: Path, capsys: Said) -> None:
    put("team/a", "b")
    spec = Path("team/a.dragoman.yaml")
    spec.write_text(spec.read_text() + "  environments: {prod: {steps: {greet: {image: alpine}}}}\n")
    (repository / ".dragoman.toml").write_text('environments = ["prod"]\noutput = "out"\n')
    assert main(["render"]) == 0
    assert capsys.readouterr().err == "b → argo: 1 native\na → argo: 1 native\n"
    assert b"image: alpine" in tree()["team/workflowtemplate-a.yaml"]
    assert b"image: busybox" in tree()["workflowtemplate-b.yaml"]
    (repository / ".dragoman.toml").write_text('environments = ["prod", "dev"]\noutput = "out"\n')
    assert main(["render"]) == 0
    assert "a (prod) → argo: 1 native\na (dev) → argo: 1 native\n" in capsys.readouterr().err
    assert sorted(tree()) == [
        *(".dragoman-files", "dev/kustomization.yaml", "dev/team/kustomization.yaml"),
        *("dev/team/workflowtemplate-a.yaml", "dev/workflowtemplate-b.yaml"),
        *("prod/kustomization.yaml", "prod/team/kustomization.yaml"),
        *("prod/team/workflowtemplate-a.yaml", "prod/workflowtemplate-b.yaml"),
    ]
    images = [re.findall(rb"image: (\w+)", tree()[f"{name}/team/workflowtemplate-a.yaml"]) for name in ("prod", "dev")]
    assert images == [[b"alpine"], [b"busybox"]]
    assert main(["render", "--env", "prod", "team"]) == 0
    assert sorted(tree()) == ["kustomization.yaml", "workflowtemplate-a.yaml"]
    capsys.readouterr()
    assert main(["render", "-o", "-"]) == 2
    assert capsys.readouterr() == (
        "",
        "error[DRG114]: flows in several environments cannot be told apart on standard output\n"
        "   = help: name one: `--env ENV`; or a folder for all: `-o DIR`\n\n1 error\n",
    )


def test_what_kubernetes_does_not_take_is_not_listed(repository: Path) -> None:
    put("a")
    assert main(["render", "-q", "-o", "out", "-t", "argo"]) == 0
    assert main(["render", "-q", "-o", "out", *AWS]) == 0
    assert sorted(tree()) == ["jobdefinition-a-greet.yaml", "statemachine-a.yaml"]
    assert main(["render", "-q", "-o", "out", *AWS, "--format", "crossplane"]) == 0
    assert resources("out/kustomization.yaml") == sorted(tree().keys() - {"kustomization.yaml"})


def test_json_is_known_again(repository: Path) -> None:
    put("a", "b")
    assert main(["render", "-q", "-o", "out", "--format", "json"]) == 0
    assert resources("out/kustomization.yaml") == ["workflowtemplate-a.json", "workflowtemplate-b.json"]
    Path("out/mine.json").write_text("{}")
    os.remove("b.dragoman.yaml")
    assert main(["render", "-q", "-o", "out"]) == 0
    assert sorted(tree()) == ["kustomization.yaml", "mine.json", "workflowtemplate-a.yaml"]


def test_a_list_of_somebody_else_stays(repository: Path, capsys: Said) -> None:
    put("a")
    Path("out").mkdir()
    Path("out/kustomization.yaml").write_text("namePrefix: x-\n")
    assert main(["render", "-v", "-o", "out"]) == 0
    assert (
        "note[DRG683]: `out/kustomization.yaml` is not of dragoman's making: it stays as it is\n"
        "   = help: list the manifests in it; or remove it, and dragoman writes one\n"
    ) in capsys.readouterr().err
    assert tree()["kustomization.yaml"] == b"namePrefix: x-\n"
    assert main(["render", "-q", "-o", "out", "--check"]) == 0


def test_two_flows_in_one_file_name(repository: Path, capsys: Said) -> None:
    put("one/a", "two/a")
    for folder in ("one", "two"):
        spec = Path(folder, "a.dragoman.yaml")
        spec.write_text(spec.read_text().replace("name: a}", f"name: a, namespace: {folder}}}"))
    assert main(["render", "-q", "-o", "out"]) == 0
    before = tree()
    assert main(["render", "-q", "one", "two", "-o", "out"]) == 1
    assert capsys.readouterr().err == (
        "error[DRG507]: two manifests would be written to `workflowtemplate-a.yaml`\n"
        "  --> two/a.dragoman.yaml:3:18\n"
        "   |\n"
        " 3 | metadata: {name: a, namespace: two}\n"
        "   |                  ^\n"
        "  ::: one/a.dragoman.yaml:3:18\n"
        "   |\n"
        " 3 | metadata: {name: a, namespace: one}\n"
        "   |                  ^ the other one\n"
        "   = help: flows that are rendered into one folder need different names\n"
        "\n"
        "1 error\n"
    )
    assert tree() == before


def test_check_names_what_is_stale_and_writes_nothing(repository: Path, capsys: Said) -> None:
    put("team/a", "team/b")
    command = ["render", "-q", ".", "-o", "out", "--set", "steps.greet.image=busy box"]
    assert main([*command, "--check"]) == 1
    assert not Path("out").exists()
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    os.remove("out/team/workflowtemplate-a.yaml")
    Path("out/team/workflowtemplate-b.yaml").write_text("kind: Other\n")
    Path("out/team/gone.yaml").write_text("# rendered by dragoman, once\n")
    before = tree()
    assert main([*command, "--check"]) == 1
    assert capsys.readouterr().err == (
        "error[DRG681]: `out` is stale: 3 files\n"
        "  ::: out/team/workflowtemplate-a.yaml\n"
        "   = is missing\n"
        "  ::: out/team/workflowtemplate-b.yaml\n"
        "   = is not what is rendered\n"
        "  ::: out/team/gone.yaml\n"
        "   = is no longer rendered\n"
        "   = help: `dragoman render -q . -o out --set 'steps.greet.image=busy box'` brings the folder up to date\n"
        "\n"
        "1 error\n"
    )
    assert tree() == before


def test_the_command_that_check_shows_is_the_one(repository: Path, capsys: Said) -> None:
    put("a", "--check/b")
    for words in (["--check", "-o", "out", "a.dragoman.yaml"], ["-o", "out", "--check", "--", "--check"]):
        assert main(["render", *words]) == 1
        found = re.search(r"= help: `dragoman (.*)` brings", capsys.readouterr().err)
        assert found is not None
        assert main(shlex.split(found[1])) == 0
        assert main(["render", *words]) == 0


def test_check_needs_a_folder(capsys: Said) -> None:
    assert main(["render", "--check"]) == 2
    assert capsys.readouterr().err == (
        "error[DRG114]: `--check` compares with a folder, and none is named\n   = help: name it: `-o DIR`\n\n1 error\n"
    )


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5"])
def test_a_number_of_processes_is_one(number: str, capsys: Said) -> None:
    assert main(["render", "-j", number]) == 2
    assert f"`{number}` is no number of processes: at least 1" in capsys.readouterr().err


def test_processes_change_nothing(repository: Path, capsys: Said) -> None:
    put(*(f"team-{number % 3}/flow-{number}" for number in range(30)))
    put("team-0/weak", step="x: {outputs: {o: {from: stdout}}}\n    y")
    Path("team-1/lib.jsonnet").write_text("{}")
    text = FLOW.format(name="computed", step="a").replace("{{", "{").replace("}}", "}")
    Path("team-2/computed.dragoman.jsonnet").write_text(f"std.parseYaml(|||\n{_indented(text)}|||)")
    runs: list[tuple[Tree, object]] = []
    for jobs in (["-j", "1"], ["-j", "4"], ["--jobs", "2"], []):
        assert main(["render", "-o", f"out{len(runs)}", *jobs]) == 0
        runs.append((tree(f"out{len(runs)}"), capsys.readouterr()))
    assert "DRG302" in str(runs[0][1])
    assert all(run == runs[0] for run in runs)
    put("team-1/wrong-1", "team-2/wrong-2", step="greet: {imagge: x}\n    other")
    said = set()
    for jobs in (["-j", "1"], ["-j", "4"]):
        assert main(["render", "-o", "out9", *jobs]) == 1
        said.add(capsys.readouterr())
    [(out, err)] = said
    assert (out, err.count("DRG102"), Path("out9").exists()) == ("", 2, False)


def test_many_flows_are_summed_up(repository: Path, capsys: Said) -> None:
    put(*(f"flow-{number}" for number in range(21)))
    assert main(["render", "-o", "out"]) == 0
    assert capsys.readouterr().err == "21 flows → argo: 21 native\n"
    assert main(["render", "-o", "out", "-v"]) == 0
    assert capsys.readouterr().err.count(" → argo: 1 native\n") == 21


@pytest.fixture
def meddle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], None]], None]:
    """Does something in the process that translates, before each file but the first."""
    real = translation.translator
    first: list[str] = []

    def put(do: Callable[[str], None]) -> None:
        def translator(arguments: object) -> Callable[[str], Outcome]:
            translate = real(arguments)  # type: ignore[arg-type]

            def one(spec: str) -> Outcome:
                if first:
                    do(spec)
                first.append(spec)
                return translate(spec)

            return one

        monkeypatch.setattr(translation, "translator", translator)

    return put


def test_a_process_that_is_killed_is_one_finding(
    repository: Path, meddle: Callable[[Callable[[str], None]], None], capsys: Said
) -> None:
    put("a", "b", "c", "d")
    meddle(lambda spec: os.kill(os.getpid(), signal.SIGKILL) if spec == "c.dragoman.yaml" else None)
    assert main(["render", "-j", "2", "-o", "out"]) == 2
    assert capsys.readouterr().err == (
        "error[DRG682]: the process that translated `c.dragoman.yaml` was killed by SIGKILL\n"
        "   = help: most likely there was not enough memory: with fewer processes, `--jobs 1` say, each has more\n"
        "\n"
        "1 error\n"
    )
    assert not Path("out").exists()


def test_an_interrupt_ends_all_processes(
    repository: Path, meddle: Callable[[Callable[[str], None]], None], capsys: Said
) -> None:
    put("a", "b", "c", "d")

    def wait(spec: str) -> None:
        Path(f"{spec}.{os.getpid()}").touch()
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(600)

    meddle(wait)
    assert main(["render", "-j", "2", "-o", "out"]) == 2
    assert (capsys.readouterr().err, Path("out").exists()) == ("interrupted\n", False)
    started = [int(path.suffix[1:]) for path in Path().glob("*.yaml.*")]
    assert started
    for process in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_fails_elsewhere_fails_as_it_does_here(
    repository: Path, meddle: Callable[[Callable[[str], None]], None], capsys: Said
) -> None:
    put("a", "b", "c", "d")

    def deep(spec: str) -> None:
        if spec == "d.dragoman.yaml":
            raise RecursionError

    meddle(deep)
    for jobs in ("1", "3"):
        assert main(["render", "-j", jobs, "-o", "out"]) == 2
        assert capsys.readouterr() == ("", "error: the input is nested too deeply\n")


def test_a_system_without_room_for_processes(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    put("a", "b", "c", "d")

    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    assert main(["render", "-j", "3", "-q", "-o", "out"]) == 0
    assert len(tree()) == 5


@pytest.mark.parametrize(
    ("specs", "asked", "jobs"),
    [
        (["a.yaml"] * 10, None, 1),
        (["a.yaml"] * 25, None, 2),
        (["a.yaml"] * 1000, None, 8),
        (["a.jsonnet"] * 3, None, 3),
        (["a.yaml"] * 1000, 1, 1),
        (["a.yaml"] * 3, 2, 2),
        (["a.yaml"] * 3, 100, 3),
        ([], 4, 0),
    ],
)
def test_how_many_processes_are_worth_it(
    monkeypatch: pytest.MonkeyPatch, specs: list[str], asked: int | None, jobs: int
) -> None:
    monkeypatch.setattr("dragoman.farm.processes.processors", lambda: 8)
    assert many._jobs(specs, asked) == jobs


def test_few_flows_start_no_process(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("a", "b", "c")
    monkeypatch.delattr(os, "fork")
    assert main(["render", "-q", "-o", "out"]) == 0


@pytest.mark.parametrize(
    ("words", "term", "terminal", "shown"),
    [
        ([], "xterm", True, True),
        (["-q"], "xterm", True, False),
        ([], "dumb", True, False),
        ([], "xterm", False, False),
    ],
)
def test_progress_is_for_terminals(repository: Path, words: list[str], term: str, terminal: bool, shown: bool) -> None:
    put("a", "b", "c")
    code = "import sys; from dragoman.cli import main, many; many.PAUSE = 0; sys.exit(main(sys.argv[1:]))"  # every step
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", code, "render", "-o", "out", "-j", "1", *words]
    errors = theirs if terminal else subprocess.PIPE
    done = subprocess.run(command, stdout=theirs, stderr=errors, env={**os.environ, "TERM": term}, check=True)
    os.write(theirs, b"END")
    said = b""
    while not said.endswith(b"END"):
        said += os.read(ours, 1000)
    os.close(ours)
    os.close(theirs)
    summary = b"" if words else b"".join(b"%s \xe2\x86\x92 argo: 1 native\n" % name for name in (b"a", b"b", b"c"))
    progress = b"".join(b"\r%d of 3 specs\x1b[K" % number for number in (1, 2, 3)) + b"\r\x1b[K" if shown else b""
    assert (said + (done.stderr or b"")).replace(b"\r\n", b"\n").replace(b"END", b"") == progress + summary


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())
