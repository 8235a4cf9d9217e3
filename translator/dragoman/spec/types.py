"""Models of declared types: parameters, inputs, outputs, and the types inside lists and maps."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Discriminator, Field, GetJsonSchemaHandler, RootModel, Tag

from dragoman.spec import fields as f
from dragoman.spec.fields import Model, Name, Plain

TypeName: TypeAlias = Annotated[
    Literal["string", "int", "float", "bool", "quantity", "list", "map", "any"],
    f.Meanings(
        string="text",
        int="a whole number",
        float="a number",
        bool="true or false",
        quantity="an amount with a unit: `500m`, `4Gi`",
        list="a list; `items` gives the type of its items",
        map="a map; `fields` gives the types of its fields",
        any="whatever JSON has, unchecked",
    ),
]


class Typed(Model):
    """A declared type."""

    type: TypeName = "string"
    """What the value is."""
    items: Declaration | None = None
    """For a list: the type of its items (a type's name, or fields by name for objects)."""
    fields: dict[Name, Declaration] | None = None
    """For a map: its fields by name."""
    description: str | None = None
    """For people."""


def _declared(value: object) -> str:
    return "<declaration>" if isinstance(value, dict) and "type" in value else f.shape(value)


class Declaration(
    RootModel[
        Annotated[
            Annotated[TypeName, f.STRING]
            | Annotated[Typed, Tag("<declaration>")]
            | Annotated[dict[Name, "Declaration"], f.MAP],
            Discriminator(_declared),
        ]
    ]
):
    """A type: its name, fields by name (for objects), or, with the key `type`, a declaration of its own."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The key `type` decides, as it does in `_declared`."""
        schema = handler.resolve_ref_schema(handler(core))
        name, typed, fields = schema.pop("anyOf")
        decided = {"if": {"type": "object", "required": ["type"]}, "then": typed}
        schema.update(decided, **{"else": {"anyOf": [name, fields]}})
        return schema


class Param(Typed):
    """A parameter of the flow: known when the flow is rendered, unless `runtime` is true."""

    default: Plain = None
    """The value when nothing else sets it; without one, `--set` or an environment must give it."""
    minimum: float | None = None
    """The smallest number allowed."""
    maximum: float | None = None
    """The largest number allowed."""
    enum: list[Plain] | None = None
    """The values allowed."""
    runtime: bool | None = None
    """May be given another value when a run is started (Argo: a workflow argument); not known at render."""


class Input(Typed):
    """An input of a template, filled by `with` where the template is used."""

    default: Plain = None
    """The value when `with` does not give one; an input without a default is required."""


class Output(Typed):
    """A value that a step hands on: a file's text less one trailing newline, parsed by its type."""

    path: f.AbsolutePath | None = None
    """The file in the container; without it, `$DRAGOMAN_OUTPUTS/<name>`."""
    from_: Annotated[Literal["stdout"] | None, Field(alias="from")] = None
    """`stdout`: what the container printed, instead of a file."""
    default: Plain = None
    """The value when the step was skipped or the file is missing."""
