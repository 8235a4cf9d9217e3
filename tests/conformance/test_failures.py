"""What becomes of a run when something fails: retries, what goes on, what is told at the end."""

from __future__ import annotations

import pytest

from conformance.flows import Flows, arguments
from conformance.simulator import Accident

FAIL = "{image: i, command: [sh, -c, exit 3]}"
EVICTED = "The node was low on resource: memory."
DEADLINE = "Pod was active on the node longer than the specified deadline"


def test_attempts_grow(flows: Flows) -> None:
    run = flows("""
steps:
  grow:
    image: i
    command: [sh, -c, 'exit $(( $0 == 4 ? 0 : 137 ))', "${{ attempt }}"]
    env: {ATTEMPT: "attempt ${{ attempt }}"}
    resources: {cpu: 500m, memory: 1500Mi}
    retry: {limit: 4, causes: [oom], escalate: {memory: {factor: 1.5, max: 4Gi}, cpu: {factor: 2, max: 4}}}
""")
    assert run.phase == "Succeeded"
    assert [
        (pod.attempt, pod.env["ATTEMPT"], pod.resources["requests"], pod.resources["limits"]) for pod in run.pods
    ] == [
        (0, "attempt 1", {"cpu": "500m", "memory": "1500Mi"}, {"memory": "1500Mi"}),
        (1, "attempt 2", {"cpu": "1000m", "memory": "2250Mi"}, {"memory": "2250Mi"}),
        (2, "attempt 3", {"cpu": "2000m", "memory": "3375Mi"}, {"memory": "3375Mi"}),
        (3, "attempt 4", {"cpu": "4000m", "memory": "4096Mi"}, {"memory": "4096Mi"}),
    ]


def test_attempts_run_out(flows: Flows) -> None:
    run = flows("""
steps:
  work: {image: i, command: [sh, -c, exit 3], retry: {limit: 2}}
  once: {image: i, command: [show, "${{ attempt }}"]}
  after: {image: i, needs: [work], command: [show]}
""")
    assert (run.phase, run.messages["work"], run.nodes["after"]) == ("Failed", "No more retries left", "Omitted")
    assert [pod.attempt for pod in run.pods if pod.path == "work"] == [0, 1, 2]
    assert arguments(run) == {"once": ["1"]}


@pytest.mark.parametrize(
    ("causes", "retried"),
    [
        ("", {"exit 1", "exit 75", "exit 137", "oom", "evicted", "preempted", "deleted", "deadline"}),
        (", causes: [oom]", {"exit 137", "oom"}),
        (", causes: [spot]", {"evicted", "preempted", "deleted"}),
        (", causes: [75]", {"exit 75"}),
        (", causes: [oom, 75, spot]", {"exit 137", "exit 75", "oom", "evicted", "preempted", "deleted"}),
    ],
)
def test_causes(flows: Flows, causes: str, retried: set[str]) -> None:
    accidents = {
        "oom": Accident("main: OOMKilled (exit code 137)", "137"),
        "evicted": Accident(EVICTED),
        "preempted": Accident("Preempted in order to admit critical pod", "143"),
        "deleted": Accident("pod deleted", phase="Error"),
        "deadline": Accident(DEADLINE, "143"),
    }
    found = set()
    for name in ("exit 1", "exit 75", "exit 137", *accidents):
        command = name if name.startswith("exit") else "true"
        run = flows(
            f"steps:\n  work: {{image: i, command: [sh, -c, '{command}'], retry: {{limit: 1{causes}}}}}\n",
            accidents={("work", 0): accidents[name]} if name in accidents else {},
        )
        found |= {name} if len(run.pods) == 2 else set()
    assert found == retried


def test_a_missing_output_is_no_spot(flows: Flows) -> None:
    output = "outputs: {n: {type: int}}, retry: {limit: 1, causes: [spot]}"
    run = flows(f"steps:\n  work: {{image: i, command: ['true'], {output}}}\n")
    assert (run.phase, len(run.pods)) == ("Error", 1)


@pytest.mark.parametrize("message", [EVICTED, DEADLINE])
def test_what_is_killed_is_no_oom(flows: Flows, message: str) -> None:
    run = flows(
        "steps:\n  work: {image: i, command: ['true'], retry: {limit: 1, causes: [oom]}}\n",
        accidents={("work", 0): Accident(message, "137")},
    )
    assert (run.phase, len(run.pods)) == ("Failed", 1)


@pytest.mark.parametrize(("command", "status"), [("exit 0", "Succeeded"), ("exit 1", "Failed")])
def test_on_exit(flows: Flows, command: str, status: str) -> None:
    run = flows(f"""
steps:
  work: {{image: i, command: [sh, -c, {command}]}}
onExit:
  log: {{image: i, command: [show, "${{{{ run.status }}}}", "${{{{ run.name }}}}"]}}
  alarm: {{image: i, needs: [log], when: run.status == 'Failed', command: [show]}}
  fine: {{image: i, needs: [log], when: run.status == 'Succeeded', command: [show]}}
""")
    last = "onExit.alarm" if status == "Failed" else "onExit.fine"
    assert run.phase == status
    assert arguments(run) == {"onExit.log": [status, "flow-x7k2p"], last: []}


def test_on_exit_a_missing_output_is_a_failure(flows: Flows) -> None:
    run = flows("""
steps: {work: {image: i, command: ["true"], outputs: {n: {type: int}}}}
onExit: {alarm: {image: i, when: run.status == 'Failed', command: [show, "${{ run.status }}"]}}
""")
    assert (run.phase, arguments(run)) == ("Error", {"onExit.alarm": ["Failed"]})


def test_a_failing_handler_fails_the_run(flows: Flows) -> None:
    run = flows(f"steps: {{work: {{image: i, command: [show]}}}}\nonExit: {{log: {FAIL}}}\n")
    assert (run.phase, run.nodes["onExit"]) == ("Failed", "Failed")


def test_needs(flows: Flows) -> None:
    run = flows(f"""
steps:
  bad: {FAIL}
  good: {{image: i, command: [show]}}
  succeeded: {{image: i, needs: [bad], command: [show]}}
  failed: {{image: i, needs: {{bad: failed}}, command: [show]}}
  completed: {{image: i, needs: {{bad: completed, good: completed}}, command: [show]}}
  unneeded: {{image: i, needs: {{good: failed}}, command: [show]}}
  later: {{image: i, needs: {{unneeded: completed}}, command: [show]}}
""")
    assert arguments(run).keys() == {"good", "failed", "completed", "later"}
    assert {run.nodes["succeeded"], run.nodes["unneeded"]} == {"Omitted"}
    assert run.phase == "Succeeded"  # every failure was accepted by a step that waited for it


@pytest.mark.parametrize("condition", ["failed", "completed"])
def test_a_failure_that_is_accepted(flows: Flows, condition: str) -> None:
    run = flows(f"steps:\n  bad: {FAIL}\n  next: {{image: i, needs: {{bad: {condition}}}, command: [show]}}\n")
    assert (run.phase, arguments(run)) == ("Succeeded", {"next": []})


def test_a_failure_that_nobody_accepted(flows: Flows) -> None:
    run = flows(f"""
steps:
  bad: {FAIL}
  next: {{image: i, needs: [bad], command: [show]}}
  last: {{image: i, needs: {{next: completed}}, command: [show]}}
""")
    assert run.phase == "Failed"


def test_an_accepted_failure_before_a_skipped_step(flows: Flows) -> None:
    run = flows(f"""
params: {{n: {{type: int, default: 1, runtime: true}}}}
steps:
  bad: {FAIL}
  next: {{image: i, needs: {{bad: completed}}, when: params.n == 2, command: [show]}}
""")
    assert run.phase == "Succeeded"


def test_results_of_a_step_that_failed(flows: Flows) -> None:
    run = flows("""
steps:
  bad: {image: i, command: [sh, -c, exit 3], outputs: {a: {type: int, default: 4}, n: {type: int}}}
  next: {image: i, needs: {bad: completed}, command: [show, "${{ steps.bad.outputs.n }}"]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"next": ["null"]})


def test_branches_go_on(flows: Flows) -> None:
    """`c` is ready after `a` has failed, for `b` ends last."""
    run = flows(f"""
failFast: false
steps:
  a: {FAIL}
  b: {{image: i, command: [show]}}
  c: {{image: i, needs: [b], command: [show]}}
  d: {{image: i, needs: [a], command: [show]}}
""")
    assert (run.phase, arguments(run)) == ("Failed", {"b": [], "c": []})


@pytest.mark.xfail(strict=True, reason="Argo's failFast stops nothing that can start (argoproj/argo-workflows#10312)")
def test_nothing_new_starts_after_a_failure(flows: Flows) -> None:
    run = flows(
        f"""
steps:
  a: {FAIL}
  b: {{image: i, command: [show]}}
  c: {{image: i, needs: [b], command: [show]}}
""",
        last_first=True,
    )
    assert (run.phase, arguments(run)) == ("Failed", {"b": []})


def test_tolerated_items(flows: Flows) -> None:
    run = flows("""
steps:
  try:
    image: i
    foreach: {in: [1, 2, 3], tolerate: all, parallelism: 1}
    retry: {limit: 1}
    command: [sh, -c, 'test $0 != 2 && echo $1 > /dragoman/outputs/v', "${{ item }}", "${{ attempt }}"]
    outputs: {v: {type: int}}
  group:
    foreach: {in: [1, 2], tolerate: all}
    steps:
      a: {image: i, command: [sh, -c, 'echo $0 > /dragoman/outputs/v; test $0 = 2', "${{ item }}"], outputs: {v: {type: int}}}
    outputs: {v: steps.a.outputs.v}
  bare: {image: i, foreach: {in: [1, 2], tolerate: all}, command: [sh, -c, exit 3]}
  join: {image: i, needs: [bare], command: [show, "${{ steps.try.outputs.v }}", "${{ steps.group.outputs.v }}"]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"join": ["[1,null,1]", "[null,2]"]})


@pytest.mark.parametrize("default", ["", ", default: 8"])
def test_a_tolerated_failure_is_null(flows: Flows, default: str) -> None:
    run = flows(f"""
steps:
  try:
    image: i
    foreach: {{in: [1, 2, 3], tolerate: all}}
    command: [sh, -c, 'echo $0 > /dragoman/outputs/v; test $0 != 2', "${{{{ item }}}}"]
    outputs: {{v: {{type: int{default}}}}}
  join: {{image: i, command: [show, "${{{{ steps.try.outputs.v }}}}"]}}
""")
    assert arguments(run) == {"join": ["[1,null,3]"]}


def test_an_item_that_fails(flows: Flows) -> None:
    run = flows("""
steps:
  try:
    image: i
    foreach: {in: [1, 2, 3]}
    command: [sh, -c, 'echo $0 > /dragoman/outputs/v; test $0 != 2', "${{ item }}"]
    outputs: {v: {type: int}}
  join: {image: i, command: [show, "${{ steps.try.outputs.v }}"]}
  next: {image: i, needs: {try: completed}, command: [show]}
  alarm: {image: i, needs: {try: failed}, command: [show]}
""")
    assert (run.phase, arguments(run)) == ("Succeeded", {"alarm": [], "next": []})
    assert len([pod for pod in run.pods if pod.template == "try"]) == 3


def test_an_expression_that_fails(flows: Flows) -> None:
    run = flows("""
steps:
  make: {image: i, command: [give, n=many], outputs: {n: {type: int}}}
  more: {image: i, command: [show, "${{ steps.make.outputs.n + 1 }}"]}
""")
    assert (run.phase, arguments(run)) == ("Error", {})
