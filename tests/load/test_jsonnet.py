import os
import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings, Span
from dragoman.load import jsonnet
from dragoman.load.document import Document
from dragoman.load.jsonnet import Answer, Evaluated, Limits, converse, documents, evaluate

ENGINES = [
    "rjsonnet",
    pytest.param(
        "jsonnet",
        marks=pytest.mark.skipif(find_spec("_jsonnet") is None, reason="dragoman[jsonnet] is not installed"),
    ),
]
both = pytest.mark.parametrize("engine", ENGINES)

Write = Callable[[dict[str, str]], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A repository to stand in, and a way to put files into it."""
    root = tmp_path / "repo"
    root.mkdir()
    monkeypatch.chdir(root)

    def put(files: dict[str, str]) -> None:
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, newline="")

    return put


def finding(path: str, engine: str = "rjsonnet", limits: Limits = Limits()) -> Finding:  # noqa: B008
    with pytest.raises(Findings) as raised:
        evaluate(path, root=".", engine=engine, library="dragoman.libsonnet", limits=limits)
    [only] = raised.value.findings
    return only


# --- what it evaluates to


@both
def test_the_result_is_plain_data_with_sorted_keys(write: Write, engine: str) -> None:
    write({"a.jsonnet": "{ b: [1, 2.5, 1e3, -0, 1e100], a: { 'é': null }, hidden:: 1, c: 'x' + 1, d: true }"})
    evaluated = evaluate("a.jsonnet", root=".", engine=engine)
    assert evaluated == Evaluated(
        {"a": {"é": None}, "b": [1, 2.5, 1000, 0, 1e100], "c": "x1", "d": True}, (), ()
    )
    assert list(evaluated.data) == ["a", "b", "c", "d"]
    assert [type(number) for number in evaluated.data["b"]] == [int, float, int, int, float]


@both
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


@both
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


@both
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


@both
def test_a_link_inside_the_root_is_its_target(write: Write, engine: str) -> None:
    write({"a.jsonnet": "import 'lib/link.libsonnet'", "real/x.libsonnet": "import 'y'", "real/y": "1"})
    os.mkdir("lib")
    os.symlink("../real/x.libsonnet", "lib/link.libsonnet")
    assert evaluate("a.jsonnet", root=".", engine=engine) == Evaluated(1, ("real/x.libsonnet", "real/y"))


@both
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
    assert Limits() == Limits(
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


# --- DRG021: the engine's own errors


def test_a_syntax_error(write: Write) -> None:
    write({"a.jsonnet": "{\n  'é': 1\n  b: 2,\n}"})
    assert finding("a.jsonnet") == Finding(
        "DRG021",
        'syntax error: expected one of "(", ".", "?", "[", "{", "}", <binary op>, got "b"',
        Span("a.jsonnet", 3, 3, 3, 4),
    )


def test_a_syntax_error_by_the_reference_engine(write: Write) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "{\n  'é': 1, b 2,\n}"})
    assert finding("a.jsonnet", "jsonnet") == Finding(
        "DRG021",
        'evaluation failed: expected token OPERATOR but got (NUMBER, "2")',
        Span("a.jsonnet", 2, 13, 2, 14),
    )


@both
def test_an_error_has_its_place_and_how_it_was_reached(write: Write, engine: str) -> None:
    write(
        {
            "a.jsonnet": "local lib = import 'lib/f.libsonnet';\n{ 'é😀': 1,\n  b: lib.f('ü') }",
            "lib/f.libsonnet": "// é\n{ f(x):: error 'no ' + x }",
        }
    )
    found = finding("a.jsonnet", engine)
    assert found._replace(address="") == Finding(
        "DRG021",
        "evaluation failed: no ü",
        Span("lib/f.libsonnet", 2, 10, 2, 25),
        related=((Span("a.jsonnet", 3, 6, 3, 16), "reached from here"),),
    )


def test_a_place_over_several_lines_is_its_first_line(write: Write) -> None:
    write({"a.jsonnet": "{ 'é': 1,\n  b: error\n    'x' }"})
    assert finding("a.jsonnet") == Finding(
        "DRG021", "evaluation failed: x", Span("a.jsonnet", 2, 3, 2, 11), address="b"
    )


def test_a_place_over_several_lines_by_the_reference_engine(write: Write) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "{ 'é': 1,\n  b: error\n    'ü' }"})
    assert finding("a.jsonnet", "jsonnet") == Finding(
        "DRG021", "evaluation failed: ü", Span("a.jsonnet", 2, 6, 3, 8)
    )


def test_an_error_without_a_place_has_an_address(write: Write) -> None:
    write({"a.jsonnet": "{ spec: { steps: { train: {}.image } } }"})
    assert finding("a.jsonnet") == Finding(
        "DRG021",
        "evaluation failed: no such field: image",
        Span("a.jsonnet", approximate=True),
        address="spec.steps.train",
    )


@both
def test_what_the_library_says_is_about_its_caller(write: Write, engine: str) -> None:
    write({"a.jsonnet": "local d = import 'dragoman.libsonnet';\nd.step(1)"})
    Path("spec.libsonnet").write_text(
        "{\n  step(n)::\n    assert std.isString(n) : 'a name is text';\n    n }"
    )
    os.rename("spec.libsonnet", "dragoman.libsonnet")
    os.symlink("dragoman.libsonnet", "spec.libsonnet")
    found = finding("a.jsonnet", engine)
    assert found._replace(related=()) == Finding(
        "DRG021", "evaluation failed: a name is text", Span("a.jsonnet", 2, 1, 2, 10)
    )
    assert [(place.file, place.line, words) for place, words in found.related] == [
        ("dragoman.libsonnet", 3, "raised here")
    ]


@both
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ assert false }", "an assertion failed"),
        ("assert 1 == 2; {}", "an assertion failed"),
        ("assert 1 == 2 : 'no'; {}", "evaluation failed: no"),
        ("error '\\n  second\\nthird'", "evaluation failed: second"),
        ("error 'red \\u001b[31m\\u009b'", "evaluation failed: red ?[31m?"),
        ("error std.repeat('x', 100000)", "evaluation failed: " + "x" * 300 + "…"),
        ("local f(x) = f(x + 1) + 1; f(0)", "evaluation failed: calls are nested deeper than 500"),
        ("error 'a.jsonnet:99:99-100: nowhere'", "evaluation failed: a.jsonnet:99:99-100: nowhere"),
    ],
)
def test_messages(write: Write, engine: str, text: str, message: str) -> None:
    write({"a.jsonnet": text})
    found = finding("a.jsonnet", engine)
    assert (found.code, found.message) == ("DRG021", message)


@pytest.mark.parametrize(
    ("text", "help_"),
    [
        ("{ image: 1, imago: 2 }.imagi", "did you mean `image` or `imago`?"),
        ("local image = 1; imagee", "did you mean `image`?"),
        ("(function(name, image='x') 1)(1, 2, 3)", "its parameters are `(name, image = <default>)`"),
    ],
)
def test_hints_of_rjsonnet(write: Write, text: str, help_: str) -> None:
    write({"a.jsonnet": text})
    assert finding("a.jsonnet").help == help_


# --- DRG022 and DRG023: the jail


@both
def test_an_import_that_is_not_there(write: Write, engine: str) -> None:
    write(
        {
            "jobs/a.jsonnet": "// import 'lib/setps.libsonnet'\n{ 'é': 1 } +\n(import 'lib/setps.libsonnet')",
            "jobs/lib/steps.libsonnet": "1",
            "vendor/lib/other.libsonnet": "1",
        }
    )
    assert finding("jobs/a.jsonnet", engine) == Finding(
        "DRG022",
        "import `lib/setps.libsonnet` is not found in `jobs` or `vendor`",
        Span("jobs/a.jsonnet", 3, 9, 3, 30),
        "did you mean `lib/steps.libsonnet`?",
    )


@both
def test_an_import_that_is_not_there_for_an_import(write: Write, engine: str) -> None:
    write({"a.jsonnet": "import 'lib/x.libsonnet'", "lib/x.libsonnet": "{ a: importstr @'note' }.a"})
    assert finding("a.jsonnet", engine) == Finding(
        "DRG022",
        "import `note` is not found in `lib` or `vendor`",
        Span("lib/x.libsonnet", 1, 17, 1, 23),
        "known here: `x.libsonnet`",
    )


@both
@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("../x.libsonnet", "leaves the repository root"),
        ("lib/../../x.libsonnet", "leaves the repository root"),
        ("/etc/hostname", "is an absolute path"),
        ("out.libsonnet", "leaves the repository root through a symbolic link"),
        ("away/x.libsonnet", "leaves the repository root through a symbolic link"),
        ("away/not-there", "leaves the repository root through a symbolic link"),
    ],
)
@pytest.mark.parametrize("how", ["import", "importstr", "importbin"])
def test_an_import_that_leaves_the_root(
    write: Write, engine: str, how: str, wanted: str, reason: str
) -> None:
    write({"a.jsonnet": f"{how} '{wanted}'", "../x.libsonnet": "1", "../outside/x.libsonnet": "1"})
    os.symlink("../x.libsonnet", "out.libsonnet")
    os.symlink("../outside", "away")
    assert finding("a.jsonnet", engine) == Finding(
        "DRG023",
        f"import `{wanted}` {reason}",
        Span("a.jsonnet", 1, len(how) + 2, 1, len(how) + len(wanted) + 4),
        "an import is relative to its file or to `vendor`, inside the repository",
    )


@both
@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("pipe", "is not a regular file"),
        ("lib", "is not a regular file"),
        (".", "is not a regular file"),
        ("loop", "is not found in `.` or `vendor`"),
        ("large", "has 2,001 bytes, maximum 2,000"),
        ("latin", "is not UTF-8 text"),
    ],
)
def test_an_import_that_is_no_text(write: Write, engine: str, wanted: str, reason: str) -> None:
    write({"a.jsonnet": f'importstr "{wanted}"', "lib/x": "", "large": "x" * 2_001})
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    Path("latin").write_bytes(b"\xe9")
    found = finding("a.jsonnet", engine, Limits(file=2_000))
    assert (found.code, found.message) == ("DRG022", f"import `{wanted}` {reason}")


def test_an_import_with_a_null_byte(write: Write) -> None:
    write({"a.jsonnet": 'import "a\\u0000b"'})
    found = finding("a.jsonnet")
    message = "import `a\N{REPLACEMENT CHARACTER}b` is not found in `.` or `vendor`"
    assert (found.code, found.message) == ("DRG022", message)


@both
def test_too_many_imports(write: Write, engine: str) -> None:
    write({f"x{i}": "1" for i in range(4)})
    write({"a.jsonnet": "[\n" + "".join(f"  import 'x{i}', import 'x0',\n" for i in range(4)) + "]"})
    assert finding("a.jsonnet", engine, Limits(imports=3)) == Finding(
        "DRG022", "import `x3` is one import more than 3", Span("a.jsonnet", 5, 10, 5, 14)
    )
    assert evaluate("a.jsonnet", root=".", engine=engine, limits=Limits(imports=4)).data == [1] * 8


@both
def test_the_file_itself_is_in_the_jail(write: Write, engine: str) -> None:
    write({"../out.jsonnet": "{}", "large.jsonnet": "x" * 5_000_001})
    Path("latin.jsonnet").write_bytes(b"{\n  \xe9")
    os.mkfifo("pipe.jsonnet")
    assert [finding(f"{name}.jsonnet", engine) for name in ("../out", "gone", "pipe", "large", "latin")] == [
        Finding(
            "DRG023", "`../out.jsonnet` leaves the repository root", Span("../out.jsonnet", approximate=True)
        ),
        Finding("DRG022", "`gone.jsonnet` is not found", Span("gone.jsonnet", approximate=True)),
        Finding("DRG022", "`pipe.jsonnet` is not a regular file", Span("pipe.jsonnet", approximate=True)),
        Finding(
            "DRG007",
            "the file has 5000001 bytes, maximum 5000000",
            Span("large.jsonnet"),
            "split it into several files",
        ),
        Finding(
            "DRG001",
            "byte 0xe9 at line 2 (byte 5 of the file) is not UTF-8 text",
            Span("latin.jsonnet", 2, 3, 2, 4),
            "save the file as UTF-8",
        ),
    ]


# --- DRG026, DRG027, DRG028


@both
def test_a_result_that_is_too_deep(write: Write, engine: str) -> None:
    write({"a.jsonnet": "local f(n) = if n == 0 then 1 else [f(n - 1)]; { a: f(std.extVar('n')) }"})
    deepest = evaluate("a.jsonnet", root=".", engine=engine, ext={"n": ("code", "99")})
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", engine=engine, ext={"n": ("code", "100")})
    assert str(deepest.data).count("[") == 99
    assert raised.value.findings == (
        Finding("DRG026", "the result is nested deeper than 100", Span("a.jsonnet", approximate=True)),
    )


@both
def test_a_result_that_is_too_large(write: Write, engine: str) -> None:
    write({"a.jsonnet": "std.repeat('x', 2000)"})
    found = finding("a.jsonnet", engine, Limits(output=1_000))
    more = "2,002" if engine == "rjsonnet" else "2,003"
    message = f"the result has {more} bytes, maximum 1,000"
    assert found == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


@both
def test_a_result_with_a_function(write: Write, engine: str) -> None:
    write({"a.jsonnet": "{ steps: { f(x): x } }"})
    found = finding("a.jsonnet", engine)
    assert found[:2] + found[3:4] == (
        "DRG026",
        "the result holds a function",
        "call it, or hide its field with `::`",
    )


@pytest.mark.parametrize("text", ["1e400", "[-std.pow(2, 1e300)]", "{ a: std.log(-1) }"])
def test_a_result_that_is_no_number(write: Write, text: str) -> None:
    write({"a.jsonnet": text})
    message = "the result holds a number that JSON cannot write: infinite, or not a number"
    assert finding("a.jsonnet") == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


def test_a_result_that_is_no_text(write: Write) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "std.char(55296)"})
    message = "the result holds half of a surrogate pair, which is not text"
    assert finding("a.jsonnet", "jsonnet") == Finding("DRG026", message, Span("a.jsonnet", approximate=True))


@both
def test_an_external_variable_that_is_not_set(write: Write, engine: str) -> None:
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


@both
def test_a_top_level_argument_that_is_not_given(write: Write, engine: str) -> None:
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
    assert raised.value.findings == (
        Finding("DRG028", f"the Jsonnet engine `{engine}` is not installed", None, help_),
    )
    assert raised.value.exit_code == 2


def test_an_engine_that_does_not_load(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
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
            "import os; os.close(0); os.close(1); os.abort()",
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
    with pytest.raises(Findings) as raised:
        evaluate("a.jsonnet", root=".", ext={"big": ("str", "x" * 1_000_000)}, limits=Limits(wall=1))
    assert [(found.code, found.message) for found in raised.value.findings] == [(code, message)]


def test_a_worker_that_cannot_start(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"a.jsonnet": "{}"})
    monkeypatch.setattr(sys, "executable", os.path.abspath("python"))
    assert finding("a.jsonnet").message == "the Jsonnet engine ended without an answer (exit code 127)"


def test_an_interrupt_ends_the_worker(tmp_path: Path) -> None:
    program = f"open({str(tmp_path / 'alive')!r}, 'w').close(); import time; time.sleep(60)"

    def interrupt(number: int, frame: object) -> None:
        if (tmp_path / "alive").exists():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    try:
        with pytest.raises(KeyboardInterrupt):
            converse([sys.executable, "-c", program], b"", seconds=60, size=100)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ChildProcessError):  # none is left, not even as a zombie
        os.waitpid(-1, os.WNOHANG)


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
