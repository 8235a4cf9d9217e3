"""Writes `dragoman.libsonnet`, the spec for authors of Jsonnet: one function for each field of the schema."""

from __future__ import annotations

import re
import textwrap
from typing import Any, NamedTuple

from dragoman.spec.schema import schema

# whose fields get a function, and what the owner is called where a field means several things
OWNERS = {
    "FlowSpec": "flow",
    "LibrarySpec": "library",
    "PolicySpec": "policy",
    "Metadata": "document",
    "Step": "step",
    "Template": "template",
}
BY_HAND = ("name", "namespace", "use")
# fmt: off
RESERVED = frozenset({
    "assert", "else", "error", "false", "for", "function", "if", "import", "importbin", "importstr", "in",
    "local", "null", "self", "super", "tailstrict", "then", "true",
})
# fmt: on
WIDTH = 100


class Field(NamedTuple):
    """A field of the spec: what it means to each owner, and what its function takes.

    merges      its value is a map, which `+` joins with what is there
    keys        the keys of that map that are arguments of their own, with their schemas
    required    those of them that must be given
    """

    name: str
    meanings: dict[str, str]
    merges: bool
    keys: dict[str, Any]
    required: list[str]


def text() -> str:
    """The library's source."""
    definitions = schema()["definitions"]
    fields = _fields(definitions)
    documents = [
        _document(definitions, "Flow", "name, namespace=null", "name, namespace"),
        _document(definitions, "Library", "name=null", "name, null"),
        _document(definitions, "Policy", "name", "name, null"),
    ]
    functions = [_function(field) for field in fields]
    return HEAD + "\n".join([*documents, PARTS, *functions]) + "}\n"


def _fields(definitions: dict[str, Any]) -> list[Field]:
    owned = {owner: definitions[owner]["properties"] for owner in OWNERS}
    names = list(dict.fromkeys(name for known in owned.values() for name in known if name not in BY_HAND))
    return [_field(name, definitions, names) for name in names]


def _field(name: str, definitions: dict[str, Any], names: list[str]) -> Field:
    """Keys that have functions of their own are given by these, the others as arguments."""
    found = {
        word: _followed(definitions[owner]["properties"][name], definitions)
        for owner, word in OWNERS.items()
        if name in definitions[owner]["properties"]
    }
    meanings = {word: rule["description"] for word, rule in found.items()}
    (merges,) = {rule.get("type") == "object" for rule in found.values()}
    rule = next(iter(found.values()))
    keys = {key: _followed(child, definitions) for key, child in rule.get("properties", {}).items()}
    if keys.keys() <= set(names):
        return Field(name, meanings, merges, {}, [])
    return Field(name, meanings, merges, keys, rule.get("required", []))


def _followed(rule: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = rule.get("$ref") or rule.get("allOf", [{}])[0].get("$ref")
    if reference is None:
        return rule
    return {**definitions[reference.removeprefix("#/definitions/")], **rule}


def _document(definitions: dict[str, Any], kind: str, parameters: str, arguments: str) -> str:
    """A constructor: hidden fields take what is merged in, and `spec` shows those that are given."""
    known = definitions[f"{kind}Spec"]["properties"]
    empty = {
        name: "{}" if _followed(rule, definitions).get("type") == "object" else "null" for name, rule in known.items()
    }
    lines = [
        *_comment(definitions[kind]["description"]),
        f"  {kind.lower()}({parameters}):: document('{kind}', {arguments}) + {{",
        "    local fields = self,",
        "    spec: given({",
        *(f"      {_key(name)}: fields{_member(name)}," for name in known),
        "    }),",
        *(f"    {_key(name)}:: {value}," for name, value in empty.items()),
        "  },",
    ]
    return "\n".join(lines) + "\n"


def _function(field: Field) -> str:
    colon = "+:" if field.merges else ":"
    lines = _comment(*_told(field.meanings))
    if not field.keys:
        body = f"{{ {_key(field.name)}{colon} value }}"
        return "\n".join([*lines, f"  {_key(field.name)}(value):: {body},"]) + "\n"
    width = max(map(len, field.keys))
    for key, rule in field.keys.items():
        lines += _comment(f"{_argument(key):{width + 1}} {rule['description']}", indent="  ", hanging=width + 2)
    parameters = [_argument(key) + ("" if key in field.required else "=null") for key in field.keys]
    given = [f"{_key(key)}: {_argument(key)}" for key in field.keys]
    lines += [
        f"  {_key(field.name)}(",
        *_wrapped(parameters),
        f"  ):: {{ {_key(field.name)}{colon} given({{",
        *_wrapped(given),
        "  }) },",
    ]
    return "\n".join(lines) + "\n"


def _told(meanings: dict[str, str]) -> list[str]:
    """A field's meaning; where owners differ, one sentence for each meaning."""
    owners: dict[str, list[str]] = {}
    for owner, meaning in meanings.items():
        owners.setdefault(meaning, []).append(owner)
    if len(owners) == 1:
        return list(owners)
    return [f"In a {' or '.join(words)}: {meaning}" for meaning, words in owners.items()]


def _comment(*paragraphs: str, indent: str = "", hanging: int = 0) -> list[str]:
    first = f"  // {indent}"
    wrap = textwrap.TextWrapper(
        WIDTH, initial_indent=first, subsequent_indent=first + " " * hanging, break_on_hyphens=False
    )
    return [line for paragraph in paragraphs for line in wrap.wrap(paragraph)]


def _wrapped(items: list[str]) -> list[str]:
    """Items with commas, as many on a line as fit; none is broken."""
    lines = [""]
    for item in items:
        if len(lines[-1]) + len(item) > WIDTH - 6:
            lines.append("")
        lines[-1] += f" {item},"
    return [f"   {line}" for line in lines]


def _plain(name: str) -> bool:
    return name not in RESERVED and re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) is not None


def _key(name: str) -> str:
    return name if _plain(name) else f"'{name}'"


def _member(name: str) -> str:
    return f".{name}" if _plain(name) else f"['{name}']"


def _argument(name: str) -> str:
    return name if _plain(name) else f"{name}_"


HEAD = """\
// Flows, libraries and policies in Jsonnet. Generated from the spec's models: do not edit.
//
//   local d = import 'dragoman.libsonnet';
//
//   d.flow('train', namespace='ml')
//   + d.params({ rows: { type: 'int', default: 1000 } })
//   + d.steps({
//     prepare: d.step('python:3.12', ['python', 'prepare.py']) + d.resources(cpu=2, memory='4Gi'),
//     train: d.step('python:3.12', ['python', 'train.py']) + d.needs(['prepare']),
//   })
//
// There is one function for each field. What they give is merged with `+`: maps are joined, other
// values are replaced. So a flow can be changed later:
//
//   flow + d.timeout('12h') + { steps+: { train+: d.resources(memory='8Gi') } }

local given(fields) = {
  [name]: fields[name]
  for name in std.objectFields(fields)
  if fields[name] != null && fields[name] != {}
};

local expr(text) = '${{ ' + text + ' }}';

local document(kind, name, namespace) = {
  apiVersion: 'dragoman.dev/v1alpha1',
  kind: kind,
} + if name == null then {} else {
  local fields = self,
  metadata: given({
    name: name,
    namespace: namespace,
    labels: fields.labels,
    annotations: fields.annotations,
  }),
  labels:: {},
  annotations:: {},
};

{
"""
PARTS = """\
  // One unit of work.
  step(image=null, command=null):: given({ image: image, command: command }),

  // A step that is a graph of its own.
  group(steps):: { steps: steps },

  // A step's body under a name.
  template(image=null, command=null):: given({ image: image, command: command }),

  // The body of a step: a template's name, and its inputs.
  use(template, with={}):: { use: template } + given({ with: with }),

  // An expression inside a string: `d.expr('params.rows / 100')` is '${{ params.rows / 100 }}'.
  expr(text):: expr(text),

  // What another step handed on: `d.output('plan', 'items')` is '${{ steps.plan.outputs.items }}'.
  output(step, name):: expr('steps.' + step + '.outputs.' + name),
"""
