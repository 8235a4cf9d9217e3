"""What an emitter is: a value that says what a target can do and turns plans into its manifests.

Everybody's emitters are the same kind of value; those of other packages register under the entry-point group
`dragoman.emitters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dragoman.findings import Finding
from dragoman.load.document import Path
from dragoman.plan.features import Feature
from dragoman.plan.model import Plan

if TYPE_CHECKING:  # quotas alone have need of it
    from dragoman.plan.footprint import Footprint

Lowering: TypeAlias = Callable[[Plan], Plan]


class Native(NamedTuple):
    """The target says this itself."""


class Emulated(NamedTuple):
    """The target lacks it; the result is the same. `how` in a few words; `by` the lowering pass, if one does it."""

    how: str
    by: Lowering | None = None


class Weaker(NamedTuple):
    """Nearly this: what is different."""

    difference: str


class Refused(NamedTuple):
    """Cannot be said: why, and what to do instead. Nothing is rendered."""

    reason: str
    hint: str


Support: TypeAlias = Native | Emulated | Weaker | Refused


class Manifest(NamedTuple):
    """One emitted object and the file it belongs in; `kind` and `name` are for objects that do not say them."""

    file: str
    body: Mapping[str, Any]
    kind: str = ""
    name: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """Kind, namespace and name: two objects of one identity are one object."""
        if self.kind:
            return self.kind, "", self.name
        metadata = self.body["metadata"]
        return self.body["kind"], metadata.get("namespace", ""), metadata["name"]


class Emission(NamedTuple):
    """What an emitter made. `places` maps the names it invented (templates, jobs) to where the spec asked for them."""

    manifests: tuple[Manifest, ...]
    places: Mapping[str, Path] = {}
    findings: tuple[Finding, ...] = ()


def _plain(plan: Plan) -> Footprint:
    """That of a target which adds nothing to a plan."""
    from dragoman.plan.footprint import plain

    return plain(plan)


class Emitter(NamedTuple):
    """A target.

    name      what `-t` and `spec.target` call it
    summary   one line for people
    support   an answer for every feature
    options   the pydantic model of `targets.<name>`, as `module:class`: imported only to explain or to document
    narrow    features whose answer depends on the plan's options (a version, say): overrides `support`
    emit      the plan's manifests; pure
    verify    the target's own rules over what was emitted
    forms     other forms of what was emitted, as `--format` and `targets.<name>.format` call them
    form      the emission in the form that the options ask for, with findings about the form alone; pure
    footprint what quotas count of a settled plan beside the steps' own containers; pure
    """

    name: str
    summary: str
    support: Mapping[Feature, Support]
    options: str
    emit: Callable[[Plan], Emission]
    verify: Callable[[Plan, Emission], Sequence[Finding]]
    narrow: Callable[[Plan], Mapping[Feature, Support]] = lambda plan: {}
    forms: tuple[str, ...] = ()
    form: Callable[[Plan, Emission], Emission] = lambda plan, emission: emission._replace(findings=())
    footprint: Callable[[Plan], Footprint] = _plain
