"""A field that nothing looks at is a mistake: each of them is changed, and what comes out must be something else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from dragoman.findings import Finding, Findings
from dragoman.load.document import Document
from dragoman.load.document import Path as Place
from dragoman.load.files import Options
from dragoman.load.yaml import parse
from dragoman.pipeline import render
from dragoman.policy.force import Enacted
from dragoman.spec.gate import accepts, published
from dragoman.spec.outline import keys, part
from enacted import enacted_of

EVERYTHING = Path(__file__).with_name("everything.dragoman.yaml")
DATA = [document.data for document in parse(EVERYTHING.read_text(), EVERYTHING.name)]
FLOWS = [number for number, document in enumerate(DATA) if document["kind"] == "Flow"]
DEFINITIONS = published()["definitions"]
FOR_PEOPLE = "For people"  # how the description of a field begins that is for no program
NO_AMOUNT = "DRG121"  # a text that is no amount is found wherever it stands, so it says nothing about its use
NAMED = "a map of named things"
CLUSTER = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"}, "spec": {"hard": {"pods": "2"}}}
# what a value may be instead; those that the spec does not allow at a place are passed over
OTHERS: tuple[Any, ...] = (
    "other", "zz", "7s", "99w", "7", "77Mi", "640Gi", "example.com/other", "a/b", "/other", "@daily", "params.rows > 7",
    "steps.own.outputs.score", "params.countries", "true", "false", "int", "string", "bool", "batch", "US", "Etc/UTC", "3.6",
    "m*", "full", "minimal", "FARGATE", 0, 1, 2, 77, 10**6, -(10**6), 0.5, 1.5, True, False, [], ["other"], ["error"], [77], {},
    {"zz": "int"}, {"other": "1"},
)  # fmt: skip


class Outcome(NamedTuple):
    """What comes of a flow: manifests, the target's answers, findings without their lines."""

    emitted: str
    answers: str
    said: frozenset[tuple[Any, ...]]


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of a document; of equal entries beside each other, those of the first."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for position, (key, child) in enumerate(inner):
        if not (isinstance(child, dict) and any(child == other for _, other in inner[:position])):
            yield (*place, key)
            yield from _places(child, (*place, key))


PLACES = [(number, place) for number, document in enumerate(DATA) for place in _places(document)]


def test_everything_is_rendered() -> None:
    assert [outcome.said for outcome in (_usual(number, "") for number in FLOWS) if not outcome.emitted] == []


def test_everything_holds_every_field() -> None:
    """Each field of each model, in each field of another model where it may stand; as a named thing, once."""
    said = {pair for document in DATA for pair in _said(document, document, (), document["kind"])}
    assert sorted(_known() - said) == []


@pytest.mark.parametrize(
    ("number", "place"), [pytest.param(*one, id=f"{one[0]}.{'.'.join(map(str, one[1]))}") for one in PLACES]
)
def test_a_value_makes_a_difference(number: int, place: Place) -> None:
    if _for_people(DATA[number], place) or _is_constant(DATA[number], place):
        return
    inside = _places(_at(DATA[number], place), place)
    assert any(_differs(number, one) for one in (place, *inside))


@cache
def _differs(number: int, place: Place) -> bool:
    """Whether anything comes out differently when the value is gone, or is another."""
    environment = str(place[2]) if place[1:2] == ("environments",) and len(place) > 2 else ""
    for document in _changed(DATA[number], place):
        documents = [*DATA[:number], document, *DATA[number + 1 :]]
        for flow in [number] if number in FLOWS else FLOWS:
            outcome = _outcome(documents, flow, environment)
            if outcome != _usual(flow, environment) and not any(code == NO_AMOUNT for code, *_ in outcome.said):
                return True
    return False


def _changed(data: Any, place: Place) -> Iterator[Any]:
    """The document without the value, and with others in its place: as far as the spec allows."""
    for change in (None, *OTHERS):
        document = json.loads(json.dumps(data))
        node = _at(document, place[:-1])
        if change is None:
            del node[place[-1]]
        else:
            node[place[-1]] = change
        if accepts(document):
            yield document


@cache
def _usual(number: int, environment: str) -> Outcome:
    return _outcome(DATA, number, environment)


def _outcome(documents: list[Any], number: int, environment: str) -> Outcome:
    flow = Document("flow.yaml", 1, documents[number], {})
    [library] = [Document("lib.yaml", 1, one, {}) for one in documents if one["kind"] == "Library"]
    policies = tuple(json.dumps(one) for one in documents if one["kind"] == "Policy")
    imports = flow.data["spec"].get("imports") or {}
    libraries = {name: library for name, path in imports.items() if path == "./lib.yaml"}
    try:
        done = render(flow, libraries, _enacted(policies), "", environment)
    except Findings as error:
        emitted, answers, found = "", "", error.findings
    else:
        emitted = json.dumps([(one.file, one.body) for one in done.emission.manifests])
        answers, found = repr(done.fidelity), done.findings
    return Outcome(emitted, answers, frozenset(map(_without_lines, found)))


@cache
def _enacted(policies: tuple[str, ...]) -> Enacted:
    """The policies, from files of their names, beside what the cluster enforces."""
    with TemporaryDirectory() as folder:
        for policy in policies:
            Path(folder, f"{json.loads(policy)['metadata']['name']}.policy.yaml").write_text(policy)
        Path(folder, "cluster.yaml").write_text(json.dumps(CLUSTER))
        return enacted_of(folder, Options())


def _without_lines(one: Finding) -> tuple[Any, ...]:
    fix, pardon = one.fix and one.fix.value, one.pardon and one.pardon._replace(span=None)
    return (one.code, one.message, one.address, one.severity, one.help, one.rule, one.docs, fix, pardon)


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _for_people(document: Any, place: Place) -> bool:
    """Whether the models say of the value, or of one around it, that no program reads it."""
    fields = (keys(part(document, place[:end])).get(str(place[end]), {}) for end in range(len(place)))
    return any(field.get("description", "").startswith(FOR_PEOPLE) for field in fields)


def _is_constant(document: Any, place: Place) -> bool:
    """Whether nothing else may stand there, or in any of its fields."""
    value, rule = _at(document, place), keys(part(document, place[:-1])).get(str(place[-1]), {})
    if value and isinstance(value, dict):
        return all(_is_constant(document, (*place, key)) for key in value)
    return "const" in rule or len(rule.get("oneOf", "no choice")) == 1


def _said(document: Any, value: Any, place: Place, owner: str) -> Iterator[tuple[str, str]]:
    """The fields that stand in a document, each with the field of another model that its model stands in."""
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _said(document, inner, (*place, number), owner)
    elif isinstance(value, dict):
        known = keys(part(document, place))
        model = next((name for name, one in DEFINITIONS.items() if known and one.get("properties") == known), "")
        for key, inner in value.items():
            if model and key in known:
                yield owner, f"{model}.{key}"
            below = f"{model}.{key}" if model and key in known else owner if known else NAMED
            yield from _said(document, inner, (*place, key), below)


def _known() -> set[tuple[str, str]]:
    """The fields that documents may hold, each with the field of another model that its model may stand in."""
    found: set[tuple[str, str]] = set()
    waiting = [(kind, kind) for kind in ("Flow", "Library", "Policy")]
    while waiting:
        owner, model = waiting.pop()
        for field, rule in DEFINITIONS[model]["properties"].items():
            for_people = rule.get("description", "").startswith(FOR_PEOPLE)
            if (owner, f"{model}.{field}") not in found and not for_people:
                found.add((owner, f"{model}.{field}"))
                waiting += _models(rule, f"{model}.{field}", ())
    return found


def _models(rule: Any, owner: str, seen: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The models that a part of the schema refers to, each with where it stands."""
    if isinstance(rule, dict):
        name = str(rule.get("$ref", "")).removeprefix("#/definitions/")
        if name and "properties" in DEFINITIONS[name]:
            yield owner, name
        elif name and name not in seen:
            yield from _models(DEFINITIONS[name], owner, (*seen, name))
        for word, inner in rule.items():
            yield from _models(inner, NAMED if word == "additionalProperties" else owner, seen)
    elif isinstance(rule, list):
        for inner in rule:
            yield from _models(inner, owner, seen)
