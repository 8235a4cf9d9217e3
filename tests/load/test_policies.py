"""Policies, what they extend, and the files of a cluster that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dragoman.findings import Finding, Findings
from dragoman.load import packs
from dragoman.load.files import Options
from dragoman.load.policies import Policy, policies

Repository = Any


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Writes files into a repository, which is the working folder: a list is the `extends` of a policy."""
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)

    def write(**files: str | list[str]) -> None:
        for name, content in files.items():
            path = root / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else policy(content))

    return write


def policy(extends: list[str], quota_from: list[str] | None = None, name: str = "p") -> str:
    return (
        "apiVersion: dragoman.dev/v1alpha1\n"
        "kind: Policy\n"
        f"metadata: {{name: {name}}}\n"
        f"spec:\n  extends: {extends}\n  quotaFrom: {quota_from or []}\n"
    )


def read(*paths: str, root: str = "") -> list[Policy]:
    return policies(paths, Options(root))


def order(*paths: str) -> list[str]:
    return [layer.document.file for layer in read(*paths)]


def wrong(*paths: str, root: str = "") -> tuple[list[Finding], int]:
    with pytest.raises(Findings) as raised:
        read(*paths, root=root)
    return list(raised.value.findings), raised.value.exit_code


QUOTA = "{apiVersion: v1, kind: ResourceQuota, metadata: {name: q}, spec: {hard: {cpu: 1}}}\n"


def test_upper_layers_come_first(put: Repository) -> None:
    put(repo_yaml=["./team.yaml"], team_yaml=["org.yaml"], org_yaml=[])
    assert order("repo.yaml") == ["org.yaml", "team.yaml", "repo.yaml"]


def test_paths_count_from_the_file_that_says_them(put: Repository) -> None:
    put(a__repo_yaml=["../b/team.yaml"], b__team_yaml=["c/org.yaml"], b__c__org_yaml=[])
    assert order("a/repo.yaml") == ["b/c/org.yaml", "b/team.yaml", "a/repo.yaml"]


def test_a_diamond_is_read_once(put: Repository) -> None:
    put(repo_yaml=["left.yaml", "right.yaml"], left_yaml=["org.yaml"], right_yaml=["./org.yaml"], org_yaml=[])
    assert order("repo.yaml", "org.yaml", "./repo.yaml") == ["org.yaml", "left.yaml", "right.yaml", "repo.yaml"]


def test_several_paths_stand_in_their_order(put: Repository) -> None:
    put(one_yaml=[], two_yaml=["one.yaml"])
    assert order("two.yaml", "one.yaml") == ["one.yaml", "two.yaml"]
    assert order() == []


def test_several_documents_of_a_file_are_layers(put: Repository) -> None:
    put(all_yaml=policy(["org.yaml"], name="first") + "---\n" + policy([], name="second"), org_yaml=[])
    assert [layer.document.data["metadata"]["name"] for layer in read("all.yaml")] == ["p", "first", "second"]


def test_a_folder_stands_for_its_policies(put: Repository) -> None:
    put(rules__b_policy_yaml=[], rules__a__c_policy_yml=[], rules__notes_yaml="not: a policy\n")
    assert order("rules") == ["rules/b.policy.yaml", "rules/a/c.policy.yml"]


def test_a_policy_in_jsonnet(put: Repository) -> None:
    put(org_yaml=[], team_jsonnet="{apiVersion: 'dragoman.dev/v1alpha1', kind: 'Policy', metadata: {name: 't'},"
        " spec: {extends: ['org.yaml']}}")  # fmt: skip
    assert order("team.jsonnet") == ["org.yaml", "team.jsonnet"]


@pytest.mark.parametrize(
    ("files", "message", "line"),
    [
        ({"a_yaml": ["a.yaml"]}, "`a.yaml` extends itself", 5),
        ({"a_yaml": ["b.yaml"], "b_yaml": ["a.yaml"]}, "policies extend each other: `a.yaml` → `b.yaml` → `a.yaml`", 5),
        (
            {"a_yaml": ["b.yaml"], "b_yaml": ["c.yaml"], "c_yaml": ["b.yaml"]},
            "policies extend each other: `b.yaml` → `c.yaml` → `b.yaml`",
            5,
        ),
    ],
)
def test_a_circle(put: Repository, files: dict[str, Any], message: str, line: int) -> None:
    put(**files)
    [finding], exit_code = wrong("a.yaml")
    assert (finding.code, finding.message, finding.span and finding.span.line, exit_code) == (
        "DRG464",
        message,
        line,
        1,
    )


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (policy(["./gone.yaml"]), "DRG013", "cannot read `gone.yaml`: no such file or directory"),
        (policy(["flow.yaml"]), "DRG463", "`flow.yaml` holds no policy"),
        (policy(["/etc/passwd"]), "DRG015", "`/etc/passwd` is an absolute path"),
        (policy(["../out.yaml"]), "DRG015", "`../out.yaml` is outside the repository"),
        (policy(["link.yaml"]), "DRG015", "`link.yaml` is outside the repository"),
        (policy(["pack:baselin"]), "DRG465", "there is no pack `baselin`"),
        (policy(["pack:../x"]), "DRG465", "there is no pack `../x`"),
    ],
)
def test_what_cannot_be_extended(put: Repository, content: str, code: str, message: str) -> None:
    put(a_yaml=content, flow_yaml="kind: Flow\n")
    Path("../out.yaml").write_text(policy([]))
    Path("link.yaml").symlink_to("../out.yaml")
    [finding], exit_code = wrong("a.yaml")
    assert (finding.code, finding.message, exit_code) == (code, message, 1)
    assert finding.span is not None
    assert (finding.span.file, finding.span.line) == ("a.yaml", 5)


def test_what_is_wrong_in_an_extended_file_stays_there(put: Repository) -> None:
    put(a_yaml=["b.yaml"], b_yaml="kind: Policy\nkind: Policy\n")
    [finding], _ = wrong("a.yaml")
    assert (finding.code, finding.span and (finding.span.file, finding.span.line)) == ("DRG004", ("b.yaml", 2))


@pytest.mark.parametrize(
    ("path", "code", "exit_code"),
    [("gone.yaml", "DRG013", 2), ("flow.yaml", "DRG107", 1), ("pack:nothing", "DRG465", 2), ("empty", "DRG014", 1)],
)
def test_what_is_no_policy_to_begin_with(put: Repository, path: str, code: str, exit_code: int) -> None:
    put(flow_yaml="kind: Flow\n")
    Path("empty").mkdir()
    [finding], found = wrong(path)
    assert (finding.code, found) == (code, exit_code)


def test_everything_wrong_is_said_at_once(put: Repository) -> None:
    put(a_yaml=policy(["gone.yaml", "b.yaml"], ["away.yaml"]), b_yaml="kind: Flow\n")
    findings, _ = wrong("a.yaml")
    assert [finding.code for finding in findings] == ["DRG013", "DRG463", "DRG013"]


def test_what_is_no_list_is_for_the_format_to_report(put: Repository) -> None:
    put(a_yaml="kind: Policy\nspec: {extends: x, quotaFrom: {a: b}}\n", b_yaml="kind: Policy\nspec: []\n")
    assert order("a.yaml", "b.yaml") == ["a.yaml", "b.yaml"]


def test_a_long_chain_ends(put: Repository) -> None:
    put(**{f"p{number}_yaml": [f"p{number + 1}.yaml"] for number in range(40)}, p40_yaml=[])
    [finding], _ = wrong("p0.yaml")
    assert finding.code == "DRG007"


class TestQuotaFrom:
    def test_documents_of_the_cluster(self, put: Repository) -> None:
        put(p__a_yaml=policy([], ["../q.yaml", "b.json"]), q_yaml=QUOTA + "---\n" + QUOTA, p__b_json='{"kind": "X"}')
        [layer] = read("p/a.yaml")
        assert [(one.file, one.number) for one in layer.enforced] == [("q.yaml", 1), ("q.yaml", 2), ("p/b.json", 1)]

    def test_a_file_of_two_policies_is_read_once(self, put: Repository) -> None:
        put(a_yaml=policy(["b.yaml"], ["q.yaml", "./q.yaml"]), b_yaml=policy([], ["q.yaml"]), q_yaml=QUOTA)
        upper, lower = read("a.yaml")
        assert len(upper.enforced) == len(lower.enforced) == 1
        assert upper.enforced[0] is lower.enforced[0]

    def test_words_that_other_tools_read_otherwise(self, put: Repository) -> None:
        text = "kind: ResourceQuota\nmetadata: {annotations: {a: yes, b: 1:30, c: 0777, 1: x, on: NO, d: 1_000}}\n"
        put(a_yaml=policy([], ["q.yaml"]), q_yaml=text)
        [layer] = read("a.yaml")
        assert layer.enforced[0].data["metadata"]["annotations"] == {
            "a": "yes", "b": "1:30", "c": "0777", "1": "x", "on": "NO", "d": "1_000",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("entry", "code"), [("gone.yaml", "DRG013"), ("/q.yaml", "DRG015"), ("../out.yaml", "DRG015"), (".", "DRG013")]
    )
    def test_a_file_that_is_not_there(self, put: Repository, entry: str, code: str) -> None:
        put(a_yaml=policy([], [entry]))
        Path("../out.yaml").write_text(QUOTA)
        [finding], exit_code = wrong("a.yaml")
        assert (finding.code, finding.span and (finding.span.file, finding.span.line), exit_code) == (
            code,
            ("a.yaml", 6),
            1,
        )

    def test_a_file_that_is_no_yaml(self, put: Repository) -> None:
        put(a_yaml=policy([], ["q.yaml"]), q_yaml="kind: {\n")
        findings, _ = wrong("a.yaml")
        assert {finding.span and finding.span.file for finding in findings} == {"q.yaml"}


class TestPacks:
    @pytest.fixture
    def shipped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Packs of the test's own."""
        folder = tmp_path / "packs"
        for name, text in {
            "baseline": policy([], ["limits.yaml"]),
            "strict": policy(["../baseline/baseline.policy.yaml", "pack:baseline"]),
        }.items():
            (folder / name).mkdir(parents=True)
            (folder / name / f"{name}.policy.yaml").write_text(text)
        (folder / "baseline/limits.yaml").write_text(QUOTA)
        (folder / "unfinished").mkdir()
        monkeypatch.setattr(packs, "folder", lambda: str(folder))
        return folder

    def test_names_are_the_same_on_every_machine(self, put: Repository, shipped: Path) -> None:
        put(a_yaml=["pack:strict"])
        assert order("a.yaml") == ["pack:baseline/baseline.policy.yaml", "pack:strict/strict.policy.yaml", "a.yaml"]
        assert Path(packs.opened("pack:strict/strict.policy.yaml")).is_file()
        assert packs.opened("a.yaml") == "a.yaml"

    def test_by_itself(self, put: Repository, shipped: Path) -> None:
        [layer] = read("pack:baseline", "pack:baseline")
        assert len(layer.enforced) == 1

    def test_a_name_that_is_nearly_right(self, put: Repository, shipped: Path) -> None:
        assert packs.names() == ["baseline", "strict"]
        [finding], _ = wrong("pack:baselin")
        assert finding.help == "did you mean `baseline`?"
