"""What files of a cluster say of a flow, for the tests of each kind of file."""

from __future__ import annotations

from typing import NamedTuple

from dragoman.emit.registry import find
from dragoman.findings import Finding, Findings
from dragoman.load import yaml
from dragoman.load.document import Document
from dragoman.load.policies import Policy
from dragoman.pipeline import ruled
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Plan
from dragoman.plan.references import steps_of
from dragoman.policy.enact import enact
from dragoman.policy.force import in_force
from dragoman.policy.model import Quota
from dragoman.policy.sources import admitted

HEAD = "apiVersion: dragoman.dev/v1alpha1\n"


class Judged(NamedTuple):
    """The quotas that a flow must keep to, the plan as the cluster sees it, and what is said."""

    quotas: list[Quota]
    plan: Plan
    footprint: Footprint
    findings: list[Finding]

    def said(self, severity: str = "error") -> list[str]:
        """The messages of one severity."""
        return [finding.message for finding in self.findings if finding.severity == severity]

    def codes(self, severity: str = "error") -> list[str]:
        """The codes of one severity."""
        return [finding.code for finding in self.findings if finding.severity == severity]

    def amounts(self) -> dict[str, int]:
        """The quotas by what they count."""
        return {quota.key: quota.amount for quota in self.quotas}

    def covered(self) -> dict[str, list[str]]:
        """The names of the steps that each quota covers; all where it says nothing."""
        everything = [".".join(step.address) for step in steps_of(self.plan) if step.container is not None]
        return {
            quota.key: everything
            if quota.covers is None
            else [name for name in everything if (*name.split("."),) in quota.covers]
            for quota in self.quotas
        }


def documents(text: str, file: str = "cluster.yaml") -> list[Document]:
    return yaml.parse(text, file, foreign=True)


def policy(*files: str) -> Policy:
    [own] = documents(f"{HEAD}kind: Policy\nmetadata: {{name: platform}}\nspec: {{}}\n", "platform.policy.yaml")
    return Policy(own, tuple(one for number, text in enumerate(files) for one in documents(text, f"file{number}.yaml")))


def flow(spec: str, namespace: str = "ml") -> Document:
    body = "\n".join(f"  {line}" for line in spec.strip("\n").split("\n"))
    space = f", namespace: {namespace}" if namespace else ""
    [found] = documents(f"{HEAD}kind: Flow\nmetadata: {{name: f{space}}}\nspec:\n{body}\n", "flow.dragoman.yaml")
    return found


def judged(spec: str, *files: str, target: str = "kubernetes", namespace: str = "ml") -> Judged:
    """What the cluster's files say of a flow; what a file itself has wrong is raised."""
    policies = enact([policy(*files)])
    plan, *_ = ruled(flow(spec, namespace), {}, policies, target)
    said, _ = in_force(policies, plan)
    found = admitted(said, plan, find(target).footprint)
    return Judged(list(found.policies.quotas), found.plan, found.footprint, [*policies.findings, *found.findings])


def wrong(*files: str) -> list[Finding]:
    """What is wrong with files of a cluster."""
    try:
        return list(enact([policy(*files)]).findings)
    except Findings as error:
        return list(error.findings)
