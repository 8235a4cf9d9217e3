"""Argo CD's health checks of Jobs and JobSets: the Lua of `plugins/argocd/health.yaml`, run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import LuaRuntime

FILE = Path(__file__).parents[2] / "plugins/argocd/health.yaml"
CHECKS = yaml.safe_load(FILE.read_text())["data"]
JOB, JOBSET = (f"resource.customizations.health.{kind}" for kind in ("batch_Job", "jobset.x-k8s.io_JobSet"))


def health(check: str, status: dict[str, Any] | None) -> str:
    """What the check says of an object with this status; Argo CD gives it the object as `obj`."""
    lua = LuaRuntime()
    lua.globals().obj = lua.table_from({} if status is None else {"status": status}, recursive=True)
    return str(lua.execute(CHECKS[check]).status)


def conditions(*found: tuple[str, str]) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "reason": "r", "message": "m"} for kind, status in found]}


@pytest.mark.parametrize(
    ("check", "status", "expected"),
    [
        (JOB, None, "Progressing"),
        (JOB, {"active": 1}, "Progressing"),
        (JOB, conditions(("Suspended", "True")), "Suspended"),
        (JOB, conditions(("Suspended", "False")), "Progressing"),  # resumed: it runs
        (JOB, conditions(("Suspended", "False"), ("Complete", "True")), "Healthy"),
        (JOB, conditions(("SuccessCriteriaMet", "True")), "Progressing"),
        (JOB, conditions(("FailureTarget", "True")), "Progressing"),
        (JOB, conditions(("FailureTarget", "True"), ("Failed", "True")), "Degraded"),
        (JOBSET, None, "Progressing"),
        (JOBSET, conditions(("Suspended", "True")), "Suspended"),
        (JOBSET, conditions(("Suspended", "False"), ("StartupPolicyCompleted", "True")), "Progressing"),
        (JOBSET, conditions(("Completed", "True")), "Healthy"),
        (JOBSET, conditions(("Failed", "True")), "Degraded"),
    ],
)
def test_health(check: str, status: dict[str, Any] | None, expected: str) -> None:
    assert health(check, status) == expected


def test_nothing_else_is_changed() -> None:
    assert sorted(CHECKS) == [JOB, JOBSET]
