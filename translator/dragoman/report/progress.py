"""The progress of a run: on a terminal a line for each step, redrawn in place; elsewhere a line for each change.

A driver says what it sees as plain states; what is written follows from them, from a clock and from a screen's size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from dragoman.plan.model import Address
from dragoman.report.letters import clean, cut

Phase: TypeAlias = Literal["waiting", "running", "retrying", "succeeded", "failed", "skipped", "omitted"]


class StepState(NamedTuple):
    """What is known of a step; times in seconds since 1970.

    done     how many of its items have ended, however they did; of them, `failed` failed
    total    how many items there are, all loops around it counted: 1 for a step that runs once, None while unknown
    message  why it waits, is tried again or has failed; empty when there is nothing to say
    """

    address: Address
    phase: Phase
    done: int = 0
    total: int | None = 1
    failed: int = 0
    started: float | None = None
    finished: float | None = None
    message: str = ""


class RunState(NamedTuple):
    """What is known of the run as a whole."""

    name: str
    phase: Phase
    started: float | None = None
    finished: float | None = None
    message: str = ""


class Screen(NamedTuple):
    """The letters that fit on a line of a terminal, and its lines."""

    columns: int
    lines: int


class Progress:
    """Writes what a run does, as it is told.

    out     where the text goes
    clock   the time in seconds since 1970
    screen  the size of the terminal, asked each time; None writes plain lines
    quiet   writes nothing at all
    """

    def __init__(
        self,
        out: Callable[[str], object],
        clock: Callable[[], float],
        screen: Callable[[], Screen] | None = None,
        *,
        color: bool = False,
        quiet: bool = False,
    ) -> None:
        self._out, self._clock, self._screen, self._color, self._quiet = out, clock, screen, color, quiet
        self._began = clock()
        self._said: dict[str, str] = {}
        self._last: tuple[RunState, Sequence[StepState]] | None = None
        self._drawn = 0  # lines of the picture that stands on the terminal

    def show(self, run: RunState, steps: Sequence[StepState]) -> None:
        """The run and its steps as they are now."""
        if self._quiet:
            return
        self._last = run, steps
        if self._screen is not None:
            self._draw(picture(run, steps, self._clock(), self._screen(), color=self._color))
            return
        for name, phase, text in changes(run, steps, self._said):
            self._said[name] = text
            self._line(f"{name}: {_painted(phase, text, self._color)}")

    def tick(self) -> None:
        """Time has passed: a terminal's picture is drawn again."""
        if self._screen is not None and self._last is not None:
            self.show(*self._last)

    def note(self, text: str) -> None:
        """A line of its own; on a terminal it stands above the picture."""
        if self._quiet:
            return
        if self._screen is None:
            self._line(clean(text))
            return
        self._draw([])
        self._out(clean(text) + "\n")
        self.tick()

    def close(self) -> None:
        """Leave the last picture, with every step, however few lines the terminal has."""
        if self._screen is not None and self._last is not None:
            whole = self._screen()._replace(lines=len(self._last[1]) + 2)
            self._draw(picture(*self._last, self._clock(), whole, color=self._color))
        self._last, self._drawn = None, 0

    def _line(self, text: str) -> None:
        self._out(f"{stamp(self._clock() - self._began)} {text}\n")

    def _draw(self, lines: Sequence[str]) -> None:
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        self._out(f"{up}\x1b[0J" + "".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)


def changes(run: RunState, steps: Sequence[StepState], said: dict[str, str]) -> list[tuple[str, Phase, str]]:
    """Name, phase and words of the run and each step that are not what was said of it before; the run ends last."""
    told: list[tuple[str, Phase, str]] = [(".".join(step.address), step.phase, said_of_step(step)) for step in steps]
    told.insert(0 if run.finished is None else len(told), (run.name, run.phase, said_of_run(run)))
    return [(name, phase, text) for name, phase, text in told if text != said.get(name, "waiting")]


def said_of_step(step: StepState) -> str:
    """A step in words: `running, 1/3`, `failed in 8s, 3/3, 1 failed: exit code 1`."""
    words = _ended(step.phase, step.started, step.finished)
    count = counted(step)
    return words + (f", {count}" if count else "") + (f": {clean(step.message)}" if step.message else "")


def said_of_run(run: RunState) -> str:
    """The run in words: `running`, `succeeded in 1m 5s`."""
    return _ended(run.phase, run.started, run.finished) + (f": {clean(run.message)}" if run.message else "")


def counted(step: StepState) -> str:
    """The items of a step that runs several times: `3/8, 1 failed`; empty before it starts and for a single one."""
    if step.total == 1 or step.phase in ("waiting", "skipped", "omitted"):
        return ""
    failed = f", {step.failed} failed" if step.failed else ""
    return f"{step.done}/{'?' if step.total is None else step.total}{failed}"


def picture(run: RunState, steps: Sequence[StepState], now: float, screen: Screen, *, color: bool = False) -> list[str]:
    """The lines of a terminal: the steps, those that matter least left out when they are too many, then the run."""
    shown = _fitting(steps, max(screen.lines - 2, 1))
    names = max([len(".".join(step.address)) for step in shown] + [len(run.name)])
    counts = max([len(counted(step)) for step in shown] + [0])
    widths = min(names, screen.columns // 2), counts
    rows = [_row(step.phase, ".".join(step.address), counted(step), step, now, widths) for step in shown]
    rows.append(_row(run.phase, run.name, "", run, now, widths))
    lines = [_paint_symbol(phase, cut(text, screen.columns - 1), color) for phase, text in rows]
    hidden = [step for step in steps if step not in shown]
    if hidden:
        lines.insert(-1, cut(f"… {_tally(hidden)}", screen.columns - 1))
    return lines


def stamp(seconds: float) -> str:
    """A time since the start: `01:05`, `2:01:05`."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def elapsed(seconds: float) -> str:
    """A length of time, its two largest units: `8s`, `1m 5s`, `2h 1m`, `1d 2h`."""
    whole = max(int(seconds), 0)
    for unit, size, smaller, part in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size}{unit} {whole % size // part}{smaller}"
    return f"{whole}s"


_SYMBOLS: dict[Phase, str] = {
    "waiting": "·",
    "running": "●",
    "retrying": "↻",
    "succeeded": "✓",
    "failed": "✗",
    "skipped": "–",
    "omitted": "–",
}
_COLORS: dict[Phase, str] = {
    "waiting": "\x1b[2m",
    "running": "\x1b[36m",
    "retrying": "\x1b[33m",
    "succeeded": "\x1b[32m",
    "failed": "\x1b[31m",
    "skipped": "\x1b[2m",
    "omitted": "\x1b[2m",
}
_URGENCY: tuple[Phase, ...] = ("failed", "retrying", "running", "waiting", "succeeded", "skipped", "omitted")


def _ended(phase: Phase, started: float | None, finished: float | None) -> str:
    if phase not in ("succeeded", "failed") or started is None or finished is None:
        return phase
    return f"{phase} in {elapsed(finished - started)}"


def _row(
    phase: Phase, name: str, count: str, state: StepState | RunState, now: float, widths: tuple[int, int]
) -> tuple[Phase, str]:
    time = ""
    if state.started is not None and phase not in ("waiting", "skipped", "omitted"):
        time = elapsed((now if state.finished is None else state.finished) - state.started)
    note = phase if phase in ("skipped", "omitted") else ""
    words = state.message or note
    text = f"{_SYMBOLS[phase]} {cut(name, widths[0]):{widths[0]}}  {count:{widths[1]}}  {time:>7}  {words}"
    return phase, text.rstrip()


def _fitting(steps: Sequence[StepState], most: int) -> list[StepState]:
    """The steps that fit, in their order: what fails and runs before what waits, that before what is over."""
    if len(steps) <= most:
        return list(steps)
    ranked = sorted(range(len(steps)), key=lambda number: _URGENCY.index(steps[number].phase))
    kept = set(ranked[: most - 1])  # the last line counts the others
    return [step for number, step in enumerate(steps) if number in kept]


def _tally(steps: Sequence[StepState]) -> str:
    counts = [(sum(step.phase == phase for step in steps), phase) for phase in _URGENCY]
    parts = ", ".join(f"{count} {phase}" for count, phase in counts if count)
    return f"and {len(steps)} more: {parts}"


def _painted(phase: Phase, text: str, color: bool) -> str:
    return f"{_COLORS[phase]}{text}\x1b[0m" if color else text


def _paint_symbol(phase: Phase, text: str, color: bool) -> str:
    return _painted(phase, text[:1], color) + text[1:]
