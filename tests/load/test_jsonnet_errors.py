"""What is wrong with a Jsonnet file: its place in the source, and the imports that it may not have."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dragoman.findings import Finding, Span
from dragoman.load.jsonnet import Limits, evaluate

Write = Callable[[dict[str, str]], None]
Find = Callable[..., Finding]


# --- DRG021: the engine's own errors


def test_a_syntax_error(write: Write, finding: Find) -> None:
    write({"a.jsonnet": "{\n  'é': 1\n  b: 2,\n}"})
    assert finding("a.jsonnet") == Finding(
        "DRG021",
        'syntax error: expected one of "(", ".", "?", "[", "{", "}", <binary op>, got "b"',
        Span("a.jsonnet", 3, 3, 3, 4),
    )


def test_a_syntax_error_by_the_reference_engine(write: Write, finding: Find) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "{\n  'é': 1, b 2,\n}"})
    assert finding("a.jsonnet", "jsonnet") == Finding(
        "DRG021",
        'evaluation failed: expected token OPERATOR but got (NUMBER, "2")',
        Span("a.jsonnet", 2, 13, 2, 14),
    )


def test_an_error_has_its_place_and_how_it_was_reached(write: Write, finding: Find, engine: str) -> None:
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


def test_a_place_over_several_lines_is_its_first_line(write: Write, finding: Find) -> None:
    write({"a.jsonnet": "{ 'é': 1,\n  b: error\n    'x' }"})
    assert finding("a.jsonnet") == Finding(
        "DRG021", "evaluation failed: x", Span("a.jsonnet", 2, 3, 2, 11), address="b"
    )


def test_a_place_over_several_lines_by_the_reference_engine(write: Write, finding: Find) -> None:
    pytest.importorskip("_jsonnet", reason="dragoman[jsonnet] is not installed")
    write({"a.jsonnet": "{ 'é': 1,\n  b: error\n    'ü' }"})
    assert finding("a.jsonnet", "jsonnet") == Finding("DRG021", "evaluation failed: ü", Span("a.jsonnet", 2, 6, 3, 8))


def test_an_error_without_a_place_has_an_address(write: Write, finding: Find) -> None:
    write({"a.jsonnet": "{ spec: { steps: { train: {}.image } } }"})
    assert finding("a.jsonnet") == Finding(
        "DRG021",
        "evaluation failed: no such field: image",
        Span("a.jsonnet", approximate=True),
        address="spec.steps.train",
    )


def test_what_the_library_says_is_about_its_caller(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "local d = import 'dragoman.libsonnet';\nd.step(1)"})
    Path("spec.libsonnet").write_text("{\n  step(n)::\n    assert std.isString(n) : 'a name is text';\n    n }")
    os.rename("spec.libsonnet", "dragoman.libsonnet")
    os.symlink("dragoman.libsonnet", "spec.libsonnet")
    found = finding("a.jsonnet", engine)
    assert found._replace(related=()) == Finding(
        "DRG021", "evaluation failed: a name is text", Span("a.jsonnet", 2, 1, 2, 10)
    )
    assert [(place.file, place.line, words) for place, words in found.related] == [
        ("dragoman.libsonnet", 3, "raised here")
    ]


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
def test_messages(write: Write, finding: Find, engine: str, text: str, message: str) -> None:
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
def test_hints_of_rjsonnet(write: Write, finding: Find, text: str, help_: str) -> None:
    write({"a.jsonnet": text})
    assert finding("a.jsonnet").help == help_


def test_files_are_named_from_where_the_caller_stands(
    write: Write, finding: Find, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"jobs/a.jsonnet": "import '../lib/x.libsonnet'", "lib/x.libsonnet": "\ufefferror 'é'"})
    monkeypatch.chdir("jobs")
    assert finding("./a.jsonnet", engine, root="..") == Finding(
        "DRG021",
        "evaluation failed: é",
        Span("../lib/x.libsonnet", 1, 1, 1, 10),
        related=((Span("a.jsonnet", 1, 1, 1, 28), "reached from here"),),
    )


# --- DRG022 and DRG023: the jail


def test_an_import_that_is_not_there(write: Write, finding: Find, engine: str) -> None:
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


def test_an_import_that_is_not_there_for_an_import(write: Write, finding: Find, engine: str) -> None:
    write({"a.jsonnet": "import 'lib/x.libsonnet'", "lib/x.libsonnet": "{ a: importstr @'note' }.a"})
    assert finding("a.jsonnet", engine) == Finding(
        "DRG022",
        "import `note` is not found in `lib` or `vendor`",
        Span("lib/x.libsonnet", 1, 17, 1, 23),
        "known here: `x.libsonnet`",
    )


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
    write: Write, finding: Find, engine: str, how: str, wanted: str, reason: str
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
def test_an_import_that_is_no_text(write: Write, finding: Find, engine: str, wanted: str, reason: str) -> None:
    write({"a.jsonnet": f'importstr "{wanted}"', "lib/x": "", "large": "x" * 2_001})
    os.mkfifo("pipe")
    os.symlink("loop", "loop")
    Path("latin").write_bytes(b"\xe9")
    found = finding("a.jsonnet", engine, Limits(file=2_000))
    assert (found.code, found.message) == ("DRG022", f"import `{wanted}` {reason}")


def test_an_import_with_a_null_byte(write: Write, finding: Find) -> None:
    write({"a.jsonnet": 'import "a\\u0000b"'})
    found = finding("a.jsonnet")
    message = "import `a\N{REPLACEMENT CHARACTER}b` is not found in `.` or `vendor`"
    assert (found.code, found.message) == ("DRG022", message)


def test_too_many_imports(write: Write, finding: Find, engine: str) -> None:
    write({f"x{i}": "1" for i in range(4)})
    write({"a.jsonnet": "[\n" + "".join(f"  import 'x{i}', import 'x0',\n" for i in range(4)) + "]"})
    assert finding("a.jsonnet", engine, Limits(imports=3)) == Finding(
        "DRG022", "import `x3` is one import more than 3", Span("a.jsonnet", 5, 10, 5, 14)
    )
    assert evaluate("a.jsonnet", root=".", engine=engine, limits=Limits(imports=4)).data == [1] * 8


def test_the_file_itself_is_in_the_jail(write: Write, finding: Find, engine: str) -> None:
    write({"../out.jsonnet": "{}", "large.jsonnet": "x" * 5_000_001})
    Path("latin.jsonnet").write_bytes(b"{\n  \xe9")
    os.mkfifo("pipe.jsonnet")
    assert [finding(f"{name}.jsonnet", engine) for name in ("../out", "gone", "pipe", "large", "latin")] == [
        Finding(
            "DRG015",
            "`../out.jsonnet` is outside the repository",
            Span("../out.jsonnet", approximate=True),
            "everything a flow reads must be in the repository; `--root` names another folder",
        ),
        Finding("DRG013", "cannot read `gone.jsonnet`: no such file or directory"),
        Finding("DRG013", "`pipe.jsonnet` is not a regular file"),
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
