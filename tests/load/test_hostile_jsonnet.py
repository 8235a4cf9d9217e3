"""Programs that run for ever, or grow without end: each is one finding, soon, in a worker of bounded size."""

import resource
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings, Span
from dragoman.load.jsonnet import Limits, evaluate

# a slow machine must not meet the wrong limit: programs that grow have time, those that loop have memory
GROWS = Limits(memory=300_000_000, cpu=60, wall=100)
LOOPS = Limits(cpu=1, wall=100)

PLACE = Span("a.jsonnet", approximate=True)
TIME = Finding("DRG024", "evaluation took longer than 1 s", PLACE, "a loop or a recursion may have no end")
SLOW = TIME._replace(help=f"{TIME.help}; the default engine, `rjsonnet`, is often a hundred times faster")
MEMORY = Finding(
    "DRG025",
    "evaluation used more than 0.3 GB of memory",
    PLACE,
    "a string, an array or a recursion may grow without end",
)
CRASH = Finding(
    "DRG025",
    "the Jsonnet engine was ended by SIGSEGV",
    PLACE,
    "nesting or recursion without end is the usual reason",
)


RECURSIVE = Finding(
    "DRG021",
    "evaluation failed: calls are nested deeper than 500",
    PLACE,
    "a function, a field or a variable may refer to itself without end",
)
FUNCTION = RECURSIVE._replace(
    span=Span("a.jsonnet", 1, 14, 1, 22), related=((Span("a.jsonnet", 1, 28, 1, 32), "reached from here"),)
)
NESTED = Finding("DRG021", "evaluation failed: Exceeded maximum parse depth limit", Span("a.jsonnet", 1, 501, 1, 502))

ENDLESS = "local f(x) = f(x + 1) tailstrict; f(0)"
RECURSION = "local f(x) = f(x + 1) + 1; f(0)"
FIBONACCI = "local fib(n) = if n < 2 then n else fib(n - 1) + fib(n - 2); fib(60)"
DOUBLING = "std.foldl(function(a, i) a + a, std.range(1, 40), 'x')"
ARRAYS = "local f(n) = if n == 0 then [0] else local s = f(n - 1); [s, s]; f(26)"
RANGE = "std.range(1, 1e9)"
ITSELF = "local a = [a]; a"
OBJECT = "{ a: self }"
WIDTH = "'%1000000000d' % 1"

CASES = [
    ("rjsonnet", ENDLESS, LOOPS, CRASH),
    ("rjsonnet", RECURSION, LOOPS, FUNCTION),
    ("rjsonnet", FIBONACCI, LOOPS, TIME),
    ("rjsonnet", DOUBLING, GROWS, MEMORY),
    ("rjsonnet", ARRAYS, GROWS, MEMORY),
    ("rjsonnet", RANGE, GROWS, MEMORY),
    ("rjsonnet", ITSELF, GROWS, MEMORY),
    ("rjsonnet", OBJECT, LOOPS, RECURSIVE),
    ("rjsonnet", WIDTH, GROWS, MEMORY),
    ("rjsonnet", "[" * 20_000, LOOPS, CRASH),
    ("rjsonnet", "[" * 20_000 + "]" * 20_000, LOOPS, CRASH),
    ("rjsonnet", "-" * 50_000 + "1", LOOPS, CRASH),
    ("jsonnet", ENDLESS, LOOPS, SLOW),
    ("jsonnet", RECURSION, LOOPS, FUNCTION),
    ("jsonnet", FIBONACCI, LOOPS, SLOW),
    ("jsonnet", DOUBLING, GROWS, MEMORY),
    ("jsonnet", ARRAYS, GROWS, MEMORY),
    ("jsonnet", RANGE, GROWS, MEMORY),
    ("jsonnet", ITSELF, LOOPS, RECURSIVE._replace(span=Span("a.jsonnet", 1, 12, 1, 13))),
    ("jsonnet", OBJECT, LOOPS, RECURSIVE._replace(span=Span("a.jsonnet", 1, 6, 1, 10))),
    ("jsonnet", "[" * 20_000, LOOPS, NESTED),
    ("jsonnet", "[" * 20_000 + "]" * 20_000, LOOPS, NESTED),
    ("jsonnet", "1 + " * 100_000 + "1", LOOPS, CRASH),
]


@pytest.mark.parametrize(
    ("engine", "program", "limits", "expected"), CASES, ids=[f"{case[0]} {case[1][:24]}" for case in CASES]
)
def test_hostile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: str,
    program: str,
    limits: Limits,
    expected: Finding,
) -> None:
    if engine == "jsonnet" and find_spec("_jsonnet") is None:
        pytest.skip("dragoman[jsonnet] is not installed")
    monkeypatch.chdir(tmp_path)
    Path("a.jsonnet").write_text(program)
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", engine=engine, limits=limits)
    [found] = raised.value.findings
    assert found == expected


@pytest.mark.skipif(sys.platform == "darwin", reason="counts bytes, and does not limit an address space")
def test_no_worker_was_larger_than_a_gigabyte() -> None:
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_000_000  # kilobytes
