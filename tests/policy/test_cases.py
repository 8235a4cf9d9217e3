"""Tests of policies: what is told when a case is not as it is expected, and where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dragoman.findings import ERROR, WARNING, Finding, Findings
from dragoman.load.files import Options
from dragoman.policy.cases import Outcome, run

POLICY = """\
apiVersion: dragoman.dev/v1alpha1
kind: Policy
metadata: {name: platform}
spec:
  values: {most: 3}
  overridable: [values.most, exemptions]
  max: [{cpu: 4}]
  rules:
    - {id: few-retries, severity: warning, assert: step.attempts <= policy.values.most, message: "too many: ${{ step.name }}", at: retry}
    - {id: timeout, assert: flow.timeout != null, message: no timeout}
"""
TESTS = """\
apiVersion: dragoman.dev/v1alpha1
kind: PolicyTest
spec:
  policies: [./platform.policy.yaml]
  cases:
"""
BOTH = """
- {name: well, flow: {timeout: 1h, steps: {a: {image: b}}}}
- {name: ill, flow: {steps: {a: {image: b, retry: {limit: 9}}}}, expect: [{rule: few-retries}, {rule: timeout}]}
"""
CASE = "- name: one\n  flow: {timeout: 1h, steps: {a: {image: b, retry: {limit: 9}}, c: {image: d}}}\n"


def told(folder: Path, cases: str, tests: str = TESTS, policy: str = POLICY) -> Outcome:
    (folder / "platform.policy.yaml").write_text(policy)
    text = tests + "".join(f"    {line}\n" for line in cases.strip("\n").splitlines())
    (folder / "platform.policy-test.yaml").write_text(text)
    return run([str(folder)], Options(root=str(folder)))


def under(folder: Path, finding: Finding) -> str:
    """The text that a finding points to."""
    span = finding.span
    assert span is not None
    assert span.line == span.end_line
    name = span.file.rpartition("/")[2]
    line = (folder / name).read_text().splitlines()[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def test_all_is_well(tmp_path: Path) -> None:
    assert told(tmp_path, BOTH) == Outcome(2, ())


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("", [("DRG471", "case `one` does not expect this: too many: a", "{limit: 9}",
               "mend the rule or the flow, or expect `{rule: few-retries, step: a}`")]),
        ("  expect: [{rule: few-retries}]", []),
        ("  expect: [{rule: few-retries, step: a, severity: warning}]", []),
        ("  expect: [{rule: few-retries}, {rule: few-retries, step: a}]", []),
        ("  expect: [{rule: few-retries}, {rule: timeout}]",
         [("DRG470", "case `one`: `timeout` is expected not to be met, and is", "{rule: timeout}", "")]),
        ("  expect: [{rule: few-retries}, {rule: few-retries, step: c}]",
         [("DRG470", "case `one`: `few-retries` is expected not to be met by step `c`, and is",
           "{rule: few-retries, step: c}", "")]),
        ("  expect: [{rule: few-retries, severity: error}]",
         [("DRG470", "case `one`: `few-retries` is expected to be of severity `error`, and is `warning`",
           "{rule: few-retries, severity: error}", ""),
          ("DRG471", "case `one` does not expect this: too many: a", "{limit: 9}",
           "mend the rule or the flow, or expect `{rule: few-retries, step: a}`")]),
        ("  expect: [{rule: few-retries}, {rule: few-retris}]",
         [("DRG470", "case `one`: no policy here has a rule `few-retris`", "{rule: few-retris}", "did you mean `few-retries`?")]),
        # a lower policy's constants, exemptions and days
        ("  policy: {values: {most: 10}}", []),
        ("  policy: {exemptions: [{rule: few-retries, flow: case, step: a, reason: old, owner: me}]}", []),
        ("  policy: {exemptions: [{rule: few-*, flow: case, reason: old, owner: me, expires: 2027-01-31}]}\n  now: 2027-01-31", []),
        ("  policy: {exemptions: [{rule: few-*, flow: case, reason: old, owner: me, expires: 2027-01-31}]}\n  now: 2027-02-01",
         [("DRG471", "case `one` does not expect this: too many: a", "{limit: 9}",
           "mend the rule or the flow, or expect `{rule: few-retries, step: a}`")]),
        ("  policy: {values: {most: many}}\n  expect: [{rule: few-retries}]",
         [("DRG467", "the constant `most` is an int in the upper policy, here a string", "many",
           "a value that is overridden keeps its type")]),
        ("  policy: {extends: [pack:baseline]}\n  expect: [{rule: few-retries}]",
         [("DRG473", "the policy of a case has no `extends`", "extends", "name the file under `spec.policies`")]),
    ],
)  # fmt: skip
def test_what_is_not_as_expected(tmp_path: Path, case: str, expected: list[tuple[str, str, str, str]]) -> None:
    outcome = told(tmp_path, BOTH + CASE + case)
    assert outcome.cases == 3
    found = [(one.code, one.message, under(tmp_path, one), one.help) for one in outcome.findings]
    assert found == expected
    assert all(finding.severity == ERROR for finding in outcome.findings)


@pytest.mark.parametrize(
    ("flow", "code", "marked"),
    [
        ("{timeout: 1h, steps: {a: {imag: b}}}", "DRG102", "imag"),
        ("{timeout: 1h, steps: {a: {command: [x]}}}", "DRG120", "a"),
        ("{timeout: 1h, steps: {a: {image: b, resources: {cpu: 8, limits: {cpu: 2}}}}}", "DRG122", "8"),
        ("{metadata: {name: X}, spec: {timeout: 1h, steps: {a: {image: b}}}}", "DRG106", "X"),
    ],
)
def test_a_flow_that_is_wrong(tmp_path: Path, flow: str, code: str, marked: str) -> None:
    found = told(tmp_path, f"{BOTH}- {{name: one, flow: {flow}}}").findings[0]
    assert (found.code, under(tmp_path, found)) == (code, marked)


def test_bounds_and_environments_and_whole_flows(tmp_path: Path) -> None:
    cases = """
- name: bounds
  flow: {timeout: 1h, steps: {a: {image: b, resources: {cpu: 8}}}}
  expect: [{rule: max.cpu, step: a, severity: error}]
- name: an environment
  target: kubernetes
  env: prod
  flow:
    metadata: {name: whole, labels: {team: ml}}
    spec: {timeout: 1h, steps: {a: {image: b}}, environments: {prod: {steps: {a: {retry: {limit: 5}}}}}}
  expect: [{rule: few-retries}]
"""
    assert told(tmp_path, BOTH + cases).findings == ()


def test_a_rule_that_cannot_be_judged_is_nothing_to_expect(tmp_path: Path) -> None:
    policy = POLICY.replace("step.attempts <=", "step.retry.limit <=")
    findings = told(tmp_path, BOTH, policy=policy).findings
    assert [(finding.code, finding.rule) for finding in findings] == [
        ("DRG441", "few-retries"),
        ("DRG472", "few-retries"),
    ]
    assert findings[1].message == "the rule `few-retries` is met in no case"


@pytest.mark.parametrize(
    ("cases", "untested"),
    [
        (["well"], ["the rule `few-retries` is broken in no case", "the rule `timeout` is broken in no case"]),
        (["ill"], ["the rule `few-retries` is met in no case", "the rule `timeout` is met in no case"]),
    ],
)
def test_a_rule_has_both_answers_somewhere(tmp_path: Path, cases: list[str], untested: list[str]) -> None:
    chosen = "\n".join(line for line in BOTH.splitlines() if any(f"name: {case}" in line for case in cases))
    findings = told(tmp_path, chosen).findings
    assert [(finding.code, finding.message, finding.severity) for finding in findings] == [
        ("DRG472", message, WARNING) for message in untested
    ]
    assert [under(tmp_path, finding) for finding in findings] == ["few-retries", "timeout"]


def test_two_files_test_a_policy_together(tmp_path: Path) -> None:
    lines = BOTH.strip().splitlines()
    told(tmp_path, lines[0])
    (tmp_path / "other.policy-test.yaml").write_text(TESTS + f"    {lines[1]}\n")
    assert run([str(tmp_path)], Options(root=str(tmp_path))) == Outcome(2, ())


def test_packs_that_stand_above_are_not_tested(tmp_path: Path) -> None:
    policy = POLICY.replace("spec:\n", "spec:\n  extends: [pack:cost-guard]\n")
    assert told(tmp_path, BOTH, policy=policy).findings == ()
    tests = TESTS.replace("[./platform", "[pack:cost-guard, ./platform")
    assert told(tmp_path, BOTH, tests).findings == ()


@pytest.mark.parametrize(
    ("tests", "code", "marked"),
    [
        (TESTS.replace("./platform.policy.yaml", "./nothing.policy.yaml"), "DRG013", "./nothing.policy.yaml"),
        (TESTS.replace("./platform.policy.yaml", "pack:nothing"), "DRG465", "pack:nothing"),
        (TESTS.replace("./platform.policy.yaml", "/etc/passwd"), "DRG015", "/etc/passwd"),
        (TESTS.replace("./platform.policy.yaml", "../../x.policy.yaml"), "DRG015", "../../x.policy.yaml"),
        (TESTS.replace("./platform.policy.yaml", "./platform.policy-test.yaml"), "DRG107", "PolicyTest"),
    ],
)
def test_policies_that_are_not_there(tmp_path: Path, tests: str, code: str, marked: str) -> None:
    [found] = told(tmp_path, BOTH, tests).findings
    assert (found.code, under(tmp_path, found)) == (code, marked)


@pytest.mark.parametrize(
    ("field", "message"), [("target: agro", "there is no target `agro`"), ("now: 2027-02-30", "`2027-02-30` is no day")]
)
def test_what_no_case_can_say(tmp_path: Path, field: str, message: str) -> None:
    told(tmp_path, f"{BOTH}{CASE}  {field}\n  expect: [{{rule: few-retries}}]")
    [found] = run([str(tmp_path)], Options(root=str(tmp_path)), lambda name: "did you mean `argo`?").findings
    assert (found.code, found.message) == ("DRG473", message)
    assert under(tmp_path, found) == field.split()[1]


@pytest.mark.parametrize(
    ("text", "code", "exit_code"),
    [
        (POLICY, "DRG473", 1),
        (TESTS + "    - {flow: {}}\n", "DRG103", 1),
        (TESTS + "    - {name: x, flow: {}, now: tomorrow}\n", "DRG106", 1),
        (TESTS + "    - {name: x, flow: {}, expekt: []}\n", "DRG102", 1),
        ("[]", "DRG101", 1),
        ("a: [", "DRG002", 1),
    ],
)
def test_files_that_are_no_tests(tmp_path: Path, text: str, code: str, exit_code: int) -> None:
    (tmp_path / "x.policy-test.yaml").write_text(text)
    with pytest.raises(Findings) as caught:
        run([str(tmp_path / "x.policy-test.yaml")], Options(root=str(tmp_path)))
    assert code in {finding.code for finding in caught.value.findings}
    assert caught.value.exit_code == exit_code


def test_no_tests_at_all(tmp_path: Path) -> None:
    with pytest.raises(Findings) as caught:
        run([str(tmp_path)], Options())
    [found] = caught.value.findings
    assert found.code == "DRG014"


def test_the_example_of_the_page(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
    for name, text in re.findall(r"<!-- file (rules\.\S+) -->\n```yaml\n(.*?)```", page, re.DOTALL):
        (tmp_path / name).write_text(text)
    assert run([str(tmp_path)], Options(root=str(tmp_path))) == Outcome(3, ())
