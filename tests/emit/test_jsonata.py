"""An expression has the same value for Step Functions as for us: ours as printed, computed by JSONata's engines."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conformance.test_expressions import LEAVES, ROWS, SCOPE, SITUATIONS, VALUES, sources
from dragoman.emit.batch.jsonata import (
    Unprintable,
    _Printer,
    amount_of,
    gathered,
    literal,
    parsed,
    printed,
    printed_text,
    string,
)
from dragoman.emit.batch.jsonata_facts import writes_floats
from dragoman.emit.batch.jsonata_functions import FUNCTIONS
from dragoman.expr.check import check
from dragoman.expr.evaluate import evaluate
from dragoman.expr.parse import parse
from dragoman.expr.scope import Variable
from dragoman.expr.text import Template, check_text, parse_text, render_text
from dragoman.expr.tree import Expr, ExprError
from dragoman.expr.types import Type, type_of
from dragoman.expr.values import Quantity, Value, convert, convert_text, equal
from dragoman.quantity import SCALE
from dragoman.quantity import parse as amount
from emit.jsonata_cases import AMOUNTS, CONSTANTS, FORMS, KINDS, PATTERN, QUANTITIES, TYPED
from emit.jsonata_engine import BUILT_IN, HERE, Engine, Failed, Node, Python, Result
from expressions import Kind, Known, declared, expression, kind, quoted, value
from texts import TEXTS

NAMES = {**SCOPE, **{name: Variable(name, type_of("quantity")) for name in QUANTITIES}}
KNOWN = {**VALUES, **{name: Quantity(text) for name, text in QUANTITIES.items()}}


@pytest.fixture(scope="module", params=["python", "step-functions", "newest"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "python":
        yield Python()
        return
    if shutil.which("node") is None:
        pytest.skip("Node is not here: JSONata's own implementation does not judge what we print")
    done = subprocess.run([HERE / "build"], capture_output=True, text=True, check=False)
    if done.returncode:
        stop = pytest.fail if request.config.getoption("--conformance") else pytest.skip
        stop(f"JSONata's own implementation cannot be installed: {done.stderr}")
    node = Node(Path(done.stdout.strip()), request.param)
    yield node
    node.close()


def name(target: object) -> str:
    return f"$train.{target}"


def plain(value: Value) -> Any:
    """A value as Step Functions has it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.text if isinstance(value, Quantity) else value


def same(engine: Engine, ours: Any, theirs: Any) -> bool:
    """Equal, and of one kind."""
    if equal(ours, theirs):
        return True
    if engine.name == "step-functions" and isinstance(ours, str):  # it writes ints with 15 digits, AWS does not
        return re.search("[0-9]{16}", ours) is not None
    if engine.name != "python" or not isinstance(theirs, str):
        return False
    # it writes JSON in ASCII, and large floats in its own way
    spelled = re.sub(r"(\\u[0-9a-f]{4})+", lambda found: str(json.loads(f'"{found[0]}"')), theirs)
    try:
        return spelled == ours or bool(json.loads(ours) == json.loads(theirs))
    except (TypeError, ValueError):
        return False


def judge(engine: Engine, expr: Expr, values: dict[str, Any]) -> None:
    """The same value and the same text, or an error for both."""
    known = {"train": {key: plain(value) for key, value in values.items()}}
    forms = (expr, Template((expr,)), Template(("<", expr, ">")))
    try:
        written = [printed_text(form, name) if isinstance(form, Template) else printed(form, name) for form in forms]
    except Unprintable:
        return
    for form, source in zip(forms, written, strict=True):
        assert "{%" not in source
        assert "%}" not in source
        if writes_floats(form) or (engine.name == "python" and form == forms[2]):
            continue
        try:
            expected = render_text(form, values) if isinstance(form, Template) else plain(evaluate(form, values))
        except ExprError:
            with pytest.raises(Failed):
                engine.run(source, known)
            continue
        result = tried(engine, source, known)
        if result is None:
            continue
        assert same(engine, expected, result.value), (source, expected, result.value)


def tried(engine: Engine, source: str, values: dict[str, Any]) -> Result | None:
    """None for what leaves the 53 bits of a number, which is loud, and documented."""
    try:
        return engine.run(source, values)
    except Failed as failed:
        if "53 bits" in str(failed):
            return None
        raise


def typed(source: str) -> Expr:
    return check(parse(source), NAMES)


@pytest.mark.parametrize("source", [*ROWS, *TYPED])
def test_table(engine: Engine, source: str) -> None:
    if engine.name == "python" and re.search(r"null|mixed\[3\]", source):
        pytest.skip("Python's engine takes null in a list for no value")
    judge(engine, typed(source), KNOWN)


@pytest.mark.parametrize(
    "source",
    [
        "i % (j + 3)", "i / (j + 3)", "f / (g + 0.125)", "ints[i]", "ints[j]", "m.l[i]", "open.zz", "open[s]", "int(s)", "double(s)",
        "fromJson(s)", "int('1.5' + t)", "int(' 1' + t)", "int('1' + t + '0000000000000000000')", "f * 1e308 * 1e308", "quantity(s)",
        "mixed[0].k", "mixed[1].k", "mixed[3].k", "mixed[5][0]", "mixed[0] < s", "mixed[1] < 1", "mixed[3] < 1", "mixed[1] ? 1 : 2",
        "!mixed[3]", "mixed[0] && b", "b && mixed[0]", "c || mixed[3]", "size(mixed[0])", "size(mixed[3])", "mixed[0].startsWith('1')",
        "mixed[3].contains('')", "mixed[3].matches('')", "int(f * 1e300)",
    ],
)  # fmt: skip
def test_errors(engine: Engine, source: str) -> None:
    """An error is an error, never another value."""
    if engine.name == "python" and "mixed[3]" in source:
        pytest.skip("Python's engine takes null in a list for no value")
    expr = typed(source)
    with pytest.raises(ExprError):
        evaluate(expr, KNOWN)
    judge(engine, expr, KNOWN)


@pytest.mark.parametrize(
    "source", ["s + t", "i + 1", "f * 2.0", "b ? 1 : 2", "b && c", "!b", "s < t", "i < 1", "s.startsWith('')", "s.matches('x')",
               "ints[0]", "m.n", "size(ints)", "1 in ints", "'n' in m", "ints + [1]", "-i", "int(s)", "int(f)", "q < r", "s == null",
               "i == 1", "q == r", "s in ['a']", "[ints, s]", "toJson(m)", "string(s)", "s + 'a'", "i / j", "i % j"],
)  # fmt: skip
def test_null(engine: Engine, source: str) -> None:
    """A skipped step's outputs are null whatever their type."""
    if engine.name == "python" and source in ("[ints, s]", "s + t", "s.matches('x')"):
        pytest.skip("Python's engine takes null for no value")
    judge(engine, typed(source), dict.fromkeys(NAMES))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("9007199254740993 + i", "`9007199254740993` has more than 53 bits: Step Functions' numbers are floats"),
        ("q * f", "Step Functions cannot take a quantity so many times: `q * f`"),
        ("quantity(f)", "Step Functions writes floats in another way: `quantity(f)`"),
        ("[q] == [r]", "Step Functions compares quantities one by one only: `[q] == [r]`"),
        ("q in [r]", "Step Functions cannot look for a quantity: `q in [r]`"),
        ("mixed[0] + 1", "Step Functions cannot know the type of `mixed[0] + 1` while running"),
        ("mixed[0] / 2", "Step Functions cannot know the type of `mixed[0] / 2` while running"),
        ("int(mixed[0])", "Step Functions cannot know the type of `mixed[0]` while running"),
        ("ints[mixed[0]]", "Step Functions cannot know the type of `mixed[0]` while running"),
        ("mixed[0] < mixed[1]", "Step Functions cannot know the type of `mixed[0] < mixed[1]` while running"),
        ("[q, i]", "Step Functions cannot know the type of `[q, i]` while running"),
        ("s.matches('[^😀]')", "Step Functions cannot match '[^😀]': a range of letters beyond U+FFFF"),
        ("(" * 50 + "i" + " + 1)" * 50, "the expression nests deeper than Step Functions evaluates (90 levels)"),
    ],
)
def test_unprintable(source: str, message: str) -> None:
    with pytest.raises(Unprintable) as caught:
        printed(typed(source), name)
    assert caught.value.message == message
    assert caught.value.help


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS,
        "{%",
        "%}",
        "{%%}",
        "%%}",
        "'%'}",
        "\u0000",
        "\udbff\udfff".encode("utf-16", "surrogatepass").decode("utf-16"),
    ],
)
def test_letters(engine: Engine, text: str) -> None:
    """Every letter of a text arrives."""
    for source in (string(text), literal({text: [text]}), printed_text(text, name)):
        assert "{%" not in source
        assert "%}" not in source
        got = engine.run(source, {}).value
        assert got == ({text: [text]} if source[0] == "{" else text)


@pytest.mark.parametrize("value", CONSTANTS)
def test_constants(engine: Engine, value: Any) -> None:
    assert engine.run(literal(value), {}).value == value


@pytest.mark.parametrize("kind", KINDS)
def test_parsed(engine: Engine, kind: str) -> None:
    wanted = type_of(KINDS[kind])
    source = parsed("$x.text", wanted)
    for text in FORMS:
        if engine.name == "python" and ("null" in text or (text == " 1" and kind == "int")):
            continue  # it takes null in a list for no value, and space for a part of a number
        values = {"x": {"text": text}}
        try:
            ours = plain(convert_text(text, wanted))
        except ValueError:
            with pytest.raises(Failed):
                engine.run(source, values)
            continue
        theirs = engine.run(source, values).value
        assert same(engine, ours, theirs), (source, text, ours, theirs)


@pytest.mark.parametrize("kind", ["string", "list", "any", "map"])
@pytest.mark.parametrize(
    "values", [[], [[1]], [[]], [None], [[1], None, []], [[[1]]], [{"a": [1]}], ["x"], ["x", None]]
)
def test_gathered(engine: Engine, kind: str, values: list[Any]) -> None:
    if kind in ("string", "map") and any(isinstance(value, list) for value in values):
        return
    if engine.name == "python" and None in values:
        pytest.skip("Python's engine takes null in a list for no value")
    results = [{"ok": True, "out": {"a-b": value}} for value in values]
    got = engine.run(gathered("$states.result", "out.`a-b`", Type(kind)), {"states": {"result": results}}).value
    assert got == values


@pytest.mark.parametrize(
    "text", ["1", "0.5", "100m", "1.5Gi", "16Ti", "1e3", "1E-3", "0.0001", "7Pi", "3u", "1.", "2k", "0", "8Gi", 2, 0.25]
)
@pytest.mark.parametrize("resource", SCALE)
def test_amounts(engine: Engine, resource: str, text: str | float) -> None:
    got = engine.run(amount_of("$x", resource), {"x": text}).value
    assert got == amount(str(text), SCALE[resource])


RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(st.sampled_from(list(LEAVES)).flatmap(lambda kind: sources(kind, 4)), SITUATIONS)
def test_any_expression(engine: Engine, source: str, values: dict[str, Any]) -> None:
    try:
        expr = typed(source)
    except ExprError:
        assume(False)
    judge(engine, expr, values)


@RELAXED
@given(st.integers(0, 2**32))
def test_any_type(engine: Engine, seed: int) -> None:
    """Random declarations, values of them, and expressions over both."""
    random = Random(seed)
    kinds = {f"v{number}": kind(random) for number in range(4)}
    types = {key: type_of(declared(random, one)) for key, one in kinds.items()}
    values = {key: convert(value(random, one), types[key]) for key, one in kinds.items()}
    known = [Known(key, one) for key, one in kinds.items()]
    wanted = random.choice((Kind("string"), Kind("int"), Kind("float"), Kind("bool"), *kinds.values()))
    try:
        scope = {key: Variable(key, one) for key, one in types.items()}
        expr = check(parse(expression(random, wanted, known)), scope)
    except ExprError:
        assume(False)
    assume(engine.name != "python" or "null" not in json.dumps(plain(list(values.values()))))
    judge(engine, expr, values)


@RELAXED
@given(AMOUNTS, AMOUNTS, st.integers(-3, 1000), st.sampled_from(["<", "<=", "==", "!=", "+", "-", "*", "/"]))
def test_any_amounts(engine: Engine, one: str, other: str, times: int, op: str) -> None:
    values = {"q": Quantity(one), "r": Quantity(other), "i": times}
    judge(engine, typed(f"q {op} {'i' if op in '*/' else 'r'}"), values)
    judge(engine, typed(f"q * {abs(times) / 8}"), values)


@RELAXED
@given(
    PATTERN,
    st.sampled_from(["", "^"]),
    st.sampled_from(["", "$", "|", "|^$", "|a$"]),
    st.text(st.sampled_from("aZ1 😀/]\n%}é'-A"), max_size=5),
)
def test_any_pattern(engine: Engine, pattern: str, start: str, end: str, text: str) -> None:
    judge(engine, typed(f"s.matches({quoted(start + pattern + end)})"), {"s": text})


def test_names() -> None:
    """No function or variable of ours hides one of JSONata's own."""
    sources = " ".join(function.source for function in FUNCTIONS.values())
    variables = re.findall(r"\$(\w+) :=", sources) + re.findall(r"[(,] ?\$(\w+)(?=[^()]*\) \{)", sources)
    assert not {*FUNCTIONS, *variables} & {*BUILT_IN.split()}


def test_known_differences(engine: Engine) -> None:
    """JSON has one kind of number, which has 53 bits."""
    ints, amounts = (type_of({"type": "list", "items": item}) for item in ("int", "quantity"))
    with pytest.raises(ValueError, match="item 0: `1` is not an int"):
        convert_text("[1.0]", ints)
    assert engine.run(parsed("$x", ints), {"x": "[1.0]"}).value == [1]
    assert plain(convert_text("[1e-7]", amounts)) == ["1e-07"]
    assert engine.run(parsed("$x", amounts), {"x": "[1e-7]"}).value == ["1e-7"]
    assert convert_text("9007199254740993", type_of("int")) == 9007199254740993
    with pytest.raises(Failed, match="53 bits"):
        engine.run(parsed("$x", type_of("int")), {"x": "9007199254740993"})


def test_float_text(engine: Engine) -> None:
    """What is weaker: a float that needs 16 or 17 digits is written with 15."""
    expr = typed("string(f)")
    assert writes_floats(expr)
    assert engine.run(printed(expr, name), {"train": {"f": 0.1 + 0.2}}).value == "0.3"
    assert evaluate(expr, {"f": 0.1 + 0.2}) == "0.30000000000000004"


def test_templates(engine: Engine) -> None:
    text = check_text(parse_text("a${{ i }}b${{ s }}${{ b }}${{ q }}%}" + "${{ t }}" * 200), NAMES)
    assert isinstance(text, Template)
    got = engine.run(printed_text(text, name), {"train": {key: plain(one) for key, one in KNOWN.items()}})
    assert got.value == render_text(text, KNOWN)


def test_depth(engine: Engine) -> None:
    """The depth that we count is never less than the depth of an evaluation."""
    if engine.name == "python":
        pytest.skip("Python's engine does not say how deep it goes")
    values = {"train": {key: plain(one) for key, one in KNOWN.items()}}
    for source in (*ROWS, *TYPED, "!" * 40 + "b", "(" * 20 + "i" + " + 1)" * 20, "-" * 30 + "i"):
        expr = typed(source)
        try:
            depth = _Printer(name).source(expr).depth
            result = engine.run(printed(expr, name), values)
        except (Unprintable, Failed):
            continue
        assert result.deepest <= depth + 2, source
