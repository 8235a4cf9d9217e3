"""Find a target's emitter by its name: ours from a table, other packages' from their entry points."""

from __future__ import annotations

from importlib import import_module

from dragoman.emitter import Emitter
from dragoman.findings import Finding, Findings, Span, did_you_mean
from dragoman.load import reads
from dragoman.plan.model import Plan, Step

GROUP = "dragoman.emitters"
PLANNED = ("local",)  # a flow may already say what holds for these
JOBS = "kubernetes"
AWS = "batch"
BUILTIN = {"argo": "dragoman.emit.argo", JOBS: "dragoman.emit.kubernetes", AWS: "dragoman.emit.batch"}


def find(name: str, place: Span | None = None) -> Emitter:
    """The emitter of a target; raises `Findings` for a name that nobody registered, or a package that fails to load.

    place  where a spec names it; else the command line does
    """
    if name in BUILTIN:
        emitter: Emitter = import_module(BUILTIN[name]).EMITTER
        return emitter
    points = [point for point in _entry_points() if point[0] == name]
    if not points:
        known = sorted({*BUILTIN, *(point[0] for point in _entry_points())})
        found = Finding("DRG303", f"there is no target `{name}`", place, did_you_mean(name, known))
        raise Findings([found], 1 if place else 2)
    if len(points) > 1:
        owners = " and ".join(f"`{owner}`" for _, owner, _ in points)
        raise Findings(
            [Finding("DRG303", f"the target `{name}` comes from {owners}", None, "uninstall one of them")], 2
        )
    return _loaded(*points[0])


def names() -> list[str]:
    """Every target that can be named, ours first."""
    return [*BUILTIN, *sorted({name for name, _, _ in _entry_points()} - BUILTIN.keys())]


def stranger(name: str) -> str:
    """Help for a name that no target has; empty for a target's."""
    return "" if name in BUILTIN or name in PLANNED or name in (known := names()) else did_you_mean(name, known)


def strangers(plan: Plan) -> list[Finding]:
    """A finding for each target that the flow has settings for, and that nobody here emits for."""
    named: list[tuple[tuple[str, ...], str]] = [
        (("spec", "targets", name), name) for name in plan.source.names(("spec", "targets"))
    ]
    for step in (*plan.steps, *plan.on_exit):
        named += _named_by(step)
    unknown = [(path, name) for path, name in dict(named).items() if name not in PLANNED and name not in BUILTIN]
    known = names() if unknown else []
    return [
        Finding(
            "DRG303",
            f"there is no target `{name}`",
            plan.source.span(path, key=True),
            did_you_mean(name, known),
            address=".".join(path),
        )
        for path, name in unknown
        if name not in known
    ]


def _named_by(step: Step) -> list[tuple[tuple[str, ...], str]]:
    own = [
        (tuple(map(str, (*layer.path, "targets", name))), name)
        for layer in step.layers
        for name in layer.data.get("targets") or {}
    ]
    return own + [found for child in step.steps for found in _named_by(child)]


def _entry_points() -> list[tuple[str, str, str]]:
    from importlib.metadata import entry_points  # 40 ms: only a name that we do not know pays for it

    reads.note_elsewhere()
    return [
        (point.name, point.dist.name if point.dist else "?", point.value)
        for point in entry_points(group=GROUP)
        if point.name not in BUILTIN
    ]


def _loaded(name: str, owner: str, value: str) -> Emitter:
    module, _, attribute = value.partition(":")
    try:
        emitter = getattr(import_module(module), attribute)
    except Exception as error:  # somebody else's code: whatever it raises, the user needs to know whose it is
        raise Findings(
            [
                Finding(
                    "DRG303",
                    f"the target `{name}` of `{owner}` does not load: {error}",
                    None,
                    f"ask the makers of `{owner}`, or uninstall it",
                )
            ],
            2,
        ) from error
    if not isinstance(emitter, Emitter):
        raise Findings(
            [
                Finding(
                    "DRG303",
                    f"the target `{name}` of `{owner}` is no emitter",
                    None,
                    f"`{value}` must be a `dragoman.emitter.Emitter`",
                )
            ],
            2,
        )
    return emitter
