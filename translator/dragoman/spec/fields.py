"""The scalar types of the spec, names, durations, amounts and expressions, with the words for their rules."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
)

NAME = r"^[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$"  # what the expression language takes after a dot
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
OBJECT_NAME = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
DURATION = r"^([0-9]{1,9}[smhdw])+$"
KEY_REFERENCE = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[-._a-zA-Z0-9]+$"
TEMPLATE_NAME = r"^[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*(\.[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*)?$"
LABEL_KEY = r"^([-a-z0-9.]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"
ABSOLUTE_PATH = r"^/"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

# pattern -> what it describes, and how to write one
RULES = {
    NAME: ("a name", "use letters, digits and `_`, and `-` between them; a letter comes first"),
    DNS_LABEL: ("a DNS label", "use lower-case letters, digits, and `-` between them"),
    OBJECT_NAME: (
        "the name of a Kubernetes object",
        "use lower-case letters, digits, `-` and `.`; a letter or digit comes first and last",
    ),
    ENV_NAME: (
        "the name of an environment variable",
        "it starts with a letter or `_`; letters, digits and `_` follow",
    ),
    DURATION: ("a duration", "a duration is like `30s`, `1h30m` or `7d`; the units are s, m, h, d, w"),
    KEY_REFERENCE: ("a reference to a key", "write `name/key`, for example `warehouse/url`"),
    TEMPLATE_NAME: (
        "the name of a template",
        "write a name under `templates`, or `library.name` for one from a file under `imports`",
    ),
    LABEL_KEY: (
        "the key of a label or an annotation",
        "write `name` or `prefix/name`; letters, digits, `-`, `_` and `.`",
    ),
    LABEL_VALUE: (
        "the value of a label",
        "use letters, digits, `-`, `_` and `.`; a letter or digit comes first and last",
    ),
    ABSOLUTE_PATH: ("an absolute path", "start it with `/`"),
    DAY: ("a day", "write YYYY-MM-DD, for example `2027-01-31`"),
}


def shape(value: object) -> str:
    """What a value is in YAML: the members of every union are told apart by it."""
    return _SHAPES.get(type(value), "<null>")


# No key can be spelled like this, so the places in pydantic's errors stay unambiguous.
_STRING, _INTEGER, _NUMBER, _LIST, _MAP = "<string>", "<integer>", "<number>", "<list>", "<map>"
TAGS = frozenset({_STRING, _INTEGER, _NUMBER, _LIST, _MAP, "<declaration>"})
_SHAPES = {str: _STRING, bool: "<bool>", int: _INTEGER, float: _NUMBER, list: _LIST, dict: _MAP}
STRING, INTEGER, NUMBER, LIST, MAP = Tag(_STRING), Tag(_INTEGER), Tag(_NUMBER), Tag(_LIST), Tag(_MAP)
BY_SHAPE = Discriminator(shape)


class Meanings:
    """Annotates a `Literal` with what each of its values means, for editors."""

    def __init__(self, **meanings: str) -> None:
        self.meanings = meanings

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """One `const` with a description for each value."""
        schema = handler(core)
        values = schema.get("enum") or [schema["const"]]
        return {"oneOf": [{"const": value, "description": self.meanings[value]} for value in values]}


Name: TypeAlias = Annotated[str, Field(pattern=NAME, max_length=253)]
DnsLabel: TypeAlias = Annotated[str, Field(pattern=DNS_LABEL, max_length=63)]
ObjectName: TypeAlias = Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)]
EnvName: TypeAlias = Annotated[str, Field(pattern=ENV_NAME, max_length=253)]
AbsolutePath: TypeAlias = Annotated[str, Field(pattern=ABSOLUTE_PATH, max_length=4096)]
Duration: TypeAlias = Annotated[str, Field(pattern=DURATION, max_length=32, examples=["30s", "1h30m", "7d"])]
LARGEST = 2**31 - 1  # the largest number of most fields in Kubernetes
KeyReference: TypeAlias = Annotated[str, Field(pattern=KEY_REFERENCE, max_length=512, examples=["warehouse/url"])]
LabelKey: TypeAlias = Annotated[str, Field(pattern=LABEL_KEY, max_length=317)]
LabelValue: TypeAlias = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
Expression: TypeAlias = Annotated[str, Field(min_length=1, max_length=4096)]
Text: TypeAlias = Annotated[str, Field(max_length=1_000_000)]
Amount: TypeAlias = Annotated[
    Annotated[str, STRING] | Annotated[int, INTEGER] | Annotated[float, NUMBER],
    BY_SHAPE,
    WithJsonSchema({"type": ["string", "number"], "examples": ["500m", 2, "4Gi", "${{ item.mem }}"]}),
]
# every value that JSON has: parameters' defaults, template arguments, foreach items
Plain: TypeAlias = Annotated[Any, WithJsonSchema({})]


class Model(BaseModel):
    """What all models share: unknown keys are refused, nothing is converted, docstrings are descriptions."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,
    )
