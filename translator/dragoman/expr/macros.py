"""The loops of rules: `all`, `exists`, `exists_one`, `filter`, `map` over a list, or over the keys of a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dragoman.expr import apply
from dragoman.expr.tree import Call, ExprError
from dragoman.expr.unparse import excerpt
from dragoman.expr.work import Exhausted, Frame, Run, spend


class Loop(NamedTuple):
    """What all macros do: `over` gives what they run over, and each item goes into a slot of the frame."""

    expr: Call
    over: Run
    slot: int

    def turns(self, frame: Frame) -> Iterator[None]:
        """Once for each item, which is in its slot."""
        over = self.over(frame)
        if not isinstance(over, (list, dict)):
            raise apply.failed(self.expr.args[0], lambda: (self.wrong(over), ""))
        for item in over:
            spend(frame, 1, self.expr)
            frame[self.slot] = item
            yield

    def chosen(self, frame: Frame, condition: Run) -> Iterator[None]:
        """Once for each item for which the condition is true."""
        for _ in self.turns(frame):
            if apply.truth(self.expr.args[2], condition(frame), self.expr.function):
                yield

    def wrong(self, over: object) -> str:
        """What to say about something that has no items."""
        return f"`{excerpt(self.expr.args[0])}` is {apply.a(over)}, `{self.expr.function}` runs over a list or a map"


def macro(loop: Loop, parts: Sequence[Run]) -> Run:
    """The closure of a macro; `parts` are those of what follows its name."""
    name, (first, *rest) = loop.expr.function, parts
    if name in ("all", "exists"):
        return _quantified(loop, first, decides=name == "exists")
    if name == "exists_one":
        return lambda frame: sum(1 for _ in loop.chosen(frame, first)) == 1
    if name == "map" and not rest:
        return lambda frame: [first(frame) for _ in loop.turns(frame)]
    result = rest[0] if rest else lambda frame: frame[loop.slot]
    return lambda frame: [result(frame) for _ in loop.chosen(frame, first)]


def _quantified(loop: Loop, condition: Run, *, decides: bool) -> Run:
    """`all` and `exists`: one item may decide, whatever became of the others."""

    def run(frame: Frame) -> bool:
        failure: ExprError | None = None
        for _ in loop.turns(frame):
            try:
                result = apply.truth(loop.expr.args[2], condition(frame), loop.expr.function)
            except Exhausted:
                raise
            except ExprError as error:
                failure = failure or error
            else:
                if result is decides:
                    return decides
        if failure is not None:
            raise failure
        return not decides

    return run
