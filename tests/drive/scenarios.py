"""What flows do, whoever runs them: flows, what of them runs, in which order, and how they end.

The commands are those of `kubernetes_cluster`: `give`, `say`, `fail`, `sleep`, `true`, and the variable ACCIDENT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Scenario(NamedTuple):
    """A flow and what becomes of it.

    spec       the flow's `spec`
    succeeded  how it ends
    ran        every attempt that runs, in no order
    order      attempts that come one after the other
    """

    spec: str
    succeeded: bool
    ran: frozenset[str]
    order: tuple[tuple[str, ...], ...] = ()


def _ran(words: str) -> frozenset[str]:
    return frozenset(words.split())


SCENARIOS = {
    "order": Scenario(
        """
steps:
  a: {command: ["true"]}
  b: {needs: [a], command: ["true"]}
  c: {needs: [a], command: ["true"]}
  d: {needs: [b, c], command: ["true"]}
""",
        True,
        _ran("a b c d"),
        (("a", "b", "d"), ("a", "c", "d")),
    ),
    "an output by the termination message": Scenario(
        """
steps:
  make: {command: [give, n=3], outputs: {n: {type: int}}}
  yes: {when: steps.make.outputs.n == 3, command: ["true"]}
  no: {when: steps.make.outputs.n == 4, command: ["true"]}
""",
        True,
        _ran("make yes"),
    ),
    "outputs by the carrier": Scenario(
        """
steps:
  make: {command: [give, n=3, "t=a b"], outputs: {n: {type: int}, t: {}, gone: {default: none}}}
  yes: {when: "steps.make.outputs.n == 3 && steps.make.outputs.t == 'a b'", command: ["true"]}
  none: {when: "steps.make.outputs.gone == 'none'", command: ["true"]}
""",
        True,
        _ran("make yes none"),
    ),
    "a long output by the carrier's log": Scenario(
        f"""
steps:
  make: {{command: [give, "t={"long " * 2000}"], outputs: {{t: {{}}}}}}
  yes: {{when: size(steps.make.outputs.t) == 10000, command: ["true"]}}
""",
        True,
        _ran("make yes"),
    ),
    "what a step prints": Scenario(
        """
steps:
  say: {command: [say, hello], outputs: {t: {from: stdout}}}
  yes: {when: steps.say.outputs.t == 'hello', command: ["true"]}
""",
        True,
        _ran("say yes"),
    ),
    "a loop over an output, and its results": Scenario(
        """
steps:
  plan: {command: [give, 'items=[1, 2, 3]'], outputs: {items: {type: list, items: int}}}
  each:
    foreach: {in: steps.plan.outputs.items, parallelism: 2}
    command: [give, "n=${{ item * 2 }}"]
    outputs: {n: {type: int}}
  sum: {when: "steps.each.outputs.n == [2, 4, 6]", command: ["true"]}
""",
        True,
        _ran("plan each[0] each[1] each[2] sum"),
        (("plan", "each[0]", "sum"), ("each[2]", "sum")),
    ),
    "loops over what a skipped step would have said": Scenario(
        """
steps:
  check: {command: [give, n=1], outputs: {n: {type: int}}}
  maybe: {when: steps.check.outputs.n == 2, command: [x], outputs: {items: {type: list, items: int}, n: {type: int}}}
  each: {foreach: {in: steps.maybe.outputs.items}, command: ["true"]}
  some: {foreach: {range: steps.maybe.outputs.n}, command: ["true"]}
  after: {needs: [each, some], command: ["true"]}
""",
        True,
        _ran("check after"),
    ),
    "groups": Scenario(
        """
steps:
  shards:
    foreach: {in: [1, 2]}
    steps:
      prepare: {command: [give, "n=${{ item }}"], outputs: {n: {type: int}}}
      train: {when: steps.prepare.outputs.n == item, command: ["true"]}
  join: {needs: [shards], command: ["true"]}
""",
        True,
        _ran("shards[0].prepare shards[0].train shards[1].prepare shards[1].train join"),
        (("shards[0].prepare", "shards[0].train", "join"), ("shards[1].train", "join")),
    ),
    "a failure": Scenario(
        """
steps:
  bad: {command: [fail, "3"]}
  after: {needs: [bad], command: ["true"]}
onExit:
  told: {when: run.status == 'Failed', command: ["true"]}
""",
        False,
        _ran("bad on-exit.told"),
        (("bad", "on-exit.told"),),
    ),
    "a failure that is accepted": Scenario(
        """
steps:
  bad: {command: [fail, "3"]}
  after: {needs: {bad: failed}, command: ["true"]}
onExit:
  told: {when: run.status == 'Succeeded', command: ["true"]}
""",
        True,
        _ran("bad after on-exit.told"),
        (("bad", "after", "on-exit.told"),),
    ),
    "an onExit that fails": Scenario(
        """
steps:
  a: {command: ["true"]}
onExit:
  told: {command: [fail, "1"]}
""",
        False,
        _ran("a on-exit.told"),
    ),
    "retries of what is worth one": Scenario(
        """
steps:
  often: {retry: {limit: 3}, env: {N: "${{ attempt }}"}, command: [fail, "${{ attempt < 3 ? '1' : '0' }}"]}
  once: {retry: {limit: 3, causes: [oom]}, command: [fail, "1"]}
  code: {retry: {limit: 1, causes: [7]}, command: [fail, "7"]}
failFast: false
""",
        False,
        _ran("often often#2 often#3 once code code#2"),
        (("often", "often#2", "often#3"),),
    ),
    "memory": Scenario(
        """
steps:
  big:
    resources: {memory: 1Gi}
    retry: {limit: 2, causes: [oom], escalate: {memory: {factor: 2, max: 8Gi}}}
    env: {ACCIDENT: "${{ attempt < 3 ? 'oom' : '' }}"}
    command: ["true"]
""",
        True,
        _ran("big big#2 big#3"),
    ),
    "a node that goes": Scenario(
        """
steps:
  spot: {retry: {limit: 1, causes: [spot]}, env: {ACCIDENT: "${{ attempt == 1 ? 'spot' : '' }}"}, command: ["true"]}
  gone: {retry: {limit: 1, causes: [spot]}, env: {ACCIDENT: "${{ attempt == 1 ? 'gone' : '' }}"}, command: ["true"]}
""",
        True,
        _ran("spot spot#2 gone gone#2"),
    ),
    "a step's time": Scenario(
        """
steps:
  slow: {timeout: 1s, retry: {limit: 1}, command: [sleep, "${{ attempt == 1 ? '60' : '0' }}"]}
""",
        True,
        _ran("slow slow#2"),
    ),
    "the flow's time": Scenario(
        """
timeout: 2s
steps:
  slow: {command: [sleep, "60"]}
  after: {needs: [slow], command: ["true"]}
onExit:
  told: {when: run.status == 'Failed', command: ["true"]}
""",
        False,
        _ran("slow on-exit.told"),
    ),
    "a tolerated failure": Scenario(
        """
steps:
  each:
    foreach: {in: ["0", "1", "0"], tolerate: 1}
    command: [fail, "${{ item }}"]
  after: {needs: [each], command: ["true"]}
""",
        True,
        _ran("each[0] each[1] each[2] after"),
    ),
    "one at a time": Scenario(
        """
parallelism: 1
steps:
  each: {foreach: {range: 4}, command: ["true"]}
  other: {command: ["true"]}
""",
        True,
        _ran("each[0] each[1] each[2] each[3] other"),
    ),
}
KILLABLE = [name for name in SCENARIOS if "time" not in name.split()]  # those that take no time themselves


class Runner(Protocol):
    """Where a flow was driven: what of it ran, what the drivers said."""

    def ran(self) -> Sequence[str]: ...

    def texts(self) -> str: ...


def check(scenario: Scenario, runs: Runner, succeeded: bool) -> None:
    """A scenario's flow did what the scenario says."""
    ran = runs.ran()
    assert sorted(ran) == sorted(scenario.ran), runs.texts()  # each of them once
    assert succeeded == scenario.succeeded, runs.texts()
    for chain in scenario.order:
        places = [ran.index(name) for name in chain]
        assert places == sorted(places), ran
