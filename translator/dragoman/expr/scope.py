"""What a name in an expression may stand for."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeAlias

from dragoman.expr.types import Type
from dragoman.expr.values import Value


class Constant(NamedTuple):
    """A value known at render, already converted to its type."""

    value: Value
    type: Type


class Variable(NamedTuple):
    """A value known while running. `target` is the caller's: it comes back in each `Ref`."""

    target: Hashable
    type: Type


class Namespace(NamedTuple):
    """Names behind a dot (`steps.plan.outputs`); no value of its own.

    what      one of its members in a message ("step": "unknown step `tran`")
    hint      more help for a member that is not there
    """

    what: str
    members: Mapping[str, Binding]
    hint: str = ""


class Forbidden(NamedTuple):
    """A name that exists and may not be used here: why, and what to do about it."""

    message: str
    help: str = ""


Binding: TypeAlias = Constant | Variable | Namespace | Forbidden
Scope: TypeAlias = Mapping[str, Binding]
