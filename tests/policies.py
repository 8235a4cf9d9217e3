"""Random policies: one or two layers that refuse nothing, so that every flow renders under them.

Left out is what is an error of some flow: `deny`, but of amounts that no flow has, rules of severity `error`, a ratio
of amounts from data, a lower layer that loosens what is not left to it. `extends` and `quotaFrom` name files.
"""

from __future__ import annotations

from typing import Any

import texts as t
from chance import Chance

# what a maximum cuts to and a minimum raises to; a minimum is never above a maximum
_MOST = {
    "cpu": (2, "2500m", 60),
    "memory": ("1Gi", "1500M", "1Ti"),
    "disk": ("2Gi", "1Ti"),
    "shm": ("32Mi", "1Gi"),
    "gpu": (0, 1, 4),
}
_LEAST = {
    "cpu": ("250m", 1, 0),
    "memory": ("100Mi", "1G", "64Ki"),
    "disk": ("1Gi", 0),
    "shm": ("1Mi", "32Mi"),
    "gpu": (0,),
}
_QUOTA = {"cpu": (1, 1000), "memory": ("1Gi", "1Pi"), "gpu": (0, 100), "disk": (0, "1Pi"), "pods": (0, 1, 1000)}
_REASONS = ("nodes are small", "${{ x }} {{x}}\nline", "é🙂")
_STEP_RULES = (
    "step.image == null || step.image.contains(':')",
    "step.timeout != null && step.timeout < 3600",
    "step.attempts * 2 > size(step.name) || step.dynamic.command",
    "step.runs == null || step.runs < policy.values.most",
    "step.resources.memory == null || step.resources.memory < quantity(policy.values.room)",
    "has(step.labels.app) || step.volumes.all(v, v.readOnly || v.kind == 'emptyDir')",
    "step.env.all(name, name.matches('^[A-Z_]*$'))",
)
_FLOW_RULES = (
    "flow.steps.all(s, s.when || !s.onExit)",
    "target.name != 'argo' || has(flow.labels.team)",
    "size(flow.steps.filter(s, s.resources.gpu != null)) < policy.values.most && flow.schedule == null",
)
_MESSAGES = ("no", "`${{ flow.name }}` has ${{ size(flow.steps) }}, the most is ${{ policy.values.most }}")
_OVERRIDABLE = ("limits", "limits.cpu", "values.most", "exemptions")


def policies(chance: Chance) -> list[dict[str, Any]]:
    """The `spec` of each layer, the highest first."""
    if not chance.accelerators and chance.either():
        return []
    upper = _layer(chance, overridable=chance.either())
    upper["values"] = {"most": 3, "room": "4Gi", **chance.some(list=[1, 2])}
    upper |= chance.some(match=lambda: _match(chance), overridable=lambda: chance.sample(_OVERRIDABLE, 0, 4))
    if chance.accelerators:
        upper = {**upper, "match": {"targets": ["argo"]}, "accelerators": {"l4": _accelerator(chance)}}
    return [upper, _lower(chance, upper)] if chance.either() else [upper]


def _lower(chance: Chance, upper: dict[str, Any]) -> dict[str, Any]:
    """A layer below another: the same again, and what it may loosen."""
    left = upper.get("overridable", ())
    lower = {key: made for key, made in _layer(chance, overridable=False).items() if key not in ("limits", "rules")}
    if "exemptions" not in left:
        lower.pop("exemptions", None)
    if "values.most" in left and "match" not in upper:
        lower["values"] = {"most": chance.pick((0, 1000))}
    if "limits" in left or "limits.cpu" in left:
        lower["limits"] = {"cpu": chance.pick(("equal", "none"))}
    return {**lower, **chance.some(match=lambda: _match(chance), overridable=["limits.memory"])}


def _layer(chance: Chance, *, overridable: bool) -> dict[str, Any]:
    return chance.some(
        merge={"resources": "max"},
        defaults=lambda: {"resources": _defaults(chance)},
        limits=lambda: _limits(chance),
        max=lambda: [_bound(chance, _MOST, overridable=overridable) for _ in range(2)],
        min=lambda: [_bound(chance, _LEAST, overridable=overridable)],
        quota=lambda: [_quota(chance, overridable=overridable) for _ in range(2)],
        rules=lambda: _rules(chance, overridable=overridable),
        exemptions=lambda: [_exemption(chance) for _ in range(2)],
    )


def _match(chance: Chance) -> dict[str, Any]:
    return chance.some(
        namespaces=lambda: chance.sample(("ml", "*", "d?fault", "[0-9]"), 1, 3),
        targets=lambda: chance.sample(("argo", "kubernetes", "batch"), 1, 3),
        labels=lambda: chance.labels() if chance.either() else {},
    )


def _accelerator(chance: Chance) -> dict[str, Any]:
    toleration = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    return chance.some(resource="amd.com/gpu", nodeSelector={"gpu": "l4"}, tolerations=[toleration])


def _defaults(chance: Chance) -> dict[str, Any]:
    """Amounts of steps that say nothing; limits and bounds are above what any step says."""
    amounts = chance.some(cpu=lambda: chance.pick(t.CPU), memory="2Gi", disk="1Gi", shm="64Mi", gpu=1)
    return {**amounts, **chance.some(limits={"cpu": 60, "memory": "15Ti", "disk": "2Ti"}, bounds={"disk": "1Pi"})}


def _limits(chance: Chance) -> dict[str, Any]:
    words: list[Any] = ["equal", "none", *([{"ratio": 1.5}, {"ratio": 1}] if chance.grows else [])]
    return chance.some(
        memory=lambda: chance.pick(words), cpu=lambda: chance.pick(words), disk=lambda: chance.pick(words)
    )


def _some(chance: Chance, amounts: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    keys = chance.sample(list(amounts), 1, len(amounts))
    return {key: chance.pick(amounts[key]) for key in keys}


def _bound(chance: Chance, amounts: dict[str, tuple[Any, ...]], *, overridable: bool) -> dict[str, Any]:
    if amounts is _MOST and chance.often(4):
        return {"gpu": 1000, "shm": "1Pi", "action": "deny"}
    action = chance.pick(("clamp", "clamp", "warn"))
    return {**_some(chance, amounts), "action": action, **_said(chance, overridable=overridable)}


def _quota(chance: Chance, *, overridable: bool) -> dict[str, Any]:
    limits = {key: _QUOTA[key] for key in ("cpu", "memory", "disk")}
    more = chance.some(limits=lambda: _some(chance, limits))
    return {**_some(chance, _QUOTA), **more, "action": "warn", **_said(chance, overridable=overridable)}


def _said(chance: Chance, *, overridable: bool) -> dict[str, Any]:
    return {**chance.some(reason=lambda: chance.pick(_REASONS)), **({"overridable": True} if overridable else {})}


def _rules(chance: Chance, *, overridable: bool) -> list[dict[str, Any]]:
    about_steps = chance.sample(_STEP_RULES, 0, 3)
    rules = [
        {"id": f"rule-{number}", "assert": text, "severity": chance.pick(("warning", "info"))}
        | {"message": chance.pick(_MESSAGES)}
        | chance.some(help=lambda: chance.pick(_MESSAGES), docs="https://example.com/rules")
        for number, text in enumerate([*about_steps, *chance.sample(_FLOW_RULES, 0, 2)])
    ]
    for rule in rules[: len(about_steps)]:
        rule |= chance.some(at="image", fix="'registry/' + step.name") if chance.either() else {}
        if "fix" in rule:
            rule["at"] = "image"
    return [{**rule, "overridable": True} if overridable else rule for rule in rules]


def _exemption(chance: Chance) -> dict[str, Any]:
    patterns = ("*", "max.*", "min.cpu", "quota.*", "rule-?", "max.memory")
    return {
        "rule": chance.pick(patterns),
        "flow": chance.pick(("*", "flow", "[a-f]*")),
        "reason": "it is old",
        "owner": "me",
        **chance.some(step=lambda: chance.pick(("*", "a*", "*.*", "on-exit.*")), expires="2020-02-29"),
    }
