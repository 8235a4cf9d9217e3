"""Text reaches the container letter by letter, whatever Argo, the kubelet or JSON would read in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.flows import Flows, arguments, variables
from dragoman.findings import Findings

HARMLESS = (
    "", " ", "plain", "yes", "1:30", "null", "- x", "a: b # c", "%s %d", "#{x}", "'", '"', "it's \"quoted\"", "''",
    "back\\slash", "\\", "\\\\", "\\n", "\\u0041", "line\nbreak", "tab\tbed", "cr\r\nlf", "\ttab", "\n", " x ",
    "\x01", "\x07bell", "\x1b[31mred", "\x7f", "\x85", "\xa0", "é ü ß", "漢字", "\u2028\u2029", "\ufeff", "\u200b\u202e",
    "😀", "🧿 👩‍👩‍👧", "\U0010ffff", "e\u0301", "<a href=\"x\">&amp;</a>", "Ref::x", "{% x %}", "`x`", "tasks.a.outputs.result",
    "$", "$HOME ${X}", "5$", "{", "}", "}}", "}} {", "{ {", "{}", "'+'", '" + "', "}}\"",
)  # fmt: skip
READ_BY_THE_KUBELET = (
    "$(HOME)", "$(X", "$()", "$$", "$$$", "$$$$", "$$(HOME)", "$$$(HOME)", "$(DRAGOMAN_LBRACE)", "a$$b$(c)d", "$${x}", "\\$(X)",
)  # fmt: skip
READ_BY_ARGO = (
    "{{x}}", "{{", "}} {{", "{{{", "{{{{", "{{{x}}}", "{{ .Names }}", "{{unclosed", "{{item}}", "{{item.k}}", "{{=item}}",
    "{{=1+1}}", "{{='{'}}", "{{= \"a\" }}", "{{workflow.name}}", "{{=workflow.name}}", "{{inputs.parameters.item}}", "{{pod.name}}",
    "{{tasks.p.outputs.parameters.v}}", "{{steps.a}}", "{{retries}}", "{{=int(retries)}}", "{{=asInt('x')}}", "{{{=1+1}}}",
    "$({{x}})", "{$(X){", "${{x}}", "$${{x}}", "$$${{{x}}}", "{${{", "{{\"", "{{=\\", "{{=\n1}}", "{{😀}}",
)  # fmt: skip
TEXTS = (*HARMLESS, *READ_BY_THE_KUBELET, *READ_BY_ARGO)


def written(value: object) -> str:
    """A value as YAML, every letter that is not plain as an escape; no expression of ours in it."""
    if isinstance(value, str):
        value = value.replace("${{", "$${{")
        return (
            '"'
            + "".join(one if one not in '"\\' and " " <= one <= "~" else f"\\U{ord(one):08x}" for one in value)
            + '"'
        )
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value)


def test_arguments(flows: Flows) -> None:
    run = flows(f"steps:\n  a: {{image: i, command: [show], args: {written(TEXTS)}}}\n")
    assert arguments(run) == {"a": list(TEXTS)}


def test_commands(flows: Flows) -> None:
    run = flows(f"steps:\n  a: {{image: i, command: {written(['show', *TEXTS])}}}\n")
    assert arguments(run) == {"a": list(TEXTS)}


def test_variables(flows: Flows) -> None:
    env = {f"V{number}": text for number, text in enumerate(TEXTS)}
    run = flows(f"steps:\n  a: {{image: i, command: [show], env: {written(env)}}}\n")
    assert variables(run, "a") == {**env, "DRAGOMAN_LBRACE": "{"}


def test_the_feature(flows: Flows) -> None:
    feature = Path(__file__).parents[1] / "features" / "literal-braces" / "spec.dragoman.yaml"
    run = flows(feature)
    assert arguments(run)["print"] == [
        "ps",
        "--format",
        "{{ .Names }} {{=1+1}} {{{x}}} }}",
        "$(HOME) $$ $HOME ${X} Ref::x {% x %} {{unclosed",
    ]
    assert {name: variables(run, "print")[name] for name in "ABCD"} == {
        "A": "{{inputs.parameters.x}}",
        "B": "$(A)",
        "C": "cost: 5$",
        "D": "{",
    }


@pytest.mark.parametrize("texts", [HARMLESS, TEXTS], ids=["harmless", "all"])
@pytest.mark.parametrize("index", ["", "${{ index }}"], ids=["plain", "indexed"])
def test_known_items(flows: Flows, texts: tuple[str, ...], index: str) -> None:
    words = json.dumps(["show", "${{ item }}", "<${{ item }}>", index])
    run = flows(f"steps:\n  a: {{image: i, foreach: {{in: {written(texts)}}}, command: {words}}}\n")
    assert list(arguments(run).values()) == [
        [text, f"<{text}>", str(number) if index else ""] for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize("texts", [HARMLESS, TEXTS], ids=["harmless", "all"])
def test_fields_of_known_items(flows: Flows, texts: tuple[str, ...]) -> None:
    items = [{"k": text, "n": number, "in": {"l": [text]}} for number, text in enumerate(texts)]
    whole = "{${{ item['in'].l[0] }}" if texts is HARMLESS else "{"  # braces cannot take part in expressions
    words = json.dumps(["show", "${{ item.k }}", "${{ item.n }}", whole])
    run = flows(f"steps:\n  a: {{image: i, foreach: {{in: {written(items)}}}, command: {words}}}\n")
    assert list(arguments(run).values()) == [
        [text, str(number), "{" + text if texts is HARMLESS else "{"] for number, text in enumerate(texts)
    ]


def test_items_of_one_kind(flows: Flows) -> None:
    """How items travel is decided from all of them: each here is alone, in a loop of its own."""
    steps = "".join(
        f"  s{number}:\n    image: i\n    foreach: {{in: {written([text])}}}\n"
        '    command: [show, "${{ item }}"]\n    env: {E: "a${{ item }}b"}\n'
        for number, text in enumerate(TEXTS)
    )
    run = flows(f"steps:\n{steps}")
    assert {path: words[0] for path, words in arguments(run).items()} == {
        f"s{number}(0)": text for number, text in enumerate(TEXTS)
    }
    assert [variables(run, f"s{number}(0)")["E"] for number in range(len(TEXTS))] == [f"a{text}b" for text in TEXTS]


PRODUCE = """\
import json, os, sys
for name, text in json.loads(sys.argv[1]).items():
    with open(os.path.join(os.environ["DRAGOMAN_OUTPUTS"], name), "wb") as file:
        file.write(text.encode())
"""


def producer(texts: dict[str, str], types: str) -> str:
    """A step that writes these outputs."""
    words = written(["python", "-c", PRODUCE, json.dumps(texts)])
    return f"  p: {{image: i, command: {words}, outputs: {types}}}\n"


def test_results(flows: Flows) -> None:
    texts = {f"v{number}": text for number, text in enumerate((*HARMLESS, *READ_BY_THE_KUBELET))}
    words = json.dumps(["show", *(f"${{{{ steps.p.outputs.{name} }}}}" for name in texts)])
    env = json.dumps({name: f"<{{${{{{ steps.p.outputs.{name} }}}}}}>" for name in texts})
    types = "{" + ", ".join(f"{name}: {{type: string}}" for name in texts) + "}"
    run = flows(f"steps:\n{producer(texts, types)}  c: {{image: i, command: {words}, env: {env}}}\n")
    read = {name: text.removesuffix("\n") for name, text in texts.items()}
    assert arguments(run)["c"] == list(read.values())
    shown = variables(run, "c")
    assert {name: shown[name] for name in texts} == {name: f"<{{{text}}}>" for name, text in read.items()}


def test_items_of_results(flows: Flows) -> None:
    texts = (*HARMLESS, *READ_BY_THE_KUBELET)
    lists = {"v": json.dumps(texts), "m": json.dumps([{"k": text, "n": 1} for text in texts])}
    run = flows(f"""\
steps:
{producer(lists, "{v: {type: list, items: string}, m: {type: list, items: {k: string, n: int}}}")}\
  v: {{image: i, foreach: {{in: steps.p.outputs.v}}, command: [show, "${{{{ item }}}}"]}}
  x: {{image: i, foreach: {{in: steps.p.outputs.v}}, command: [show, "${{{{ item }}}}", "${{{{ index }}}}"]}}
  m: {{image: i, foreach: {{in: steps.p.outputs.m}}, command: [show, "${{{{ item.k }}}}", "${{{{ item.n }}}}"]}}
""")
    assert arguments(run) == {
        **{f"m({number})": [text, "1"] for number, text in enumerate(texts)},
        **{f"v({number})": [text] for number, text in enumerate(texts)},
        **{f"x({number})": [text, str(number)] for number, text in enumerate(texts)},
    }


def test_results_of_a_loop(flows: Flows) -> None:
    texts = (*HARMLESS, *READ_BY_THE_KUBELET)
    run = flows(f"""\
steps:
{producer({"v": json.dumps(texts)}, "{v: {type: list, items: string}}")}\
  each:
    image: i
    foreach: {{in: steps.p.outputs.v}}
    command: [give, "t=${{{{ item }}}}"]
    outputs: {{t: {{type: string}}}}
  join: {{image: i, command: [show, "${{{{ steps.each.outputs.t }}}}", "${{{{ steps.each.outputs.t[8] }}}}"]}}
""")
    (joined, one) = arguments(run)["join"]
    assert json.loads(joined) == [text.removesuffix("\n") for text in texts]
    assert one == texts[8]


def test_results_of_a_loop_that_are_json(flows: Flows) -> None:
    text = '{"b": 1.0, "a": 12345678901234567890}'
    run = flows(f"""\
steps:
{producer({"v": text}, "{v: {type: string}}")}\
  each:
    image: i
    foreach: {{in: [1, 2]}}
    command: [give, "t=${{{{ steps.p.outputs.v }}}}"]
    outputs: {{t: {{type: string}}}}
  join: {{image: i, command: [show, "${{{{ steps.each.outputs.t }}}}"]}}
""")
    assert json.loads(arguments(run)["join"][0]) == [text, text]


@pytest.mark.parametrize("text", ["{{x}}", "{{ .Names }}", "{{unclosed", "{{item}}", "{{"])
def test_results_that_argo_only_looks_at(flows: Flows, text: str) -> None:
    """Accepted as `text from data`: unknown tags stay, known ones would be replaced."""
    run = flows(f"""\
steps:
{producer({"v": text}, "{v: {type: string}}")}\
  c: {{image: i, command: [show, "${{{{ steps.p.outputs.v }}}}"]}}
""")
    assert arguments(run) == {"c": [text]}


def test_parameters_of_a_run(flows: Flows) -> None:
    texts = (*HARMLESS, *READ_BY_THE_KUBELET)
    params = {f"v{number}": text for number, text in enumerate(texts)}
    declared = written({name: {"type": "string", "default": "x", "runtime": True} for name in params})
    words = json.dumps(["show", *(f"${{{{ params.{name} }}}}" for name in params)])
    run = flows(f"params: {declared}\nsteps:\n  c: {{image: i, command: {words}}}\n", params=params)
    assert arguments(run) == {"c": list(texts)}


def test_scripts(flows: Flows) -> None:
    for texts in (HARMLESS, (*HARMLESS, *READ_BY_THE_KUBELET), TEXTS):
        source = f"import json, sys\nprint(json.dumps({list(texts)!a}), file=sys.stdout)\n"
        run = flows(f"steps:\n  s: {{image: i, script: {{interpreter: [python], source: {written(source)}}}}}\n")
        assert json.loads(run.pods[0].printed) == list(texts)


@pytest.mark.parametrize(
    "step",
    [
        f"command: [show], args: {written(['$$ {{x}}', 'x' * 70000, 'y' * 70000])}",
        f"script: {{interpreter: [python], source: {written('x = ' + repr('$$' + chr(34) * 70000))}}}",
    ],
    ids=["arguments", "script"],
)
def test_what_is_too_long_for_a_variable(flows: Flows, step: str) -> None:
    """Argo hands on more than 128 KiB in a file, which the kubelet does not read: nothing can be kept from Argo there."""
    with pytest.raises(Findings) as refused:
        flows.rendered(f"steps:\n  a: {{image: i, {step}}}\n")
    assert [finding.code for finding in refused.value.findings] == ["DRG504"]
