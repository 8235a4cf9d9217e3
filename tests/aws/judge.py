"""What can be told of a state machine and of job definitions without running them.

    problems(machine, definitions)   moto's own parser, the graph, variables' scopes, every submitJob's arguments
    lint(template)                   cfn-lint, on a CloudFormation template

Of variables (Step Functions developer guide, "Passing data between states with variables"): a Parallel's branch and a
Map's iteration are scopes of their own, which read the outer variables and may not assign them; a distributed Map's
iteration does not even read them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from aws import rules
from aws.shims import pascal, to_api

DEFINITION = 1024 * 1024  # bytes
NAME = re.compile(r"[^\s?*<>{}\[\]\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
VARIABLE = re.compile(r"[^\W\d]\w{0,79}")
SUBMIT = re.compile(r"arn:aws[a-z-]*:states:::(?:aws-sdk:)?batch:submitJob(?:\.sync)?")
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|/(?:\\.|[^\\/\s])+/[a-z]*|/\*.*?\*/", re.DOTALL)
_READ = re.compile(r"\$([A-Za-z_]\w*)")
_BOUND = re.compile(r"\$([A-Za-z_]\w*)\s*:=|function\s*\(([^)]*)\)|[@#]\$([A-Za-z_]\w*)")
FUNCTIONS = """
partition range hash random randomSeeded uuid parse string length substring substringBefore
substringAfter uppercase lowercase trim pad contains split join match replace base64encode base64decode
encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl number abs floor ceil round power sqrt formatNumber
formatBase formatInteger parseInteger sum max min average boolean not exists count append sort reverse shuffle
distinct zip keys lookup spread merge sift each error assert type map filter single reduce now millis fromMillis
toMillis
"""
BUILT_IN = frozenset(FUNCTIONS.split()) | {"states"}


def problems(machine: Mapping[str, Any], definitions: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """All that is wrong with a `create_state_machine` input and the `register_job_definition` inputs it needs."""
    found = [
        f"{each.get('jobDefinitionName')}: {one}" for each in definitions for one in rules.refused_definition(each)
    ]
    if not NAME.fullmatch(machine.get("name", "")):
        found.append(f"name: {machine.get('name')!r}")
    text = machine["definition"]
    if len(text.encode()) > DEFINITION:
        found.append(f"definition: {len(text.encode())} bytes")
    Preprocessor._query_language_per_scope.clear()  # a machine that was refused leaves its own behind
    try:
        AmazonStateLanguageParser.parse(text)
    except Exception as error:
        found.append(f"definition: {error}")
        Preprocessor._query_language_per_scope.clear()
    body = json.loads(text)
    found += [*graph(body), *scopes(body), *expressions(body)]
    names = {each["jobDefinitionName"] for each in definitions}
    for place, state in states(body):
        if state.get("Type") == "Task" and SUBMIT.fullmatch(state.get("Resource", "")):
            found += [f"{place}: {one}" for one in submission(state.get("Arguments"), names)]
    return found


def lint(template: Mapping[str, Any]) -> list[str]:
    """What cfn-lint says of a template."""
    from cfnlint.api import lint as judged

    return [f"{match.rule.id} {match.message}" for match in judged(json.dumps(template))]


def check(operation: str, body: Mapping[str, Any]) -> list[str]:
    """A request of Batch against botocore's model: members, types, enums, maxima."""
    return rules.check(operation, body)


def states(flow: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state, with those inside it."""
    for name, state in flow.get("States", {}).items():
        here = f"{place}/{name}" if place else name
        yield here, state
        for inner, _ in inside(state):
            yield from states(inner, here)


def inside(state: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The flows of a state, and whether each is one of a distributed Map."""
    for branch in state.get("Branches", ()):
        yield branch, False
    processor = state.get("ItemProcessor")
    if processor:
        yield processor, processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"


def graph(body: Mapping[str, Any]) -> list[str]:
    """Where states lead: what AWS refuses when a machine is created."""
    found: list[str] = []
    seen: set[str] = set()
    flows = [("", body)]
    while flows:
        place, flow = flows.pop()
        known = flow.get("States", {})
        reached, todo = set(), [flow.get("StartAt")]
        while todo:
            name = todo.pop()
            if name not in known:
                found.append(f"{place or 'the machine'}: no state {name!r}")
            elif name not in reached:
                reached.add(name)
                todo += _next(known[name])
        found += [f"{place or 'the machine'}: nothing leads to {name!r}" for name in known if name not in reached]
        for name, state in known.items():
            here = f"{place}/{name}" if place else name
            if name in seen:
                found.append(f"{here}: a second state of this name")
            if len(name) > 80:
                found.append(f"{here}: a name of {len(name)} letters")
            seen.add(name)
            if state["Type"] not in ("Choice", "Succeed", "Fail") and ("Next" in state) == bool(state.get("End")):
                found.append(f"{here}: either Next or End")
            flows += [(here, inner) for inner, _ in inside(state)]
    return found


def _next(state: Mapping[str, Any]) -> list[str]:
    ways = [state, *state.get("Catch", ()), *state.get("Choices", ())]
    found = [way["Next"] for way in ways if "Next" in way]
    return [*found, state["Default"]] if "Default" in state else found


def scopes(body: Mapping[str, Any]) -> list[str]:
    """Variables: inner scopes assign no outer ones, and read those that there are."""
    return list(_scoped(body, frozenset(), frozenset(), ""))


def _scoped(flow: Mapping[str, Any], outer: frozenset[str], readable: frozenset[str], place: str) -> Iterator[str]:
    own = frozenset(name for state in flow.get("States", {}).values() for name in _assigned(state))
    for name in sorted(own):
        if not VARIABLE.fullmatch(name) or name == "states":
            yield f"{place or 'the machine'}: variable {name!r}"
        if name in outer:
            yield f"{place}: assigns ${name}, which is of an outer scope"
    for title, state in flow.get("States", {}).items():
        here = f"{place}/{title}" if place else title
        shallow = {key: value for key, value in state.items() if key not in ("Branches", "ItemProcessor")}
        for text in texts(shallow):
            yield from (
                f"{here}: reads ${name}, which is not there" for name in sorted(reads(text) - own - readable - BUILT_IN)
            )
        for inner, distributed in inside(state):
            yield from _scoped(inner, outer | own, frozenset() if distributed else readable | own, here)


def _assigned(state: Mapping[str, Any]) -> Iterator[str]:
    for one in (state, *state.get("Catch", ()), *state.get("Choices", ())):
        yield from one.get("Assign", {})


def texts(node: Any) -> Iterator[str]:
    """The expressions: what `{% … %}` holds."""
    if isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()
    elif isinstance(node, list):
        for each in node:
            yield from texts(each)
    elif isinstance(node, dict):
        for each in node.values():
            yield from texts(each)


def reads(expression: str) -> set[str]:
    """The variables that an expression reads, but for those that it binds itself."""
    bare = _STRING.sub('""', expression)
    bound: set[str] = set()
    for found in _BOUND.finditer(bare):
        bound.update(name.strip().lstrip("$") for group in found.groups() if group for name in group.split(","))
    return set(_READ.findall(bare)) - bound


def expressions(body: Mapping[str, Any]) -> list[str]:
    """Expressions that are none, and what AWS's JSONata has not: `$eval`, `$`, `$$`."""
    found: list[str] = []
    for place, state in states(body):
        shallow = {key: value for key, value in state.items() if key not in ("Branches", "ItemProcessor")}
        for text in texts(shallow):
            try:
                jsonata.Jsonata(text)
            except Exception as error:
                found.append(f"{place}: {text}: {error}")
            bare = _STRING.sub('""', text)
            if re.search(r"\$eval\b|\$\$|\$(?![A-Za-z_$])", bare):
                found.append(f"{place}: {text}: no $eval, $ or $$ in a state machine")
    return found


def submission(arguments: Any, names: set[str]) -> list[str]:
    """The arguments of a `batch:submitJob`, with something of the right type for each `{% … %}`."""
    if isinstance(arguments, str):
        return []
    wanted = rules.shape("batch", "SubmitJob")
    try:
        body = to_api(_filled(arguments or {}, wanted), wanted)
    except ValueError as error:
        return [str(error)]
    found = rules.refused_job(body)
    name = (arguments or {}).get("JobDefinition", "")
    if names and not name.startswith("{%") and name.rpartition("/")[2].partition(":")[0] not in names:
        found.append(f"JobDefinition: {name!r} is none of ours")
    return found


def _filled(value: Any, wanted: Any, name: str = "") -> Any:
    if wanted is None:
        return value
    if isinstance(value, str) and value.startswith("{%"):
        return _something(wanted, name)
    kind = wanted.type_name
    if isinstance(value, dict) and kind == "structure":
        members = {pascal(member): inner for member, inner in wanted.members.items()}
        return {key: _filled(inner, members.get(key), key) for key, inner in value.items()}
    if isinstance(value, dict) and kind == "map":
        return {key: _filled(inner, wanted.value) for key, inner in value.items()}
    if isinstance(value, list) and kind == "list":
        return [_filled(inner, wanted.member) for inner in value]
    return value


def _something(wanted: Any, name: str) -> Any:
    """A value of the type, within all bounds."""
    if wanted.type_name == "structure":
        return {pascal(member): "x" for member in wanted.required_members}
    if wanted.type_name == "string":
        return wanted.enum[0] if wanted.enum else "x"
    number = 2 if name == "Attempts" else 60
    return {"list": [], "map": {}, "boolean": True, "integer": number, "long": number}[wanted.type_name]
