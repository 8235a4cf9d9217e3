"""What the engine's side will make of the change: each object created, changed, replaced or deleted, and its text.

Which fields of a living object cannot change is from Kubernetes' validation of updates: `ValidateJobSpecUpdate`
(pkg/apis/batch/validation), `ValidateConfigMapUpdate` (pkg/apis/core/validation), `ValidateRoleBindingUpdate`
(pkg/apis/rbac/validation), and JobSet's webhook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff
from typing import Any, NamedTuple

from dragoman.emitter import Manifest
from dragoman.write import yaml

CREATE, CHANGE, REPLACE, DELETE, STUCK = "create", "change", "replace", "delete", "refused"
_JOB = ("completions", "selector", "template", "completionMode", "podFailurePolicy", "successPolicy", "managedBy")
_IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Job": tuple(("spec", field) for field in (*_JOB, "backoffLimitPerIndex")),
    "JobSet": (("spec", "replicatedJobs"), ("spec", "startupPolicy"), ("spec", "successPolicy")),
    "RoleBinding": (("roleRef",),),
}
_ONCE = ("Workflow", "Job", "JobSet")  # they run when they are made: what has another name runs, what has not does not


class ObjectChange(NamedTuple):
    """One object: what is done to it, and why; `text` is the unified diff of its file."""

    action: str
    kind: str
    name: str
    note: str
    file: str
    text: str


def object_changes(before: Sequence[Manifest], after: Sequence[Manifest]) -> list[ObjectChange]:
    """The changes from one set of manifests to another, by their files; nothing for objects that are the same."""
    old, new = {one.file: one for one in before}, {one.file: one for one in after}
    found: list[ObjectChange] = []
    for file in sorted({*old, *new}):
        one, other = old.get(file), new.get(file)
        if one is None or other is None or one.body != other.body:
            found += _changed(one, other, file)
    return found


def _changed(before: Manifest | None, after: Manifest | None, file: str) -> Iterable[ObjectChange]:
    text = _text(before, after, file)
    if before is None or after is None:
        there = after or before
        assert there is not None
        action = DELETE if after is None else CREATE
        yield ObjectChange(action, there.identity[0], there.identity[2], "", file, text)
    elif before.identity != after.identity:
        note = f"instead of `{before.identity[2]}`" + (", and runs" if after.identity[0] in _ONCE else "")
        yield ObjectChange(REPLACE, after.identity[0], after.identity[2], note, file, text)
    else:
        stuck = _stuck(before.body, after.body)
        kind, _, name = after.identity
        note = f"`{stuck}` of a living {kind} cannot change: it has to be deleted first" if stuck else ""
        if not stuck and kind in _ONCE:
            note = "it does not run again: its name is the same"
        yield ObjectChange(STUCK if stuck else CHANGE, kind, name, note, file, text)


def _stuck(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The first field that cannot change, of those that do."""
    kind = after.get("kind", "")
    if kind == "ConfigMap" and before.get("immutable") and before.get("data") != after.get("data"):
        return "data"
    for path in _IMMUTABLE.get(kind, ()):
        if _at(before, path) != _at(after, path):
            return ".".join(path)
    return ""


def _at(body: Any, path: Sequence[str]) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _text(before: Manifest | None, after: Manifest | None, file: str) -> str:
    old, new = ([] if one is None else yaml.dump(one.body).splitlines() for one in (before, after))
    old_name = "/dev/null" if before is None else f"a/{file}"
    new_name = "/dev/null" if after is None else f"b/{file}"
    return "".join(f"{line}\n" for line in unified_diff(old, new, old_name, new_name, lineterm=""))
