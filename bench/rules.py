"""How long a check takes under many rules, beside a render without any; a table for people, not a test.

Every run is a process of its own, started cold. The rules are of the kinds that the shipped packs have; all are met, so
that everything after them is done, too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MADE = (
    "step.image.matches('^python:3[.][0-9]+-slim$')",
    "step.resources.memory <= quantity('{number}Gi') || step.timeout != null",
    "!step.env.exists(name, name.startsWith('SECRET_{number}'))",
    "step.command == null || step.command.all(word, size(word) < 100{number})",
    "step.labels.all(key, key != 'x{number}') && step.retry != null && step.retry.limit < {number} + 5",
)
STEP = """\
    step-{number}:
      image: python:3.12-slim
      command: [work, --part, "{number}"]
      env: {{PART: "{number}", MODE: fast}}
      resources: {{cpu: 500m, memory: 1Gi}}
      retry: {{limit: 2}}
      timeout: 1h
      needs: [{needs}]
"""
HEAD = "apiVersion: dragoman.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: bench}}\nspec:\n"


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        flow, policy = Path(folder, "f.dragoman.yaml"), Path(folder, "p.policy.yaml")
        flow.write_text(_flow(arguments.steps))
        policy.write_text(_policy(arguments.rules))
        wanted = {
            "render": ["render", str(flow), "-t", "argo", "-o", f"{folder}/out", "-q"],
            "check": ["check", str(flow), "-t", "argo", "-q"],
            f"check, {arguments.rules} rules": ["check", str(flow), "-t", "argo", "-q", "--policy", str(policy)],
        }
        times = {name: min(_spent(words) for _ in range(arguments.runs)) for name, words in wanted.items()}
    print("| command | processor time | of render |\n| --- | ---: | ---: |")
    for name, spent in times.items():
        print(f"| {name} | {1000 * spent:.0f} ms | {spent / times['render']:.2f} |")
    print(f"\n{arguments.steps} steps, least of {arguments.runs}, python {sys.version.split()[0]}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure a check under many rules beside a render without any.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--steps", type=int, default=1_000, metavar="N", help="the flow's size (default: 1000)")
    parser.add_argument("--rules", type=int, default=50, metavar="N", help="the policy's size (default: 50)")
    return parser.parse_args()


def _flow(count: int) -> str:
    steps = [STEP.format(number=number, needs=f"step-{number - 10}" if number >= 10 else "") for number in range(count)]
    accepted = '  targets: {argo: {accept: ["failFast: true"], crds: minimal}}\n'
    return HEAD.format(kind="Flow") + accepted + "  steps:\n" + "".join(steps)


def _policy(count: int) -> str:
    rules = [
        f'    - id: made-{number}\n      assert: "{MADE[number % len(MADE)].format(number=number)}"\n'
        "      message: it is not so\n"
        for number in range(count)
    ]
    return HEAD.format(kind="Policy") + "  rules:\n" + "".join(rules)


def _spent(words: Sequence[str]) -> float:
    """Processor time of a run, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "dragoman", *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
