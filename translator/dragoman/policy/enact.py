"""Policies are read, once for all flows: their words become data, their rules are compiled, their slips are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dragoman import spec
from dragoman.findings import Finding, Findings, has_errors
from dragoman.load.document import Path
from dragoman.plan.amounts import known, resources
from dragoman.plan.context import Context
from dragoman.plan.model import Accelerator, Step
from dragoman.plan.origin import Layer, Origin, Source
from dragoman.plan.origins import origin
from dragoman.policy.force import Enacted
from dragoman.policy.layers import unsound
from dragoman.policy.merge import placed
from dragoman.policy.model import Bound, Exemption, Missing, Policies, Quota, Rule

if TYPE_CHECKING:
    from dragoman.load.policies import Policy
    from dragoman.policy.sources.enforced import Enforced

BOUNDED = ("cpu", "memory", "gpu", "disk", "shm")
QUOTA_KEYS = {"cpu": "requests.cpu", "memory": "requests.memory", "gpu": "gpu", "disk": "requests.ephemeral-storage"}
LIMIT_KEYS = {"cpu": "limits.cpu", "memory": "limits.memory", "disk": "limits.ephemeral-storage"}


def enact(policies: Sequence[Policy], stranger: Callable[[str], str] = lambda name: "") -> Enacted:
    """The policies, read; raises `Findings` with everything that is wrong with them.

    stranger  help for a name that no target has; empty for a target's
    """
    findings: list[Finding] = []
    said: list[Policies] = []
    for policy in policies:
        try:
            spec.read(policy.document)
        except Findings as error:
            findings += error.findings
            continue
        said.append(_read(policy, said, findings))
        findings += _impossible(policy, stranger)
        findings += _empty(policy)
        findings += unsound(said[-1])
        if said[-1].exemptions:
            from dragoman.policy.exemptions import unreadable  # dates: most policies have none

            findings += unreadable(said[-1].exemptions)
    if any(one.values or one.exemptions for one in said):
        from dragoman.policy.slips import slips

        findings += slips(said)
    if has_errors(findings):
        raise Findings(dict.fromkeys(findings))
    return Enacted(tuple(policies), tuple(said), tuple(findings))


def _impossible(policy: Policy, stranger: Callable[[str], str]) -> list[Finding]:
    """Conditions that no flow can meet."""
    document = policy.document
    match = document.data["spec"].get("match") or {}
    findings = []
    for key in ("namespaces", "targets"):
        if match.get(key) == []:
            message = f"`{key}: []` matches no flow: the policy is for nobody"
            span = document.span(("spec", "match", key))
            findings.append(Finding("DRG462", message, span, f"leave `{key}` out to match every flow"))
    for number, name in enumerate(match.get("targets") or ()):
        hint = stranger(name)
        if hint:
            span = document.span(("spec", "match", "targets", number))
            findings.append(Finding("DRG462", f"there is no target `{name}`", span, hint))
    return findings


def _empty(policy: Policy) -> list[Finding]:
    """Entries that bound nothing: of one in two pieces, neither does what it seems to."""
    document, findings = policy.document, []
    for field in ("max", "min", "quota"):
        for number, entry in enumerate(document.data["spec"].get(field) or ()):
            said = {**(entry.get("limits") or {}), **entry}
            if all(said.get(key) is None for key in (*BOUNDED, "pods")):
                message = f"this entry of `{field}` has no amount: it bounds nothing"
                advice = "an entry has amounts and their `action` together: `- {cpu: 4, action: deny}`"
                findings.append(Finding("DRG468", message, document.span(("spec", field, number)), advice))
    return findings


def _read(policy: Policy, above: Sequence[Policies], findings: list[Finding]) -> Policies:
    """One policy's own words as data; its rules may also name constants of the layers above."""
    body, source = policy.document.data["spec"], Source(policy.document)
    context = Context(source, "", findings, {}, {}, {}, {})
    layer = Layer("policy", body.get("defaults") or {}, source, ("spec", "defaults"))
    defaults = resources(context, [layer], [{}])
    maxima = _bounds(context, body.get("max"), "max")
    minima = _bounds(context, body.get("min"), "min")
    return Policies(
        defaults={place: (amount, _origin(layer, *place)) for place, amount in placed(defaults).items()},
        accelerator=None if defaults.accelerator is None else (defaults.accelerator, _origin(layer, "accelerator")),
        accelerators={
            name: Accelerator(
                one.get("resource") or Accelerator().resource,
                one.get("nodeSelector") or {},
                tuple(one.get("tolerations") or ()),
            )
            for name, one in (body.get("accelerators") or {}).items()
        },
        missing={
            key: (_missing(said), Origin("policy", source, ("spec", "limits", key)))
            for key, said in (body.get("limits") or {}).items()
            if said is not None
        },
        maxima=maxima,
        minima=minima,
        quotas=_quotas(context, body.get("quota")),
        enforced=_enforced(policy, findings),
        values={
            name: (value, Origin("policy", source, ("spec", "values", name)))
            for name, value in (body.get("values") or {}).items()
        },
        rules=_rules(policy, source, above, findings),
        exemptions=tuple(
            Exemption(one, Origin("policy", source, ("spec", "exemptions", number)))
            for number, one in enumerate(body.get("exemptions") or ())
        ),
        overridable={
            name: Origin("policy", source, ("spec", "overridable", number))
            for number, name in enumerate(body.get("overridable") or ())
        },
    )


def _origin(layer: Layer, *place: str) -> Origin:
    """Who says a default: it may stand straight under `resources`."""
    return origin(Step((), layers=(layer,)), "resources", *place)


def _rules(policy: Policy, source: Source, above: Sequence[Policies], findings: list[Finding]) -> tuple[Rule, ...]:
    """A policy's rules, compiled; nothing is even imported where there are none."""
    entries = policy.document.data["spec"].get("rules")
    if not entries:
        return ()
    from dragoman.policy.rules.compile import compile_rule

    name, own = policy.document.data["metadata"]["name"], policy.document.data["spec"].get("values") or {}
    values = {**{key: value for layer in above for key, (value, _) in layer.values.items()}, **own}
    found = []
    for number, entry in enumerate(entries):
        place = Origin("policy", source, ("spec", "rules", number))
        compiled = compile_rule(entry, name, values, place, findings)
        found.append(Rule(entry["id"], entry.get("severity") or "error", entry, place, compiled))
    return tuple(found)


def _enforced(policy: Policy, findings: list[Finding]) -> tuple[Enforced, ...]:
    """What the files say that a policy names under `quotaFrom`."""
    if not policy.enforced:
        return ()
    from dragoman.policy.sources.enforced import read

    enforced, wrong = read(policy.enforced)
    findings += wrong
    return enforced


def _missing(said: Any) -> Missing:
    return float(said["ratio"]) if isinstance(said, dict) else said


def _bounds(context: Context, entries: Sequence[Mapping[str, Any]] | None, field: str) -> tuple[Bound, ...]:
    found = []
    for number, entry in enumerate(entries or ()):
        path: Path = ("spec", field, number)
        for key in BOUNDED:
            amount = None if entry.get(key) is None else known(context, key, entry[key], context.source, (*path, key))
            if amount is not None:
                place = Origin("policy", context.source, (*path, key))
                action: Any = entry.get("action") or "deny"
                reason, overridable = entry.get("reason") or "", bool(entry.get("overridable"))
                found.append(Bound(key, amount, action, place, reason, overridable))
    return tuple(found)


def _quotas(context: Context, entries: Sequence[Mapping[str, Any]] | None) -> tuple[Quota, ...]:
    found = []
    for number, entry in enumerate(entries or ()):
        place: Path = ("spec", "quota", number)
        said: list[tuple[str, Path, int | None]] = [("pods", (*place, "pods"), entry.get("pods"))]
        limits = entry.get("limits") or {}
        for block, path, names in ((entry, place, QUOTA_KEYS), (limits, (*place, "limits"), LIMIT_KEYS)):
            for key, name in names.items():
                if block.get(key) is not None:
                    said.append((name, (*path, key), known(context, key, block[key], context.source, (*path, key))))
        action: Any = entry.get("action") or "deny"
        reason, overridable = entry.get("reason") or "", bool(entry.get("overridable"))
        found += [
            Quota(name, amount, action, Origin("policy", context.source, path), reason, overridable=overridable)
            for name, path, amount in said
            if amount is not None
        ]
    return tuple(found)
