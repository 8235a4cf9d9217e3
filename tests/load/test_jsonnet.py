"""What a Jsonnet file evaluates to, as data and as documents, and what the worker may use for it."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings, Span
from dragoman.load import jsonnet
from dragoman.load.document import Document
from dragoman.load.jsonnet import LIBRARY, LIMITS, Answer, Evaluated, Limits, converse, documents, evaluate

Write = Callable[[dict[str, str]], None]
Find = Callable[..., Finding]


# --- what it evaluates to


def test_the_result_is_plain_data_with_sorted_keys(write: Write, engine: str) -> None:
    write({"a.jsonnet": "{ b: [1, 2.5, 1e3, -0, 1e100], a: { 'é': null }, hidden:: 1, c: 'x' + 1, d: true }"})
    evaluated = evaluate("a.jsonnet", root=".", engine=engine)
    assert evaluated == Evaluated({"a": {"é": None}, "b": [1, 2.5, 1000, 0, 1e100], "c": "x1", "d": True}, (), ())
    assert list(evaluated.data) == ["a", "b", "c", "d"]
    assert [type(number) for number in evaluated.data["b"]] == [int, float, int, int, float]


def test_variables_and_top_level_arguments(write: Write, engine: str) -> None:
    write(
        {
            "a.jsonnet": "function(n, s='d') [n, s, std.extVar('name'), std.extVar('list')]",
            "lib/x.libsonnet": "[7]",
        }
    )
    evaluated = evaluate(
        "a.jsonnet",
        root=".",
        engine=engine,
        ext={"name": ("str", "1 + 1"), "list": ("code", "(import 'lib/x.libsonnet') + [8]")},
        tla={"n": ("code", "1 + 1")},
    )
    assert evaluated == Evaluated([2, "d", "1 + 1", [7, 8]], ("lib/x.libsonnet",))


def test_imports_are_relative_then_vendored_and_listed_once(write: Write, engine: str) -> None:
    write(
        {
            "jobs/a.jsonnet": """
                { a: import '../lib/one.libsonnet', b: importstr 'note.txt', c: importbin 'note.txt',
                  d: import 'vendored.libsonnet', e: import 'x/both.libsonnet' }""",
            "jobs/note.txt": "hé",
            "jobs/x/both.libsonnet": "'here'",
            "lib/one.libsonnet": "(import 'two.libsonnet') + (import './two.libsonnet')",
            "lib/two.libsonnet": "[2]",
            "vendor/vendored.libsonnet": "import 'x/both.libsonnet'",
            "vendor/x/both.libsonnet": "'vendored'",
        }
    )
    assert evaluate("jobs/a.jsonnet", root=".", engine=engine) == Evaluated(
        {"a": [2, 2], "b": "hé", "c": [104, 195, 169], "d": "vendored", "e": "here"},
        (
            "jobs/note.txt",
            "jobs/x/both.libsonnet",
            "lib/one.libsonnet",
            "lib/two.libsonnet",
            "vendor/vendored.libsonnet",
            "vendor/x/both.libsonnet",
        ),
    )


def test_the_shipped_library_wins_over_files_of_its_name(write: Write, tmp_path: Path, engine: str) -> None:
    shipped = tmp_path / "dragoman.libsonnet"
    shipped.write_text("'shipped'")
    write(
        {
            "jobs/dragoman.libsonnet": "[import 'dragoman.libsonnet', import './own.libsonnet']",
            "jobs/own.libsonnet": "'own'",
            "vendor/dragoman.libsonnet": "'vendored'",
        }
    )
    evaluated = evaluate("jobs/dragoman.libsonnet", root=".", engine=engine, library=str(shipped))
    assert evaluated == Evaluated(["shipped", "own"], (str(shipped.resolve()), "jobs/own.libsonnet"))


def test_the_library_comes_with_the_package(write: Write, engine: str) -> None:
    write({"a.jsonnet": "(import 'dragoman.libsonnet').flow('nightly').kind"})
    assert evaluate("a.jsonnet", root=".", engine=engine) == Evaluated("Flow", (os.path.realpath(LIBRARY),))


def test_a_link_inside_the_root_is_its_target(write: Write, engine: str) -> None:
    write({"a.jsonnet": "import 'lib/link.libsonnet'", "real/x.libsonnet": "import 'y'", "real/y": "1"})
    os.mkdir("lib")
    os.symlink("../real/x.libsonnet", "lib/link.libsonnet")
    assert evaluate("a.jsonnet", root=".", engine=engine) == Evaluated(1, ("real/x.libsonnet", "real/y"))


def test_what_std_trace_prints(write: Write, engine: str) -> None:
    write({"a.jsonnet": "std.trace('one', {}) +\nstd.trace('two', {})"})
    assert evaluate("a.jsonnet", root=".", engine=engine) == Evaluated(
        {}, (), ("TRACE: a.jsonnet:1 one", "TRACE: a.jsonnet:2 two")
    )


def test_the_worker_sees_nothing_of_the_caller(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.jsonnet": "{}", "json.py": "raise SystemExit", "stat.py": "raise SystemExit"})
    monkeypatch.setenv("PYTHONPATH", ".")
    monkeypatch.setenv("PYTHONSTARTUP", "json.py")
    assert evaluate("a.jsonnet", root=".") == Evaluated({}, ())


def test_limits() -> None:
    assert (
        Limits(
            memory=1_000_000_000,
            cpu=5,
            wall=10,
            output=20_000_000,
            depth=100,
            file=5_000_000,
            imports=1_000,
            calls=500,
            stack=8_388_608,
        )
        == LIMITS
    )


# --- as documents


def test_an_object_is_one_document() -> None:
    assert documents(Evaluated({"kind": "Flow"}, ()), "a.jsonnet") == [
        Document("a.jsonnet", 1, {"kind": "Flow"}, {}, (0, 0), True)
    ]


def test_a_list_is_several_documents() -> None:
    assert documents(Evaluated([{"a": 1}, {"b": 2}], ()), "a.jsonnet") == [
        Document("a.jsonnet", 1, {"a": 1}, {}, (0, 0), True),
        Document("a.jsonnet", 2, {"b": 2}, {}, (0, 0), True),
    ]


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (None, ["the result is null, not an object"]),
        ("x", ["the result is a string, not an object"]),
        (1.5, ["the result is a number, not an object"]),
        (True, ["the result is a boolean, not an object"]),
        (
            [{}, 1, [{}]],
            [
                "item 2 of the result is a number, not an object",
                "item 3 of the result is an array, not an object",
            ],
        ),
    ],
)
def test_anything_else_is_no_document(data: object, messages: list[str]) -> None:
    with pytest.raises(Findings) as raised:
        documents(Evaluated(data, ()), "a.jsonnet")
    assert raised.value.findings == tuple(
        Finding(
            "DRG021",
            message,
            Span("a.jsonnet", approximate=True),
            "a file evaluates to one flow (an object) or to a list of flows",
        )
        for message in messages
    )


# --- DRG026, DRG027, DRG028


def test_a_result_that_is_too_deep(write: Write, engine: str) -> None:
    write({"a.jsonnet": "local f(n) = if n == 0 then 1 else [f(n - 1)]; { a: f(std.extVar('n')) }"})
    deepest = evaluate("a.jsonnet", root=".", engine=engine, ext={"n": ("code", "99")})
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", engine=engine, ext={"n": ("code", "100")})
    assert str(deepest.data).count("[") == 99
    assert raised.value.findings == (
        Finding("DRG026", "the result is nested deeper than 100", Span("a.jsonnet", approximate=True)),
    )


def test_a_result_that_is_too_large(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "std.repeat('x', 2000)"})
    found = finding("a.jsonnet", engine, Limits(output=1_000))
    more = "2,002" if engine == "rjsonnet" else "2,003"
    message = f"the result has {more} bytes, maximum 1,000"
    assert found == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


def test_a_result_with_a_function(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "{ steps: { f(x): x } }"})
    found = finding("a.jsonnet", engine)
    assert found[:2] + found[3:4] == (
        "DRG026",
        "the result holds a function",
        "call it, or hide its field with `::`",
    )


@pytest.mark.parametrize("text", ["1e400", "[-std.pow(2, 1e300)]", "{ a: std.log(-1) }"])
def test_a_result_that_is_no_number(write: Write, finding: Find, text: str) -> None:
    write({"a.jsonnet": text})
    message = "the result holds a number that JSON cannot write: infinite, or not a number"
    assert finding("a.jsonnet") == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


def test_a_result_that_is_no_text(write: Write, finding: Find) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "std.char(55296)"})
    message = "the result holds half of a surrogate pair, which is not text"
    assert finding("a.jsonnet", "jsonnet") == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


def test_an_external_variable_that_is_not_set(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "{\n  tag: std.extVar('IMAGE_TAG'),\n}"})
    place = Span("a.jsonnet", 2, 8, 2, 31)
    assert finding("a.jsonnet", engine)._replace(address="") == Finding(
        "DRG027",
        "the external variable `IMAGE_TAG` is not set",
        place,
        "give it with `--ext-str IMAGE_TAG=VALUE`",
    )
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", engine=engine, ext={"IMAGETAG": ("str", "1")})
    assert raised.value.findings[0]._replace(address="") == Finding(
        "DRG027",
        "the external variable `IMAGE_TAG` is not set",
        place,
        "give it with `--ext-str IMAGE_TAG=VALUE`; did you mean `IMAGETAG`?",
    )


def test_a_top_level_argument_that_is_not_given(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "function(tag) { tag: tag }"})
    assert finding("a.jsonnet", engine) == Finding(
        "DRG027",
        "the top-level argument `tag` is not given",
        Span("a.jsonnet", approximate=True),
        "give it with `--tla-str tag=VALUE`",
    )


@pytest.mark.parametrize(
    ("engine", "help_"),
    [("jsonnet", "pip install 'dragoman[jsonnet]'"), ("rjsonnet", "pip install rjsonnet")],
)
def test_an_engine_that_is_not_installed(
    write: Write, monkeypatch: pytest.MonkeyPatch, engine: str, help_: str
) -> None:
    write({"a.jsonnet": "{}"})
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", engine=engine)
    assert raised.value.findings == (Finding("DRG028", f"the Jsonnet engine `{engine}` is not installed", None, help_),)
    assert raised.value.exit_code == 2


def test_an_engine_that_does_not_load(write: Write, finding: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.jsonnet": "{}", "site/rjsonnet/__init__.py": "import glibc"})
    monkeypatch.syspath_prepend("site")
    assert finding("a.jsonnet") == Finding(
        "DRG028",
        "the Jsonnet engine `rjsonnet` does not load: No module named 'glibc'",
        None,
        "pip install rjsonnet",
    )


# --- workers that misbehave


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        ("", "DRG025", "the Jsonnet engine ended without an answer (exit code 0)"),
        ("raise SystemExit(3)", "DRG025", "the Jsonnet engine ended without an answer (exit code 3)"),
        ("print('garbage')", "DRG025", "the Jsonnet engine ended without an answer (exit code 0)"),
        (
            "print('data\\0x\\0\\0{}', end='')",
            "DRG025",
            "the Jsonnet engine ended without an answer (exit code 0)",
        ),
        (
            "print('data\\x007\\0\\0{}', end='')",
            "DRG025",
            "the Jsonnet engine ended without an answer (exit code 0)",
        ),
        (
            "print('odd\\x002\\0\\0{}', end='')",
            "DRG025",
            "the Jsonnet engine ended without an answer (exit code 0)",
        ),
        (
            "import os; os.close(0); os.abort()",
            "DRG025",
            "the Jsonnet engine was ended by SIGABRT",
        ),
        ("import os; os.kill(os.getpid(), 35)", "DRG025", "the Jsonnet engine was ended by signal 35"),
        ("while True: print('x' * 100000)", "DRG025", "the Jsonnet engine was ended by SIGKILL"),
        ("import time; time.sleep(60)", "DRG024", "evaluation took longer than 1 s"),
        ("import os, time; os.close(0); time.sleep(60)", "DRG024", "evaluation took longer than 1 s"),
    ],
)
def test_a_worker_that_misbehaves(
    write: Write, monkeypatch: pytest.MonkeyPatch, program: str, code: str, message: str
) -> None:
    write({"a.jsonnet": "{}", "worker.py": program})
    monkeypatch.setattr(jsonnet, "WORKER", os.path.abspath("worker.py"))
    wall = 1 if "sleep" in program else 60
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", ext={"big": ("str", "x" * 1_000_000)}, limits=Limits(wall=wall))
    assert [(found.code, found.message) for found in raised.value.findings] == [(code, message)]


def test_a_worker_that_cannot_start(write: Write, finding: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.jsonnet": "{}"})
    monkeypatch.setattr(sys, "executable", os.path.abspath("python"))
    assert finding("a.jsonnet").message == "the Jsonnet engine ended without an answer (exit code 127)"


def test_an_interrupt_ends_the_worker(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    program = f"import os, time; open({str(alive)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def interrupt(number: int, frame: object) -> None:
        if alive.exists() and alive.read_text():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            converse([sys.executable, "-c", program], b"", seconds=60, size=100)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ChildProcessError):  # it is gone, and not even a zombie
        os.waitpid(int(alive.read_text()), os.WNOHANG)


def test_no_descriptor_is_left(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    for command in ([sys.executable, "-c", "print(1)"], [str(tmp_path / "none")]):
        converse(command, b"", seconds=10, size=100)
    assert len(os.listdir("/proc/self/fd") if before else []) == len(before)


def test_a_worker_may_speak_before_it_has_heard_all() -> None:
    echo = """
import sys
while chunk := sys.stdin.buffer.read1(1000):
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
"""
    request = bytes(range(256)) * 4_000
    answer = converse([sys.executable, "-c", echo], request, seconds=60, size=1_000_000)
    assert answer == Answer(request[: len(answer.output)], b"", -signal.SIGKILL)
    assert len(answer.output) > 1_000_000
