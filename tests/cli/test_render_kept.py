"""What `dragoman render` keeps from one command to the next: it changes no byte and no word, whatever was edited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from dragoman.cli import kept, main, many, platform
from dragoman.farm import version
from dragoman.farm.cache import TAG
from dragoman.farm.outcome import Outcome

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: flow-{number}, namespace: ml}}
spec:
  defaults: {{image: "{image}"}}
  imports: {{lib: {lib}}}
  params: {{day: {{default: monday}}}}
  steps:
    {step}: {{use: lib.work, env: {{DAY: "${{{{ params.day }}}}"}}, resources: {{cpu: {cpu}}}}}
    last: {{needs: [{step}], command: [end], outputs: {{o: {{from: stdout}}}}}}
  environments: {{prod: {{params: {{day: {{default: friday}}}}}}}}
"""
LIBRARY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Library
metadata: {{name: lib}}
spec: {{templates: {{work: {{command: [work, "{word}"]}}}}}}
"""
JSONNET = """\
local part = import 'part.libsonnet';
{{
  apiVersion: 'dragoman.dev/v1alpha1', kind: 'Flow', metadata: {{name: 'computed-{number}', namespace: 'ml'}},
  spec: {{defaults: {{image: 'i'}}, steps: {{a: {{command: [part, '{word}', importstr 'words.txt']}}}}}},
}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {{name: {name}}}
spec:
{extends}  max: [{{cpu: {cpu}, action: {action}}}]
  defaults: {{resources: {{memory: {memory}Gi}}}}
"""
COMMANDS = (
    ["render", "flows", "--policy", "team.policy.yaml"],
    ["render", "flows", "--policy", "policies", "-t", "argo", "--env", "prod", "-v"],
    ["render", "-t", "kubernetes", "flows", "-o", "out", "-j", "2"],
    ["render", "flows", "-o", "out", "--format", "json", "--env", "prod"],
    ["render", "flows", "-o", "out", "--check", "--policy", "policies", "--policy", "team.policy.yaml"],
)
Said = pytest.CaptureFixture[str]


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str
    files: dict[str, bytes]


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("DRAGOMAN_CACHE", raising=False)
    return tmp_path


def write(path: str, text: str) -> None:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        place.unlink()
    place.write_text(text)


def run(command: list[str], capsys: Said) -> Done:
    capsys.readouterr()
    code = main(command)
    said = capsys.readouterr()
    files = {str(path): path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    return Done(code, said.out, said.err, files)


def flow(random: Random, number: int) -> None:
    lib = random.choice(
        ["lib.yaml", "lib.yaml", "../lib.yaml", "./nowhere.yaml" if random.random() < 0.1 else "lib.yaml"]
    )
    image, step, cpu = random.choice(["a", "b:1"]), random.choice(["first", "second"]), random.choice([1, 3, 9])
    text = FLOW.format(number=number, image=image, lib=lib, step=step, cpu=cpu)
    write(f"flows/team-{number % 2}/f{number}.dragoman.yaml", text)


def jsonnet(random: Random, number: int) -> None:
    text = JSONNET.format(number=number, word=random.choice(["x", "y"]))
    write(f"flows/team-{number % 2}/c{number}.dragoman.jsonnet", text)


def policy(random: Random, path: str, extends: str) -> None:
    body = {"cpu": random.choice([2, 8]), "action": random.choice(["clamp", "deny"]), "memory": random.choice([1, 2])}
    write(path, POLICY.format(name=Path(path).name.split(".")[0], extends=extends, **body))


def edit(random: Random) -> str:
    """Change something that a render reads, or does not; what it was."""
    number, team = random.randrange(4), f"flows/team-{random.randrange(2)}"
    extends = random.choice(["", "  extends: [policies/upper.policy.yaml]\n"])
    edits: dict[str, Callable[[], object]] = {
        "a flow": lambda: flow(random, number),
        "a library": lambda: write(f"{team}/lib.yaml", LIBRARY.format(word=random.choice("pq"))),
        "the library above": lambda: write("flows/lib.yaml", LIBRARY.format(word=random.choice("rs"))),
        "a link": lambda: _link("../lib.yaml", f"{team}/lib.yaml"),
        "a computed flow": lambda: jsonnet(random, random.randrange(2)),
        "an import": lambda: write("vendor/part.libsonnet", f"'{random.choice('tu')}'"),
        "an import that hides another": lambda: write(f"{team}/part.libsonnet", f"'{random.choice('vw')}'"),
        "no such import any more": lambda: Path(f"{team}/part.libsonnet").unlink(missing_ok=True),
        "a text": lambda: write(f"{team}/words.txt", random.choice(["", "words"])),
        "a policy": lambda: policy(random, "team.policy.yaml", extends),
        "an upper policy": lambda: policy(random, "policies/upper.policy.yaml", ""),
        "a policy more or less": lambda: _toggle(Path("policies/more.policy.yaml"), random),
        "a manifest": lambda: _spoil(random),
        "nothing": lambda: None,
    }
    name = random.choice(list(edits))
    edits[name]()
    return name


def _link(target: str, path: str) -> None:
    write(path, "")
    os.remove(path)
    os.symlink(target, path)


def _toggle(path: Path, random: Random) -> None:
    if path.exists():
        path.unlink()
    else:
        policy(random, str(path), "")


def _spoil(random: Random) -> None:
    made = sorted(path for path in Path("out").rglob("*") if path.is_file())
    if made:
        random.choice(made).write_text("# rendered by dragoman: spoilt\n")


@pytest.mark.parametrize("seed", range(6))
def test_kept_or_not_is_the_same(seed: int, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    random = Random(seed)
    looked: list[bool] = []
    real = kept.Kept.find

    def find(self: kept.Kept, spec: str) -> Outcome | None:
        outcome = real(self, spec)
        looked.append(outcome is not None)
        return outcome

    monkeypatch.setattr(kept.Kept, "find", find)
    for number in range(4):
        flow(random, number)
    jsonnet(random, 0)
    write("vendor/part.libsonnet", "'v'")
    for team in ("flows/team-0", "flows/team-1"):
        write(f"{team}/words.txt", "")
        write(f"{team}/lib.yaml", LIBRARY.format(word="p"))
    write("flows/lib.yaml", LIBRARY.format(word="r"))
    policy(random, "policies/upper.policy.yaml", "")
    policy(random, "team.policy.yaml", "")
    edits = []
    for _ in range(14):
        edits.append(edit(random))
        command = random.choice(COMMANDS)
        before = {str(path): path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
        uncached = run([*command, "--no-cache"], capsys)
        for path in Path("out").rglob("*"):
            if path.is_file():
                path.unlink()
        for name, data in before.items():
            Path(name).write_bytes(data)
        cached = run([*command, "--cache", "kept"], capsys)
        assert _said_alike(cached) == _said_alike(uncached), (edits, command)
    assert min(looked.count(True), looked.count(False)) > 10, looked


def _said_alike(done: Done) -> Done:
    """What was said, but for the command line that it shows."""
    return done._replace(err=done.err.replace(" --cache kept", "").replace(" --no-cache", ""))


def test_what_is_known_loads_no_compiler(repository: Path) -> None:
    random = Random(1)
    flow(random, 1)
    write("flows/team-1/lib.yaml", LIBRARY.format(word="p"))
    write("flows/team-1/words.txt", "")
    write("vendor/part.libsonnet", "'v'")
    jsonnet(random, 1)
    policy(random, "team.policy.yaml", "")
    code = (
        "import sys; from dragoman.cli import main; code = main(sys.argv[1:]);"
        "import json; print(json.dumps([code, *sys.modules]))"
    )
    command = ["render", "flows", "-q", "-o", "out", "-t", "argo", "--policy", "team.policy.yaml", "--cache", "kept"]
    loaded = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        assert found[0] == 0, done.stderr
        loaded.append(set(found))
    parts = {"yaml", "dragoman.pipeline", "dragoman.spec", "dragoman.load.jsonnet", "dragoman.policy.enact"}
    assert parts <= loaded[0]
    assert not loaded[1] & parts


def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are translated from now on, in this process."""
    real = many._translator
    seen: list[str] = []

    def translator(arguments: object) -> Callable[[str], object]:
        translate = real(arguments)  # type: ignore[arg-type]

        def one(spec: str) -> object:
            seen.append(spec)
            return translate(spec)

        return one

    monkeypatch.setattr(many, "_translator", translator)
    return seen


PLAIN = "apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata: {name: NAME}\nspec: {steps: {a: {image: i}}}\n"


@pytest.fixture
def plain() -> list[str]:
    names = [f"f{number}.dragoman.yaml" for number in range(3)]
    for name in names:
        write(name, PLAIN.replace("NAME", name[:2]))
    return names


def test_only_what_changed_is_made_again(plain: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = made(monkeypatch)
    for _ in range(2):
        assert main(["render", "-q", "-o", "out", "--cache", "kept"]) == 0
    assert seen == plain
    write("f1.dragoman.yaml", PLAIN.replace("NAME", "f1").replace("image: i", "image: j"))
    assert main(["render", "-q", "-o", "out", "--cache", "kept"]) == 0
    assert seen == [*plain, "f1.dragoman.yaml"]


@pytest.mark.parametrize(
    ("more", "again"),
    [
        (["-v"], False),
        (["--strict"], False),
        (["--check"], False),
        (["-j", "1"], False),
        (["--fail-on", "warning"], False),
        (["-t", "kubernetes"], True),
        (["--set", "steps.a.image=k"], True),
        (["--format", "json"], True),
        (["--run-id", "2"], True),
        (["--with", "argo:cpu=2"], True),
        (["--ext-str", "a=b"], True),
        (["--root", ".."], True),
    ],
)
def test_what_the_command_line_says_counts_when_it_changes_something(
    plain: list[str], monkeypatch: pytest.MonkeyPatch, more: list[str], again: bool
) -> None:
    assert main(["render", "-q", "-o", "out", "--cache", "kept"]) == 0
    seen = made(monkeypatch)
    assert main(["render", "-q", "-o", "out", "--cache", "kept", *more]) == 0
    assert seen == (plain if again else [])


def test_another_dragoman_makes_everything_again(plain: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["render", "-q", "-o", "out", "--cache", "kept"]
    assert main(command) == 0
    seen = made(monkeypatch)
    real = version._contents
    monkeypatch.setattr(version, "_contents", lambda folder: real(folder)[:-1])
    assert main(command) == 0
    assert len(seen) == 3
    monkeypatch.setattr(version, "_packages", lambda: ["pyyaml-1.0.dist-info"])
    assert main(command) == 0
    assert len(seen) == 6
    monkeypatch.setattr(version, "_packages", list)  # nobody knows what results depend on
    for _ in range(2):
        assert main(command) == 0
    assert len(seen) == 12


def test_what_argo_cd_says_counts(plain: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["render", "-q", "-t", "kubernetes", "-o", "out", "--cache", "kept"]
    assert main(command) == 0
    seen = made(monkeypatch)
    monkeypatch.setenv("ARGOCD_APP_NAME", "app")
    monkeypatch.setenv("KUBE_VERSION", "1.30.0")
    assert main(command) == 0
    assert (len(seen), platform.platform()["kubernetes"]["version"]) == (3, "1.30")
    monkeypatch.setenv("KUBE_VERSION", "1.31.0")
    assert main(command) == 0
    assert len(seen) == 6


def test_a_folder_is_not_standard_output(plain: list[str], capsys: Said) -> None:
    first, folder, again = (run(["render", "-o", output, "--cache", "kept"], capsys) for output in ("-", "out", "-"))
    assert (first.out.count("#"), again.out) == (0, first.out)
    assert all(text.startswith(b"# rendered by dragoman") for text in folder.files.values())


def test_a_spec_has_the_name_that_it_is_called_by(capsys: Said) -> None:
    write("real.dragoman.yaml", PLAIN.replace("NAME", "f"))
    os.symlink("real.dragoman.yaml", "link.dragoman.yaml")
    for name in ("real", "link"):
        [header] = {
            text.split(b"\n")[0]
            for path, text in run(
                ["render", f"{name}.dragoman.yaml", "-o", "out", "--cache", "kept"], capsys
            ).files.items()
            if "kustomization" not in path
        }
        assert header.endswith(f"change {name}.dragoman.yaml and render again".encode())


def test_another_root_may_forbid_what_was_read(repository: Path, capsys: Said) -> None:
    flow(Random(0), 0)
    spec = Path("flows/team-0/f0.dragoman.yaml")
    spec.write_text(spec.read_text().replace("lib: lib.yaml", "lib: ../lib.yaml"))
    write("flows/lib.yaml", LIBRARY.format(word="p"))
    command = ["render", "flows", "-q", "-o", "out", "--cache", "kept"]
    assert main(command) == 0
    (repository / "flows/team-0/.git").mkdir()
    done = run(command, capsys)
    assert (done.code, "DRG015" in done.err) == (1, True)


def test_what_was_missing_may_come(repository: Path, capsys: Said) -> None:
    flow(Random(0), 0)
    command = ["render", "flows", "-q", "-o", "out", "--cache", "kept"]
    assert [run(command, capsys).code for _ in range(2)] == [1, 1]
    write("flows/team-0/lib.yaml", LIBRARY.format(word="p"))
    assert run(command, capsys).code == 0


def test_mistakes_are_found_again(plain: list[str], capsys: Said) -> None:
    write("f1.dragoman.yaml", PLAIN.replace("NAME", "f1").replace("image", "imagge"))
    said = [run(["render", "-o", "out", "--cache", "kept"], capsys) for _ in range(2)]
    assert said[0] == said[1]
    assert (said[0].code, "DRG102" in said[0].err) == (1, True)


def test_what_depends_on_other_packages_is_not_kept(plain: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write("f1.dragoman.yaml", PLAIN.replace("NAME", "f1") + "  # end\n")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: ())
    monkeypatch.setattr("dragoman.emit.registry.PLANNED", ())
    write("f2.dragoman.yaml", PLAIN.replace("NAME", "f2").replace("{steps", "{targets: {local: {}}, steps"))
    seen = made(monkeypatch)
    for _ in range(2):
        main(["render", "-q", "-o", "out", "--cache", "kept"])
    assert seen == [*plain, "f2.dragoman.yaml"]
    assert len([path for path in Path("kept").rglob("*") if path.is_file()]) == 3  # with the tag


def test_standard_input_is_not_kept(plain: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    import io

    for word in ("one", "two"):
        text = PLAIN.replace("NAME", word).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        assert f"name: {word}" in run(["render", "-", "--cache", "kept"], capsys).out


@pytest.mark.parametrize(
    ("flags", "variable", "count", "folder"),
    [
        ([], None, 3, ""),
        ([], None, many.MANY, "xdg/dragoman"),
        (["--no-cache"], None, many.MANY, ""),
        (["--cache", "mine"], None, 3, "mine"),
        (["--cache", "mine"], "theirs", 3, "mine"),
        ([], "theirs", 3, "theirs"),
        ([], "", many.MANY, ""),
        (["--no-cache", "--cache", "mine"], "theirs", 3, ""),
    ],
)
def test_where_results_are_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], variable: str | None, count: int, folder: str
) -> None:
    for number in range(count):
        write(f"{number}.dragoman.yaml", PLAIN.replace("NAME", f"f{number}"))
    if variable is not None:
        monkeypatch.setenv("DRAGOMAN_CACHE", variable)
    assert main(["render", "-q", *flags]) == 0
    assert [str(tag.parent.relative_to(repository)) for tag in repository.rglob(TAG)] == ([folder] if folder else [])


def test_nothing_is_kept_inside_of_argo_cd_unless_somebody_asks(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(many.MANY):
        write(f"{number}.dragoman.yaml", PLAIN.replace("NAME", f"f{number}"))
    monkeypatch.setenv("ARGOCD_APP_NAME", "app")
    assert main(["render", "-q"]) == 0
    assert not list(repository.rglob(TAG))
    assert main(["render", "-q", "--cache", "kept"]) == 0
    assert list(repository.rglob(TAG)) == [repository / "kept" / TAG]


def test_a_folder_that_cannot_be_used(plain: list[str], capsys: Said) -> None:
    write("kept", "")
    done = run(["render", "-o", "out", "--cache", "kept/inside"], capsys)
    assert done.code == 0
    assert done.err.startswith(
        "warning[DRG684]: nothing can be kept in `kept/inside`: not a directory\n"
        "   = help: name another folder with `--cache DIR`, or say `--no-cache`\n"
    )
    assert len(done.files) == 4


def test_a_home_that_cannot_be_used_is_nobodys_business(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    for number in range(many.MANY):
        write(f"{number}.dragoman.yaml", PLAIN.replace("NAME", f"f{number}"))
    write("xdg", "")
    assert run(["render", "-o", "out"], capsys).err == "50 flows → argo: all native\n"
