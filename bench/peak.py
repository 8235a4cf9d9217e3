"""How long the peaks of a flow take: every resource of 1,000 steps, without caps and with one; a table for people."""

from __future__ import annotations

import argparse
import random
import sys
import time
from itertools import chain

from dragoman.load.document import Document
from dragoman.plan.footprint import Footprint
from dragoman.plan.model import Container, Need, Plan, Resources, Step
from dragoman.plan.origin import Source
from dragoman.policy.quota.peaks import peaks

GI = 2**30
CAP = 64
SHAPES = ("5 layers", "20 layers", "200 layers", "no layers", "chains beside each other")


def main() -> None:
    arguments = _arguments()
    print(f"| {'graph':24} | pairs | alike | no cap | cap of {CAP} |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for shape in SHAPES:
        before = _before(shape, arguments.steps, random.Random(1))
        alike, free = (_plan(before, random.Random(2), alike=one) for one in (True, False))
        capped = free._replace(parallelism=CAP)
        times = [_best(plan, arguments.runs) for plan in (alike, free, capped)]
        pairs = sum(map(len, before))
        print(f"| {shape:24} | {pairs} | " + " | ".join(f"{1000 * one:.0f} ms" for one in times) + " |")
    print(f"\n{arguments.steps} steps, all resources together, best of {arguments.runs}; alike: all ask for as much")
    print(f"python {sys.version.split()[0]}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the search for the most that a flow may hold at one time.")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each (default: 5)")
    parser.add_argument("--steps", type=int, default=1_000, metavar="N", help="the flows' size (default: 1000)")
    return parser.parse_args()


def _before(shape: str, count: int, chance: random.Random) -> list[list[int]]:
    """The steps that each step needs."""
    if shape == "no layers":
        return [sorted(chance.sample(range(max(0, step - 50), step), min(step, 3))) for step in range(count)]
    if shape == "chains beside each other":
        return [[] if step % 10 == 0 else [step - 1] for step in range(count)]
    width = count // int(shape.split()[0])
    layers = [range(first, min(first + width, count)) for first in range(0, count, width)]
    return list(
        chain.from_iterable(
            [sorted(chance.sample(earlier, min(3, len(earlier)))) for _ in layer]
            for earlier, layer in zip([range(0), *layers], layers, strict=False)
        )
    )


def _plan(before: list[list[int]], chance: random.Random, *, alike: bool) -> Plan:
    steps = tuple(_step(number, needs, chance, alike=alike) for number, needs in enumerate(before))
    return Plan("bench", "", steps, Source(Document("bench", 1, {}, {})))


def _step(number: int, needs: list[int], chance: random.Random, *, alike: bool) -> Step:
    size = 1 if alike else chance.randint(1, 16)
    requests = {"cpu": 250 * size, "memory": chance.randint(1, 64) * GI, "disk": GI, "gpu": chance.randint(0, 4)}
    if alike:
        requests.update(memory=GI, gpu=1)
    resources = Resources(requests, {"cpu": requests["cpu"], "memory": 2 * requests["memory"]})
    return Step(
        (f"step-{number}",),
        Container("busybox", resources=resources),
        needs=tuple(Need(f"step-{one}") for one in needs),
    )


def _best(plan: Plan, runs: int) -> float:
    """The seconds of the fastest run."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        peaks(plan, Footprint())
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
