"""How long dragoman takes, beside Hera and beside libyaml alone: a table for people, not a test.

Every run is a process of its own, started cold, the three in turn. `--importtime` shows what a start imports.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = (1, 100, 1_000, 10_000)
FULL_CRDS = 199  # the most steps for which the spec need not name Argo's minimal CRDs
FITS = 2_500  # steps like ours that one Argo object can hold, about
BUSY = 1.1  # the clock beside the processor; none of the programs waits for anything
SHOWN = 15  # imports


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.importtime:
            print("\n".join(_imports(_prepared(folder, 1)["dragoman"], arguments.runs)))
            return
        results = {count: _measured(folder, count, arguments.runs) for count in arguments.steps}
    print("\n".join(_table(results)))
    print("\n".join(_verdicts(results)))
    print(f"\npython {sys.version.split()[0]}, {_versions()}, {os.cpu_count()} processors, {arguments.runs} runs each")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure dragoman, Hera and libyaml alone on the same flows.")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="runs of each program (default: 7)")
    parser.add_argument(
        "--steps", type=int, nargs="+", default=SIZES, metavar="N", help="the flows' sizes (default: 1 100 1000 10000)"
    )
    parser.add_argument("--importtime", action="store_true", help="the slowest imports of a flow of one step instead")
    return parser.parse_args()


class Run(NamedTuple):
    """What one process took: seconds of the clock and of the processors, and its largest size in bytes."""

    wall: float
    cpu: float
    memory: int


Results = dict[int, dict[str, list[Run]]]


def _measured(folder: str, count: int, runs: int) -> dict[str, list[Run]]:
    """The runs of each program for a flow, after a first one that fills the caches and shows what they make."""
    commands = _prepared(folder, count)
    for name, command in commands.items():
        _run(command, f"{folder}/{name}.yaml")
    for name in ("hera", "floor"):
        _run([sys.executable, f"{HERE}/same.py", f"{folder}/dragoman.yaml", f"{folder}/{name}.yaml"], os.devnull)
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(runs):
        _progress(f"{_steps(count)}: run {number + 1} of {runs}")
        for name, command in commands.items():
            found[name].append(_run(command, os.devnull))
    _progress("")
    return found


def _prepared(folder: str, count: int) -> dict[str, list[str]]:
    """The command of each program, once the files that they read are there."""
    spec, data = f"{folder}/chain.dragoman.yaml", f"{folder}/manifests.json"
    with open(spec, "w", encoding="utf-8") as file:
        file.writelines(_spec(count))
    program = ["-m", "dragoman"] if count <= FITS else [f"{HERE}/unlimited.py"]
    dragoman = [sys.executable, *program, "render", spec, "-t", "argo"]
    _run([*dragoman, "--format", "json"], data)
    return {
        "dragoman": dragoman,
        "hera": [sys.executable, f"{HERE}/hera_flow.py", str(count)],
        "floor": [sys.executable, f"{HERE}/floor.py", spec, data],
    }


def _spec(count: int) -> Iterator[str]:
    """A flow whose steps wait for each other in a row; `hera_flow.py` says the same."""
    yield f"apiVersion: dragoman.dev/v1alpha1\nkind: Flow\nmetadata:\n  name: chain-{count}\nspec:\n"
    if count > FULL_CRDS:
        yield "  targets:\n    argo:\n      crds: minimal\n"
    yield "  steps:\n"
    for number in range(count):
        yield f"    step-{number}:\n"
        if number:
            yield f"      needs: [step-{number - 1}]\n"
        yield f'      image: python:3.12-slim\n      command: [python, work.py, --part, "{number}"]\n'
        yield "      resources:\n        cpu: 500m\n        memory: 256Mi\n"


def _run(command: Sequence[str], output: str) -> Run:
    """Run a command to its end; what it said is shown only when it failed."""
    with open(output, "wb") as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=_environment())
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            sys.exit(f"{' '.join(command)}\n{errors.read().decode()}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _environment() -> dict[str, str]:
    """Ours, without what changes how Python runs: compiled modules are kept, output is buffered."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name == "PYTHONPATH"}


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _table(results: Results) -> Iterator[str]:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # the least that a child of this process shows
    yield (
        f"{'':17}{'wall s (min to max)':<23}{'cpu s':>8}{'peak MiB':>11}"
        f"{'of Hera: wall':>16}{'memory':>9}{'of floor: wall':>17}"
    )
    for count, found in results.items():
        yield _steps(count)
        for name, runs in found.items():
            walls = sorted(run.wall for run in runs)
            memory = _middle(runs, "memory")
            yield (
                f"    {name:<13}"
                + f"{_middle(runs, 'wall'):.3f} ({walls[0]:.3f} to {walls[-1]:.3f})".ljust(23)
                + f"{_middle(runs, 'cpu'):8.3f}"
                + f"{'<' if memory <= own else ''}{memory / 2**20:.1f}".rjust(11)
                + f"{_ratio(found, name, 'hera'):16.2f}{_ratio(found, name, 'hera', 'memory'):9.2f}"
                + f"{_ratio(found, name, 'floor'):17.2f}"
            )
    yield ""


def _verdicts(results: Results) -> Iterator[str]:
    """Each target, whether it is met, and what was measured."""
    for count, found in results.items():
        if count in (1, 1_000):
            yield _verdict(f"{_steps(count)}: a quarter of Hera's time", _ratio(found, "dragoman", "hera"), 0.25)
    if results.keys() >= {1_000, 10_000}:
        growth = _middle(results[10_000]["dragoman"], "wall") / _middle(results[1_000]["dragoman"], "wall")
        yield _verdict("10,000 steps: 11 times as long as 1,000", growth, 11)
    for count, found in results.items():
        yield _verdict(f"{_steps(count)}: 1.5 times Hera's memory", _ratio(found, "dragoman", "hera", "memory"), 1.5)
    for count, found in results.items():
        yield _verdict(f"{_steps(count)}: twice the floor's time (an aim)", _ratio(found, "dragoman", "floor"), 2)
    if any(count > FITS for count in results):
        yield f"\nFlows of more than {FITS:,} steps are rendered without Argo's limit of 1 MiB for an object."
    if any(
        _middle(runs, "wall") > BUSY * _middle(runs, "cpu") for found in results.values() for runs in found.values()
    ):
        yield "\nThe machine was busy with other work: times of the clock, and what follows from them, say little."


def _verdict(target: str, measured: float, most: float) -> str:
    return f"{'met' if measured <= most else 'not met':<9}{measured:5.2f}  {target}, at most"


def _ratio(found: dict[str, list[Run]], name: str, other: str, field: str = "wall") -> float:
    return _middle(found[name], field) / _middle(found[other], field)


def _middle(runs: Sequence[Run], field: str) -> float:
    return _median([getattr(run, field) for run in runs])


def _median(numbers: Sequence[float]) -> float:
    ordered, half = sorted(numbers), len(numbers) // 2
    return ordered[half] if len(numbers) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count:,} steps"


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("dragoman", "hera", "PyYAML"))


def _imports(command: Sequence[str], runs: int) -> Iterator[str]:
    """The slowest imports of a command, by their own time: a module's total counts what it was the first to import."""
    found: dict[str, list[tuple[int, int]]] = {}
    for _ in range(runs):
        timed = [command[0], "-X", "importtime", *command[1:]]
        errors = subprocess.run(timed, capture_output=True, text=True, check=True, env=_environment()).stderr
        for line in errors.splitlines():
            own, bar, rest = line.removeprefix("import time:").partition("|")
            if bar and own.strip().isdigit():
                total, _, module = rest.partition("|")
                found.setdefault(module.strip(), []).append((int(own), int(total)))
    times = {
        module: tuple(_median(each) / 1000 for each in zip(*taken, strict=True)) for module, taken in found.items()
    }
    slowest = sorted(times, key=lambda module: -times[module][0])[:SHOWN]
    yield f"{'own ms':>8}{'total ms':>10}  module"
    yield from (f"{times[module][0]:8.2f}{times[module][1]:10.2f}  {module}" for module in slowest)
    yield f"{sum(own for own, _ in times.values()):8.2f}{'':10}  all {len(times)} modules"


if __name__ == "__main__":
    main()
