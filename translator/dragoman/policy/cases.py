"""Tests of policies: small flows, and what the policies are expected to say of them.

A case goes through what a render does up to the policies, and no further: no target's own rules, no quotas.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from dragoman import spec
from dragoman.findings import ERROR, INFO, WARNING, Finding, Findings, Span, did_you_mean
from dragoman.load import files
from dragoman.load.document import Document, Path
from dragoman.load.packs import PREFIX
from dragoman.load.policies import Policy
from dragoman.load.policies import policies as layers
from dragoman.plan.model import Plan
from dragoman.plan.origin import Origin
from dragoman.plan.resolve import resolve
from dragoman.policy.enact import enact
from dragoman.policy.exemptions import exempted, expired, is_day, steps_of
from dragoman.policy.force import Enacted, in_force
from dragoman.policy.model import Policies
from dragoman.policy.rules.judge import judge
from dragoman.policy.settle import settle

SUFFIXES = (".policy-test.yaml", ".policy-test.yml", ".policy-test.jsonnet")
KIND = "PolicyTest"
BROKEN, UNJUDGED = "DRG440", "DRG441"


class Outcome(NamedTuple):
    """How many cases were run, and what is wrong: with the cases, or with the policies in them."""

    cases: int
    findings: tuple[Finding, ...]


def run(paths: Sequence[str], options: files.Options, stranger: Callable[[str], str] = lambda name: "") -> Outcome:
    """Run the tests of some files, or of all below folders.

    Raises `Findings` when they cannot be read: exit code 2 for a path, 1 for what is in a file.

    stranger  help for a name that no target has; empty for a target's
    """
    tests = _read(paths, options)
    met = _Met({}, {})
    findings: list[Finding] = []
    for test in tests:
        try:
            findings += _tested(test, options, stranger, met)
        except Findings as error:
            findings += error.findings
    cases = sum(len(test.data["spec"]["cases"]) for test in tests)
    return Outcome(cases, (*dict.fromkeys(findings), *met.untested()))


def _read(paths: Sequence[str], options: files.Options) -> list[Document]:
    """The tests of the paths."""
    findings: list[Finding] = []
    documents: list[Document] = []
    exit_code = 1
    for path in paths:
        for file in files.expand(path, SUFFIXES, findings):
            try:
                documents += files.read(file, options)
            except Findings as error:
                findings += error.findings
                exit_code = max(exit_code, error.exit_code)
    for document in documents:
        try:
            spec.read(document)
        except Findings as error:
            findings += error.findings
            continue
        if document.data["kind"] != KIND:
            message, advice = f"`{document.file}` holds no tests of policies", f"they are a document of `kind: {KIND}`"
            findings.append(Finding("DRG473", message, document.span(("kind",)), advice))
    if findings:
        raise Findings(findings, exit_code)
    return documents


def _tested(test: Document, options: files.Options, stranger: Callable[[str], str], met: _Met) -> Iterator[Finding]:
    """What is wrong with the cases of one document."""
    found, own = _policies(test, options)
    upper = enact(found, stranger)
    yield from upper.findings
    for number in range(len(test.data["spec"]["cases"])):
        try:
            yield from _Case(test, ("spec", "cases", number)).wrong(upper, own, met, stranger)
        except Findings as error:
            yield from error.findings


def _policies(test: Document, options: files.Options) -> tuple[list[Policy], set[str]]:
    """The policies that a document of tests names, upper layers first, and the files of those that it tests."""
    found: dict[tuple[str, int], Policy] = {}
    own: set[str] = set()
    root = options.root or files.root_of(test.file)
    for number, name in enumerate(test.data["spec"]["policies"]):
        place = test.span(("spec", "policies", number))
        try:
            stack = layers([name if name.startswith(PREFIX) else _beside(test, name, root, place)], options)
        except Findings as error:
            raise Findings([one if one.span else one._replace(span=place) for one in error.findings]) from None
        found.update({(layer.document.file, layer.document.number): layer for layer in stack})
        if not name.startswith(PREFIX):
            own.add(stack[-1].document.file)
    return list(found.values()), own


def _beside(test: Document, name: str, root: str, place: Span) -> str:
    """The path of a policy that a file of tests names."""
    if os.path.isabs(name):
        raise Findings(
            [Finding("DRG015", f"`{name}` is an absolute path", place, "it counts from the file of the tests")]
        )
    path = os.path.normpath(os.path.join(os.path.dirname(test.file), name))
    files.check_inside(path, root, place)
    return path


class _Met(NamedTuple):
    """The rules that were tested, by their places: how often each was met in a case, and how often not."""

    rules: dict[tuple[str, int, str], Origin]
    answers: dict[tuple[str, int, str], set[bool]]

    def note(self, said: Policies, own: set[str], findings: Sequence[Finding]) -> None:
        """Take in a case; a rule that cannot be judged has no answer."""
        broken, unjudged = ({one.rule for one in findings if one.code == code} for code in (BROKEN, UNJUDGED))
        for rule in said.rules:
            document = rule.origin.source.document if rule.origin.source is not None else None
            if document is not None and document.file in own:
                key = (document.file, document.number, rule.id)
                self.rules[key] = rule.origin
                self.answers.setdefault(key, set()).update(set() if rule.id in unjudged else {rule.id not in broken})

    def untested(self) -> Iterator[Finding]:
        """A warning for each rule that no case shows to be met, or not to be."""
        for key, origin in self.rules.items():
            for answer, words in ((True, "is met in no case"), (False, "is broken in no case")):
                if answer not in self.answers[key] and origin.source is not None:
                    span = origin.source.span((*origin.path, "id"))
                    advice = "add a case for each answer: a rule that always gives one is no rule"
                    yield Finding("DRG472", f"the rule `{key[2]}` {words}", span, advice, WARNING, rule=key[2])


class _Case(NamedTuple):
    """One case of a document of tests."""

    test: Document
    path: Path

    @property
    def body(self) -> dict[str, Any]:
        """The case as it is written."""
        found: dict[str, Any] = self.test.data["spec"]["cases"][self.path[-1]]
        return found

    def wrong(self, upper: Enacted, own: set[str], met: _Met, stranger: Callable[[str], str]) -> Iterator[Finding]:
        """What is expected and not said, and what is said and not expected."""
        impossible = list(self.impossible(stranger))
        if impossible:
            yield from impossible
            return
        policies = self.with_lower(upper)
        flow = self.document("flow", "Flow")
        spec.read(flow)
        plan = resolve(flow, {}, self.body.get("env") or "", (), self.body.get("target") or "")
        said, of_policies = in_force(policies, plan)
        yield from (finding for finding in of_policies if finding not in policies.findings)
        plan, findings = settle(plan, said)
        findings += judge(plan, said)
        met.note(said, own, findings)
        findings = exempted(findings, said.exemptions, plan)
        if self.body.get("now"):
            findings = expired(findings, self.body["now"])
        yield from (one for one in findings if one.code == UNJUDGED or (one.severity == ERROR and not one.rule))
        counting = [one for one in findings if one.rule and one.code != UNJUDGED and one.pardon is None]
        yield from self.compared(counting, plan, said)

    def impossible(self, stranger: Callable[[str], str]) -> Iterator[Finding]:
        """A target that there is not, a day that no calendar has."""
        target, day = self.body.get("target") or "", self.body.get("now") or ""
        hint = stranger(target) if target else ""
        if hint:
            yield Finding("DRG473", f"there is no target `{target}`", self.test.span((*self.path, "target")), hint)
        if day and not is_day(day):
            advice = "write YYYY-MM-DD, for example `2027-01-31`"
            yield Finding("DRG473", f"`{day}` is no day", self.test.span((*self.path, "now")), advice)

    def compared(self, findings: list[Finding], plan: Plan, said: Policies) -> Iterator[Finding]:
        """Findings of policies beside those that are expected."""
        expected = self.body.get("expect") or []
        for number, one in enumerate(expected):
            if not any(_is(finding, one, plan) for finding in findings):
                yield self.missing(number, findings, plan, said)
        for finding in findings:
            noted = finding.severity == INFO and finding.code != BROKEN
            if not noted and not any(_is(finding, one, plan) for one in expected):
                yield self.unexpected(finding, plan)

    def missing(self, number: int, findings: list[Finding], plan: Plan, said: Policies) -> Finding:
        """That an expected finding is not there."""
        one = self.body["expect"][number]
        rule, step, severity = one["rule"], one.get("step"), one.get("severity")
        known = {rule.id for rule in said.rules}
        known |= {f"max.{bound.key}" for bound in said.maxima} | {f"min.{bound.key}" for bound in said.minima}
        other = next((finding for finding in findings if _is(finding, {**one, "severity": None}, plan)), None)
        advice = ""
        if rule not in known:
            message, advice = f"no policy here has a rule `{rule}`", did_you_mean(rule, known)
        elif other is not None:
            message = f"`{rule}` is expected to be of severity `{severity}`, and is `{other.severity}`"
        else:
            message = f"`{rule}` is expected not to be met{f' by step `{step}`' if step else ''}, and is"
        span = self.test.span((*self.path, "expect", number))
        return Finding("DRG470", f"case `{self.body['name']}`: {message}", span, advice, rule=rule)

    def unexpected(self, finding: Finding, plan: Plan) -> Finding:
        """That a finding is there which is not expected."""
        steps = steps_of(finding.address, plan)
        step = f", step: {'.'.join(steps[0])}" if len(steps) == 1 else ""
        return Finding(
            "DRG471",
            f"case `{self.body['name']}` does not expect this: {finding.message}",
            finding.span,
            f"mend the rule or the flow, or expect `{{rule: {finding.rule}{step}}}`",
            address=finding.address,
            related=finding.related,
            rule=finding.rule,
        )

    def with_lower(self, upper: Enacted) -> Enacted:
        """The policies with the one that the case itself says."""
        if self.body.get("policy") is None:
            return upper
        for field in ("extends", "quotaFrom"):
            if field in self.body["policy"]:
                span = self.test.span((*self.path, "policy", field), key=True)
                message, advice = f"the policy of a case has no `{field}`", "name the file under `spec.policies`"
                raise Findings([Finding("DRG473", message, span, advice)])
        lower = enact([Policy(self.document("policy", "Policy"))])
        return Enacted(upper.policies + lower.policies, upper.said + lower.said, upper.findings + lower.findings)

    def document(self, field: str, kind: str) -> Document:
        """A part of the case as a document of its own; its places are those of the tests' file."""
        part = self.body[field]
        mark = self.test.marks.get(id(self.body), {}).get(field)
        head = {"apiVersion": self.test.data["apiVersion"], "kind": kind, "metadata": {"name": "case"}}
        if "spec" in part:
            data = {**head, **part}
            places = self.test.marks.get(id(part), {})
        else:
            data = {**head, "spec": part}
            places = {} if mark is None else {"spec": mark}
        start = self.test.start if mark is None else mark.start
        return self.test._replace(data=data, marks={**self.test.marks, id(data): places}, start=start)


def _is(finding: Finding, expected: dict[str, Any], plan: Plan) -> bool:
    """Whether a finding is one that is expected."""
    step, severity = expected.get("step"), expected.get("severity")
    if finding.rule != expected["rule"] or severity not in (None, finding.severity):
        return False
    return step is None or step in [".".join(address) for address in steps_of(finding.address, plan)]
