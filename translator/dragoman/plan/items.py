"""Try a loop's known items in the texts and amounts that use them: what fails for one would fail while running."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman import quantity
from dragoman.expr.text import Template, refs, render_text
from dragoman.expr.tree import ExprError, Literal
from dragoman.load.document import Path
from dragoman.plan.context import Context
from dragoman.plan.model import Reference, Step
from dragoman.plan.origin import Source
from dragoman.plan.references import target

MOST = 200  # items that are tried


def check_items(context: Context, step: Step, source: Source, path: Path) -> None:
    """Report the first item that each text or amount of the step cannot be made with."""
    loop = step.foreach
    if loop is None or not isinstance(loop.items, Literal):
        return
    for field, text in _texts(step):
        if any(target(ref).step != step.address or target(ref).kind not in ("item", "index") for ref in refs(text)):
            continue
        for index, item in enumerate(loop.items.value[:MOST]):
            known = {
                Reference("item", step.address, loop.variable): item,
                Reference("index", step.address, "index"): index,
            }
            try:
                shown = render_text(text, known)
                if field in quantity.SCALE:
                    quantity.parse(shown, quantity.SCALE[field])
            except (ExprError, ValueError) as error:
                said = error.message if isinstance(error, ExprError) else str(error)
                message = f"item {index} does not fit `{field}`: {said}"
                context.report(
                    "DRG205", message, source, (*path, "foreach", "in"), "every item needs what the step uses"
                )
                break


def _texts(step: Step) -> Iterator[tuple[str, Template]]:
    container = step.container
    if container is None:
        return
    amounts = container.resources
    named = [
        ("image", container.image),
        *(("command", word) for word in container.command or ()),
        *(("args", word) for word in container.args or ()),
        *((f"env.{name}", value) for name, value in container.env.items()),
        *amounts.requests.items(),
        *amounts.limits.items(),
    ]
    for name, value in named:
        if isinstance(value, Template):
            yield name, value
