"""What a check says of all flows at once, and of the tests of policies."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.cli import main

FLOW = """\
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  target: argo
  defaults: {{image: i}}
  steps: {{a: {{command: [x], resources: {{cpu: {cpu}}}}}}}
"""
POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: p}
spec:
  max: [{cpu: 8, action: deny}]
  quota: [{cpu: 10, action: deny}]
"""
EXEMPTION = "  exemptions: [{rule: %s, flow: %s, reason: they are old, owner: me, expires: %s}]\n"
TESTS = """\
apiVersion: dragoman.dev/v1alpha1
kind: PolicyTest
metadata: {name: p}
spec:
  policies: [p.policy.yaml]
  cases:
    - name: too many cores
      flow: {steps: {a: {image: i, resources: {cpu: 9}}}}
      expect: [{rule: max.cpu}]
"""


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "p.policy.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def flow(name: str, cpu: int, namespace: str = "ml") -> None:
    Path(f"{name}.dragoman.yaml").write_text(FLOW.format(name=name, cpu=cpu, namespace=namespace))


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["check", "--policy", "p.policy.yaml", "--format", "lines", *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_flows_exceed_a_quota_together(capsys: pytest.CaptureFixture[str]) -> None:
    flow("one", 6)
    flow("two", 6)
    assert check(capsys) == (0, "")
    code, said = check(capsys, "--together")
    assert (code, said.count("DRG424")) == (1, 1)
    assert "`one` 6" in said
    assert "`two` 6" in said
    flow("two", 6, "other")
    assert check(capsys, "--together") == (0, "")


def test_one_that_is_exempt_is_not_part_of_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    flow("one", 6)
    flow("two", 6)
    Path("p.policy.yaml").write_text(POLICY + EXEMPTION % ("quota.cpu", "two", "2099-01-31"))
    assert "DRG424" not in check(capsys, "--together")[1]


@pytest.mark.parametrize(
    ("rule", "name", "cpu", "said"),
    [
        ("max.cpu", "old", 9, ""),
        ("max.cpu", "old", 8, "pardons nothing"),
        ("max.memory", "old", 8, "pardons nothing"),
        ("max.cpu", "elsewhere", 8, ""),  # that flow was not checked
        ("quota.cpu", "old", 8, "pardons nothing"),
    ],
)
def test_an_exemption_that_nobody_needs(
    capsys: pytest.CaptureFixture[str], rule: str, name: str, cpu: int, said: str
) -> None:
    flow("old", cpu)
    Path("p.policy.yaml").write_text(POLICY + EXEMPTION % (rule, name, "2099-01-31"))
    code, out = check(capsys)
    assert (code, said in out, bool(out)) == (0, True, bool(said))


def test_an_exemption_that_is_over_is_needed_again(capsys: pytest.CaptureFixture[str]) -> None:
    flow("old", 9)
    Path("p.policy.yaml").write_text(POLICY + EXEMPTION % ("max.cpu", "old", "2027-01-31"))
    assert check(capsys, "--now", "2027-01-31") == (0, "")
    code, out = check(capsys, "--now", "2027-02-01")
    assert (code, "DRG406" in out, "DRG451" in out) == (1, True, False)
    assert main(["render", "--policy", "p.policy.yaml", "-q"]) == 0  # whatever the day


def test_nobody_knows_what_a_broken_flow_would_need(capsys: pytest.CaptureFixture[str]) -> None:
    flow("old", 8)
    Path("new.dragoman.yaml").write_text(FLOW.format(name="new", cpu=1, namespace="ml").replace("image: i", "imag: i"))
    Path("p.policy.yaml").write_text(POLICY + EXEMPTION % ("max.cpu", "*", "2099-01-31"))
    assert "DRG451" not in check(capsys)[1]


def test_rules_and_quotas_have_exemptions(capsys: pytest.CaptureFixture[str]) -> None:
    flow("old", 8)
    rules = "  rules: [{id: small, assert: step.resources.cpu < quantity('2'), message: it is large}]\n"
    Path("p.policy.yaml").write_text(POLICY.replace("cpu: 10", "cpu: 4") + rules)
    code, out = check(capsys)
    assert (code, "small" in out, "DRG42" in out) == (1, True, True)
    Path("p.policy.yaml").write_text(
        POLICY.replace("cpu: 10", "cpu: 4") + rules + EXEMPTION % ("'*'", "old", "2099-01-31")
    )
    assert check(capsys) == (0, "")


def test_tests_of_policies(capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.policy-test.yaml").write_text(TESTS)
    assert main(["check", "--policy-tests"]) == 0
    assert capsys.readouterr().out == "1 case of policies: nothing to report\n"
    Path("p.policy-test.yaml").write_text(TESTS.replace("cpu: 9", "cpu: 7"))
    code, out = check(capsys, "--policy-tests")
    assert (code, "p.policy-test.yaml:9" in out) == (1, True)


def test_a_finding_of_one_environment_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    flow("one", 12)
    with Path("one.dragoman.yaml").open("a") as file:
        file.write("  environments: {prod: {steps: {a: {resources: {cpu: 14}}}}, dev: {timeout: 1h}}\n")
    Path("p.policy.yaml").write_text(POLICY.replace("  max: [{cpu: 8, action: deny}]\n", ""))
    code, out = check(capsys)
    assert code == 1
    assert [line.partition(": error ")[2][:78] for line in out.splitlines()] == [
        "DRG420 quota.cpu: the flow may hold 12 cpu at one time, the quota is 10: `a` (",
        "DRG420 quota.cpu: the flow may hold 14 cpu at one time, the quota is 10: `a` (",
    ]
    assert ["(environment `prod`)" in line for line in out.splitlines()] == [False, True]


def test_a_policy_for_nobody_here(capsys: pytest.CaptureFixture[str]) -> None:
    flow("one", 1)
    match = "spec:\n  match: {namespaces: [%s]}\n"
    Path("p.policy.yaml").write_text(POLICY.replace("spec:\n", match % "other-*"))
    assert check(capsys) == (0, "")
    code, out = check(capsys, "-v")
    assert (code, out.count("DRG461"), "p.policy.yaml:5:3" in out) == (0, 1, True)
    Path("p.policy.yaml").write_text(POLICY.replace("spec:\n", match % "m*"))
    assert check(capsys, "-v") == (0, "")
