"""What AWS Batch and Step Functions would refuse is said without them: each mistake, where it is."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.emit.batch import judge
from dragoman.emit.batch.judge import (
    LIMIT,
    Problem,
    definition_problems,
    events,
    fargate,
    machine_problems,
    submit_problems,
)
from dragoman.emit.batch.judge.explain import explain
from dragoman.emit.batch.judge.gate import check
from dragoman.emit.batch.judge.shapes import file, properties, shape
from emit import batch_mutants
from emit.batch_mutants import CALL, EC2, FARGATE, JOB, MACHINE, MUTANTS, RIGHT, SIZE, SUBMIT, Mutant
from emit.objects import DROP, changed

DEFINITIONS = {"nightly-plan": EC2}
GIB = 2**30


def found(mutant: Mutant) -> list[Problem]:
    if mutant.kind == "definition":
        return definition_problems(mutant.body)
    if mutant.kind == "submission":
        return submit_problems(mutant.body, DEFINITIONS)
    return machine_problems(mutant.body)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant(mutant: Mutant) -> None:
    said = found(mutant)
    if mutant.fragment is None:
        assert not said
    else:
        assert any(mutant.fragment in each.message and each.pointer == mutant.pointer for each in said), said


def test_the_table_names_each_mutant_once() -> None:
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS)
    assert names >= batch_mutants.MOTO | batch_mutants.LINT


def test_what_reads_well() -> None:
    short = changed(FARGATE, (("containerProperties", "resourceRequirements", 1, "value"), "777"))
    assert definition_problems(short) == [
        Problem(
            ("containerProperties", "resourceRequirements"),
            "`containerProperties.resourceRequirements` asks for 0.25 vCPU with 777 MiB, a size that Fargate does not have",
            "the next size is 0.25 vCPU with 1024 MiB",
        )
    ]
    lost = changed(MACHINE, (("States", "plan", "Next"), "reads"))
    assert machine_problems(lost)[0] == Problem(
        ("States", "plan", "Next"),
        "`States.plan.Next` is `reads`, and there is no such state here",
        "did you mean `read`?",
    )


def test_a_problem_of_a_state_is_in_the_spelling_of_states() -> None:
    body = changed(SUBMIT, (("RetryStrategy",), {"EvaluateOnExit": [{"OnReason": "*", "Action": "EXIT"}]}))
    assert submit_problems(body) == [
        Problem(
            ("RetryStrategy", "Attempts"),
            "`RetryStrategy.Attempts` is missing, and `EvaluateOnExit` needs it",
            "say how often the job is tried, 1 to 10 times",
        )
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    body = changed(
        EC2,
        (("retryStrategy", "attempts"), "3"),
        (("jobDefinitionName",), "a b"),
        (("containerProperties", "image"), 1),
        (("containerProperties", "mountPoints", 0, "sourceVolume"), "temp"),
    )
    assert {each.pointer for each in definition_problems(body)} == {
        ("retryStrategy", "attempts"),
        ("jobDefinitionName",),
        ("containerProperties", "image"),
        ("containerProperties", "mountPoints", 0, "sourceVolume"),
    }


def test_a_submission_and_its_definition() -> None:
    def said(definition: Any, **more: Any) -> list[str]:
        return [each.message for each in submit_problems({**JOB, **more}, {"nightly-plan": definition})]

    assert not said(EC2)
    bare = changed(EC2, (("parameters",), DROP))
    assert not definition_problems(bare)  # a submission may say what it is
    assert said(bare) == [
        "`Parameters` is not complete: in the command of the definition, an element is `Ref::day`, but nothing says what `day` is"
    ]
    assert not said(bare, Parameters={"day": "1"})
    assert not said(bare, Parameters="{% $all %}")
    assert not said(bare, ContainerOverrides={"Command": "{% $all %}"})
    assert not said(bare, ContainerOverrides={"Command": ["a"]})
    assert "`Ref::week`" in said(bare, ContainerOverrides={"Command": ["Ref::week"]})[0]
    small = {"ResourceRequirements": [{"Type": "MEMORY", "Value": "777"}]}
    assert "a size that Fargate does not have" in said(FARGATE, ContainerOverrides=small)[0]
    half = {"ResourceRequirements": [{"Type": "VCPU", "Value": "0.5"}]}
    assert "EC2 has whole vCPUs" in said(EC2, ContainerOverrides=half)[0]


def test_a_machine_submits_what_is_defined() -> None:
    assert not machine_problems(MACHINE, {"nightly-plan": EC2})
    assert {each.pointer for each in machine_problems(MACHINE, {"other": EC2})} == {
        ("States", "plan", "Arguments", "JobDefinition"),
        ("States", "each", "ItemProcessor", "States", "one", "Arguments", "JobDefinition"),
        ("States", "far", "ItemProcessor", "States", "distant", "Arguments", "JobDefinition"),
    }


def test_the_variable_of_step_functions_counts() -> None:
    def length(size: int) -> Any:
        return {**JOB, "ContainerOverrides": {"Environment": [{"Name": "A", "Value": "x" * size}]}}

    assert not submit_problems(length(8100), waiting=False)
    assert submit_problems(length(8100))


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        (1, 1, ("0.25", 512)),
        (250, 2 * GIB, ("0.25", 2048)),
        (250, 2 * GIB + 1, ("0.5", 3072)),
        (251, 1, ("0.5", 1024)),
        (1000, GIB, ("1", 2048)),
        (1000, 9 * GIB, ("2", 9216)),
        (8000, 17 * GIB, ("8", 20480)),
        (1000, 100 * GIB, ("16", 106496)),
        (17000, 1, ("32", 61440)),
        (1000, 244 * GIB, ("32", 249856)),
        (1000, 244 * GIB + 1, None),
        (32001, 1, None),
    ],
)
def test_sizes_of_fargate(cpu: int, memory: int, size: tuple[str, int] | None) -> None:
    assert fargate(cpu, memory) == size


def test_events() -> None:
    assert LIMIT == 25_000
    one: dict[str, Any] = {
        "QueryLanguage": "JSONata",
        "StartAt": "a",
        "States": {"a": {**CALL, "Arguments": JOB, "End": True}},
    }
    assert events(one, {}) == 2 + 6
    assert events(one, {}, retries=2) == 2 + 6 + 8
    many = {"StartAt": "m", "States": {"m": {"Type": "Map", "Items": "{% $i %}", "ItemProcessor": one, "End": True}}}
    assert events(many, {"m": 100}) == 2 + 4 + 100 * 8
    assert events(many, {}) == 2 + 4 + 8
    choice = {
        "StartAt": "c",
        "States": {
            "c": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "a"}], "Default": "b"},
            "a": {**CALL, "Next": "b"},
            "b": {"Type": "Succeed"},
        },
    }
    assert events(choice, {}) == 2 + 2 + 6 + 2  # the longer way
    loop = changed(choice, (("States", "b"), {"Type": "Pass", "Next": "c"}))
    assert events(loop, {}) == 2 + 2 + 6 + 2  # once
    # begin, plan, read, each, far, both, enough, cleanup, bad
    assert events(MACHINE, {"each": 10}) == 2 + 2 + 6 + 5 + (4 + 10 * 8) + 6 + (4 + 2 + 2) + 2 + 6 + 1


def test_other_mappings_and_sequences_are_fine() -> None:
    assert not definition_problems(MappingProxyType(EC2))
    assert not definition_problems(changed(EC2, (("containerProperties", "command"), ("a", "Ref::day"))))
    assert not machine_problems(MappingProxyType(MACHINE))
    assert not submit_problems("{% $all %}")


def test_nothing_is_changed() -> None:
    for body in (EC2, SUBMIT, MACHINE):
        before = json.dumps(body)
        definition_problems(body), submit_problems(body), machine_problems(body)
        assert json.dumps(body) == before


def test_numbers_that_python_does_not_write() -> None:
    assert "beyond all" in definition_problems(changed(EC2, (("retryStrategy", "attempts"), 10**5000)))[0].message
    assert machine_problems(changed(MACHINE, (("TimeoutSeconds",), 10**5000)))


WORDS = sorted(
    {key for name in file().types for key in properties(name)} | {"States", "StartAt", "Type", "Next", "Assign"}
)
TEXTS = st.sampled_from(
    ["{% $a %}", "{% ( %}", "{%", "%}", "", "Ref::a", "FARGATE", "Task", "Map", "1", "a"]
) | st.text(max_size=8)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@st.composite
def bent(draw: st.DrawFn) -> Mutant:
    """A body of the table with anything at any of its places."""
    mutant = draw(st.sampled_from(MUTANTS))
    path: list[Any] = []
    place: Any = mutant.body
    while isinstance(place, (dict, list)) and place and (not path or draw(st.integers(0, 6))):
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        path.append(key)
        place = place[key]
    bent: Mutant = mutant._replace(body=changed(mutant.body, (tuple(path), draw(JSON))))
    return bent


@settings(max_examples=600, deadline=None)
@given(bent())
def test_the_judge_never_raises(mutant: Mutant) -> None:
    for each in found(mutant):
        assert each.message.startswith("`")
    if mutant.kind == "definition" and not definition_problems(mutant.body):
        submit_problems({**JOB, "ContainerOverrides": {"Command": ["Ref::a"]}}, {"nightly-plan": mutant.body})
    if mutant.kind == "machine":
        events(mutant.body, {"each": 3})


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_the_judge_never_raises_on_nonsense(body: Any) -> None:
    assert definition_problems(body)
    assert machine_problems(body)
    assert submit_problems(body) or isinstance(body, str)
    events(body if isinstance(body, dict) else {}, {})


@settings(max_examples=300, deadline=None)
@given(bent())
def test_the_fast_pass_says_what_the_slow_one_says(mutant: Mutant) -> None:
    if mutant.kind == "definition":
        name = file().operations["RegisterJobDefinition"]
        assert check(name)(mutant.body) == (not explain(mutant.body, name).problems)


def test_every_type_is_there() -> None:
    def check_shape(text: str) -> None:
        read = shape(text)
        assert read.kind in {"@", "[]", "{}", "s", "b", "i"}
        if read.kind == "@":
            assert read.items in file().types
        elif read.items:
            check_shape(read.items)

    for name in file().types:
        for text, _ in properties(name).values():
            check_shape(text)
    assert set(file().operations.values()) <= set(file().types)


def _generator() -> Any:
    place = Path(__file__).parents[2] / "docs/batch_shape.py"
    spec = importlib.util.spec_from_file_location("batch_shape", place)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_shape_is_that_of_botocore() -> None:
    """Where this fails, botocore has changed: `python docs/batch_shape.py`, and read what is new."""
    pytest.importorskip("botocore", reason="botocore, which says what the shape is, is not installed")
    module = _generator()
    assert module.OUT.read_text(encoding="utf-8") == module.text()


def test_botocore_sees_what_the_table_says() -> None:
    """What botocore refuses is refused here, and where the table says that it sees a mistake, it does."""
    pytest.importorskip("botocore", reason="botocore is not installed")
    import botocore.session
    from botocore.validate import ParamValidator

    model = botocore.session.get_session().get_service_model("batch")
    input_shape = model.operation_model("RegisterJobDefinition").input_shape
    for mutant in MUTANTS:
        if mutant.kind != "definition":
            continue
        refused = ParamValidator().validate(mutant.body, input_shape).has_errors()
        assert not refused or mutant.fragment, mutant.name
        assert mutant.botocore or not refused, mutant.name
        seen = refused or bool(list(_beyond(mutant.body, input_shape)))
        assert seen == mutant.botocore, mutant.name


def test_moto_sees_what_the_table_says(caplog: pytest.LogCaptureFixture) -> None:
    """What moto's parser refuses is refused here, and the right machines are right for it."""
    parser = pytest.importorskip(
        "moto.stepfunctions.parser.asl.parse.asl_parser",
        reason="moto with its parser of the Amazon States Language is not installed",
    )
    caplog.set_level("ERROR")  # it warns of all that it does not run
    for mutant in MUTANTS:
        if mutant.kind != "machine" or len(json.dumps(mutant.body)) > 100_000:
            continue
        refused = False
        parser.Preprocessor._query_language_per_scope.clear()  # a machine that it refused leaves its own behind
        try:
            parser.AmazonStateLanguageParser.parse(json.dumps(mutant.body))
        except Exception:  # it raises whatever its parts raise
            refused = True
        assert refused == mutant.moto, mutant.name


def _beyond(value: Any, part: Any) -> Any:
    """Enums and bounds, which botocore's own validator does not look at."""
    kind, room = part.type_name, part.metadata
    if kind == "structure" and isinstance(value, dict):
        for key, child in value.items():
            if key in part.members:
                yield from _beyond(child, part.members[key])
        return
    if kind == "string" and part.enum and value not in part.enum:
        yield value
    if isinstance(value, (str, list, dict)) and not room.get("min", 0) <= len(value) <= room.get("max", len(value)):
        yield value
    if kind == "list" and isinstance(value, list):
        for child in value:
            yield from _beyond(child, part.member)
    elif kind == "map" and isinstance(value, dict):
        for key, child in value.items():
            yield from _beyond(key, part.key)
            yield from _beyond(child, part.value)


def test_the_data_is_small_and_nothing_heavy_is_loaded() -> None:
    assert (Path(judge.__file__).parent / "shape.json").stat().st_size < 12_000
    code = (
        "import sys, json; sys.path[:0] = [sys.argv[1]]; from emit.batch_mutants import EC2, MACHINE;"
        "before = set(sys.modules); from dragoman.emit.batch.judge import definition_problems, machine_problems;"
        "assert not definition_problems(EC2) and not machine_problems(MACHINE);"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(batch_mutants.__file__).parents[1])],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"botocore", "pydantic", "jsonschema", "difflib", "inspect", "dataclasses", "yaml"}


def test_the_right_ones_are_right_together() -> None:
    assert SIZE
    assert {mutant.kind for mutant in RIGHT} == {"definition", "submission", "machine"}
