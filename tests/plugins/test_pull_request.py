"""What runs on a pull request: the pre-commit hooks, GitHub's action, GitLab's job, each on a repository of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from history import begin, commit, git

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = ROOT / "plugins/github"
FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: train}
spec:
  target: argo
  defaults: {image: i}
  steps:
    train: {command: [train], resources: {memory: 1Gi}}
"""
BROKEN = FLOW.replace("{memory: 1Gi}}", "{memory: 1Gi}, needs: [nothing]}")
# a GitHub that knows what comments there are, and notes what it is asked for
GH = """\
#!/bin/sh
printf '%s\\n' "$*" >>"$RUNNER_TEMP/asked"
case "$*" in
  *--paginate*) cat "$RUNNER_TEMP/known" 2>/dev/null || exit 0 ;;
  *) [ -z "$FORBIDDEN" ] || exit 1; echo https://github.example/comment ;;
esac
"""


def yaml(file: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(file.read_text()))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    folder = tmp_path / "repository"
    (folder / "flows").mkdir(parents=True)
    (folder / "flows/train.dragoman.yaml").write_text(FLOW)
    (folder / ".dragoman.toml").write_text('paths = ["flows"]\noutput = "rendered"\n')
    monkeypatch.chdir(folder)
    begin(monkeypatch)
    run("dragoman", "render", "flows", "-q")
    commit("first")
    git("branch", "origin/main")
    return folder


class Done(NamedTuple):
    code: int
    out: str


def run(*words: str, **variables: str) -> Done:
    done = subprocess.run(
        words, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return Done(done.returncode, done.stdout)


class Action:
    """GitHub's runner, as far as a composite action of scripts sees it."""

    def __init__(self, temporary: Path) -> None:
        self.temporary, self.steps = temporary, {step["name"]: step for step in self.action["runs"]["steps"]}
        (temporary / "gh").write_text(GH)
        (temporary / "gh").chmod(0o755)

    @property
    def action(self) -> Any:
        return yaml(ACTION / "action.yml")[0]

    def check(self, **inputs: str) -> tuple[Done, dict[str, str]]:
        known = {name: one["default"] for name, one in self.action["inputs"].items()} | inputs
        found = self._run("Check", known)
        written = (self.temporary / "output").read_text().splitlines()
        return found, dict(line.split("=", 1) for line in written)

    def comment(self, outputs: dict[str, str], **variables: str) -> tuple[Done, list[str]]:
        known = {"token": "t", "github.event.pull_request.number": "7", **outputs}
        done = self._run("Comment", known, **variables)
        asked = self.temporary / "asked"
        return done, asked.read_text().splitlines() if asked.exists() else []

    def _run(self, name: str, known: dict[str, str], **variables: str) -> Done:
        step = self.steps[name]
        said = {
            key: re.sub(
                r"\$\{\{ (?:inputs\.|steps\.check\.outputs\.)?([\w.-]+) \}\}", lambda found: known[found[1]], value
            )
            for key, value in step["env"].items()
        }
        (self.temporary / "output").write_text("")
        return run(
            "bash",
            "-c",
            step["run"],
            **{
                "GITHUB_ACTION_PATH": str(ACTION),
                "GITHUB_OUTPUT": str(self.temporary / "output"),
                "GITHUB_STEP_SUMMARY": str(self.temporary / "summary"),
                "GITHUB_REPOSITORY": "o/r",
                "GITHUB_SERVER_URL": "https://github.example",
                "GITHUB_SHA": "abc",
                "PYTHONUTF8": "1",
                "RUNNER_TEMP": str(self.temporary),
                "PATH": f"{self.temporary}:{os.environ['PATH']}",
                **said,
                **variables,
            },
        )


@pytest.fixture
def action(tmp_path: Path) -> Action:
    (tmp_path / "runner").mkdir()
    return Action(tmp_path / "runner")


def test_nothing_to_say(repository: Path, action: Action) -> None:
    done, outputs = action.check(paths="flows", base="origin/main")
    assert (done.code, outputs["exit-code"], outputs["worth"]) == (0, "0", "0")
    assert json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"] == []
    commented, asked = action.comment(outputs)
    assert (commented.code, commented.out) == (0, "nothing to say\n")
    assert len(asked) == 1


def test_a_change_is_commented_on(repository: Path, action: Action) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(FLOW.replace("1Gi", "2Gi"))
    run("dragoman", "render", "flows", "-q")
    done, outputs = action.check(paths="flows", base="origin/main")
    assert (done.code, outputs["exit-code"], outputs["worth"]) == (0, "0", "1")
    report = Path(outputs["report"]).read_text()
    assert "train: memory 1Gi → 2Gi" in report
    assert report in (action.temporary / "summary").read_text()
    commented, asked = action.comment(outputs)
    assert commented.out == "https://github.example/comment\n"
    assert "--method POST repos/o/r/issues/7/comments" in asked[-1]
    assert (action.temporary / "dragoman-comment.md").read_text() == f"<!-- dragoman -->\n{report}"


def test_a_comment_is_no_longer_than_it_may_be(repository: Path, action: Action) -> None:
    report = action.temporary / "long.md"
    report.write_text("| ä |\n" * 20_000)
    done, _ = action.comment({"report": str(report), "worth": "1"}, LC_ALL="C.UTF-8")
    body = (action.temporary / "dragoman-comment.md").read_text()
    assert (done.code, len(body) < 65_000) == (0, True)
    assert body.endswith("\n\n…\n\n_and more: the summary of the job has all of it_\n")


def test_mistakes_link_to_their_lines(repository: Path, action: Action) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(BROKEN)
    _, outputs = action.check(paths="flows")
    assert "https://github.example/o/r/blob/abc/flows/train.dragoman.yaml#L8" in Path(outputs["report"]).read_text()


def test_there_is_one_comment(repository: Path, action: Action) -> None:
    (action.temporary / "known").write_text("41\n42\n")
    _, outputs = action.check(paths="flows", base="origin/main")
    _, asked = action.comment(outputs)
    assert "--method PATCH repos/o/r/issues/comments/41 " in asked[-1]


def test_a_fork_may_not_comment(repository: Path, action: Action) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(BROKEN)
    _, outputs = action.check(paths="flows")
    commented, _ = action.comment(outputs, FORBIDDEN="yes")
    assert (commented.code, commented.out.startswith("::warning title=dragoman::no comment")) == (0, True)


def test_mistakes_are_annotations(repository: Path, action: Action) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(BROKEN)
    done, outputs = action.check(paths="flows", base="origin/main")
    assert (outputs["exit-code"], outputs["worth"]) == ("1", "1")
    assert "::error file=flows/train.dragoman.yaml,line=8," in done.out
    assert run("bash", "-c", action.steps["Result"]["run"], CODE=outputs["exit-code"]).code == 1


def test_stale_manifests(repository: Path, action: Action) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(FLOW.replace("1Gi", "2Gi"))
    _, outputs = action.check(paths="flows")
    assert outputs["exit-code"] == "1"
    _, outputs = action.check(paths="flows", render="false")
    assert outputs["exit-code"] == "0"


def test_what_comes_in_stays_text(repository: Path, action: Action) -> None:
    done, _ = action.check(paths="flows", base="$(touch ran); `touch ran`", policies="; touch ran;")
    assert not (repository / "ran").exists(), done.out


def test_the_action_takes_what_its_steps_read() -> None:
    [action] = yaml(ACTION / "action.yml")
    text = (ACTION / "action.yml").read_text()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    for step in action["runs"]["steps"]:
        script = step.get("run", "").rpartition("/")[2]
        if script and " " not in script:
            assert os.access(ACTION / script, os.X_OK)
            used = set(re.findall(r"\$\{?([A-Z_]+)", (ACTION / script).read_text()))
            given = {"RUNNER_TEMP", "BASH_REMATCH"} | {name for name in used if name.startswith("GITHUB_")}
            assert used <= given | set(step.get("env", ())), script
        assert "${{" not in step.get("run", "")  # texts of a pull request never become code


def test_hooks_have_what_pre_commit_asks_for() -> None:
    [hooks] = yaml(ROOT / ".pre-commit-hooks.yaml")
    assert len({hook["id"] for hook in hooks}) == len(hooks)
    for hook in hooks:
        assert {"id", "name", "entry", "language", "files"} <= hook.keys()
        assert hook["language"] == "python"
        re.compile(hook["files"])


@pytest.mark.parametrize(
    ("hook", "file", "hit"),
    [
        ("dragoman-check", "flows/a.dragoman.yaml", True),
        ("dragoman-check", "flows/a.dragoman.jsonnet", True),
        ("dragoman-check", "values.yaml", False),
        ("dragoman-check-all", "platform.policy.yaml", True),
        ("dragoman-check-all", ".dragoman.toml", True),
        ("dragoman-check-all", "lib/steps.yaml", True),
        ("dragoman-check-all", "flows/a.dragoman.yaml", False),
        ("dragoman-render", "flows/a.dragoman.yml", True),
        ("dragoman-policy-tests", "policies/a.policy-test.yaml", True),
    ],
)
def test_hooks_run_on_their_files(hook: str, file: str, hit: bool) -> None:
    [hooks] = yaml(ROOT / ".pre-commit-hooks.yaml")
    [files] = [one["files"] for one in hooks if one["id"] == hook]
    assert bool(re.search(files, file)) is hit


@pytest.mark.parametrize(("flow", "code"), [(FLOW, 0), (BROKEN, 1), (FLOW.replace("1Gi", "2Gi"), 1)])
def test_hooks_end_as_they_should(repository: Path, flow: str, code: int) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(flow)
    [hooks] = yaml(ROOT / ".pre-commit-hooks.yaml")
    entries = {hook["id"]: hook for hook in hooks}
    codes = []
    for name in ("dragoman-check", "dragoman-check-all", "dragoman-render"):
        files = ["flows/train.dragoman.yaml"] if entries[name].get("pass_filenames", True) else []
        codes.append(run(*entries[name]["entry"].split(), *files).code)
    assert max(codes) == code


def test_a_hook_shows_what_a_commit_does(repository: Path) -> None:
    (repository / "flows/train.dragoman.yaml").write_text(FLOW.replace("1Gi", "2Gi"))
    [hooks] = yaml(ROOT / ".pre-commit-hooks.yaml")
    [entry] = [hook["entry"] for hook in hooks if hook["id"] == "dragoman-diff"]
    done = run(*entry.split())
    assert (done.code, "train: memory 1Gi → 2Gi" in done.out) == (0, True)


def gitlab(repository: Path, **inputs: str) -> Done:
    about, jobs = yaml(ROOT / "plugins/gitlab/check.yml")
    known = {name: str(one["default"]).lower() for name, one in about["spec"]["inputs"].items()} | inputs
    text = re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: known[found[1]], json.dumps(jobs["dragoman"]))
    job = json.loads(text)
    variables = {name: str(value) for name, value in job["variables"].items()}
    return run("sh", "-e", "-c", "\n".join(job["script"]), **variables, CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")


def test_gitlab(repository: Path) -> None:
    assert gitlab(repository, paths="flows").code == 0
    assert json.loads((repository / "gl-code-quality-report.json").read_text()) == []
    assert "no differences" in (repository / "dragoman-diff.md").read_text()
    (repository / "flows/train.dragoman.yaml").write_text(FLOW.replace("1Gi", "2Gi"))
    assert gitlab(repository, paths="flows").code == 1
    assert gitlab(repository, paths="flows", render="false").code == 0
    assert "train: memory 1Gi → 2Gi" in (repository / "dragoman-diff.md").read_text()
    (repository / "flows/train.dragoman.yaml").write_text(BROKEN)
    assert gitlab(repository, paths="flows", render="false").code == 1
    [finding] = json.loads((repository / "gl-code-quality-report.json").read_text())
    assert finding["location"]["path"] == "flows/train.dragoman.yaml"


def test_gitlab_uses_every_input() -> None:
    about, _ = yaml(ROOT / "plugins/gitlab/check.yml")
    text = (ROOT / "plugins/gitlab/check.yml").read_text()
    assert set(re.findall(r"\$\[\[ inputs\.([\w-]+) \]\]", text)) == set(about["spec"]["inputs"])


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-actions", ["plugins/github/action.yml"]),
        ("vendor.github-workflows", ["translator/dragoman/starter/github.yml"]),
        ("vendor.gitlab-ci", ["translator/dragoman/starter/gitlab-ci.yml"]),
    ],
)
def test_files_of_ci_are_what_ci_reads(schema: str, files: list[str]) -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", schema, *(str(ROOT / file) for file in files)]
    done = run(*command)
    assert done.code == 0, done.out
