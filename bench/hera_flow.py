"""Hera's side of the benchmark: the workflow that dragoman makes of the spec in `run.py`, built in Python and printed.

Tasks name their templates. Given the objects, Hera compares each with all before it: 10,000 take nearly four times as
long.
"""

from __future__ import annotations

import sys

from hera.workflows import DAG, Container, Resources, Task, WorkflowTemplate
from hera.workflows.models import Capabilities, PodSecurityContext, SeccompProfile, SecurityContext


def main(count: int) -> None:
    user = 1000
    pod = PodSecurityContext(
        run_as_non_root=True,
        run_as_user=user,
        run_as_group=user,
        fs_group=user,
        seccomp_profile=SeccompProfile(type="RuntimeDefault"),
    )
    with WorkflowTemplate(name=f"chain-{count}", entrypoint="main", security_context=pod) as workflow:
        for number in range(count):
            Container(
                name=f"step-{number}",
                image="python:3.12-slim",
                command=["python", "work.py", "--part", str(number)],
                resources=Resources(cpu_request="500m", memory_request="256Mi", memory_limit="256Mi"),
                security_context=SecurityContext(
                    allow_privilege_escalation=False, capabilities=Capabilities(drop=["ALL"])
                ),
            )
        with DAG(name="main"):
            for number in range(count):
                Task(
                    name=f"step-{number}",
                    template=f"step-{number}",
                    depends=f"step-{number - 1}" if number else None,
                )
    print(workflow.to_yaml())


main(int(sys.argv[1]))
