"""What a person sees of a run: on a terminal, elsewhere, and not at all."""

from __future__ import annotations

from itertools import count

import pytest

from dragoman.report.letters import clean, cut
from dragoman.report.progress import Progress, RunState, Screen, StepState, elapsed, picture, stamp

RUN = RunState("train-x7k2p", "running", 100)
WAITING = [StepState(("plan",), "waiting"), StepState(("shards", "train"), "waiting", 0, 3)]
RUNNING = [StepState(("plan",), "succeeded", 1, started=100, finished=108), WAITING[1]]
RETRYING = [
    RUNNING[0],
    StepState(("shards", "train"), "retrying", 1, 3, 1, 110, message="attempt 2 of 3, after main: Error (exit code 1)"),
]
FAILED = [RUNNING[0], StepState(("shards", "train"), "failed", 3, 3, 1, 110, 175, "main: Error (exit code 1)")]
OVER = RunState("train-x7k2p", "failed", 100, 176, "no more retries left")


def test_plain_lines_one_a_change() -> None:
    text: list[str] = []
    progress = Progress(text.append, count(1000, 40).__next__)
    progress.note("train-x7k2p: submitted to namespace ml")
    progress.show(RUN, WAITING)
    progress.show(RUN, WAITING)
    progress.tick()
    progress.show(RUN, RUNNING)
    progress.show(RUN, RETRYING)
    progress.show(OVER, FAILED)
    progress.close()
    assert "".join(text) == (
        "00:40 train-x7k2p: submitted to namespace ml\n"
        "01:20 train-x7k2p: running\n"
        "02:00 plan: succeeded in 8s\n"
        "02:40 shards.train: retrying, 1/3, 1 failed: attempt 2 of 3, after main: Error (exit code 1)\n"
        "03:20 shards.train: failed in 1m 5s, 3/3, 1 failed: main: Error (exit code 1)\n"
        "04:00 train-x7k2p: failed in 1m 16s: no more retries left\n"
    )


def test_plain_lines_in_color() -> None:
    text: list[str] = []
    Progress(text.append, lambda: 0, color=True).show(RUN, RUNNING)
    assert text == ["00:00 train-x7k2p: \x1b[36mrunning\x1b[0m\n", "00:00 plan: \x1b[32msucceeded in 8s\x1b[0m\n"]


def test_the_words_of_each_state() -> None:
    text: list[str] = []
    Progress(text.append, lambda: 0).show(
        RunState("r", "waiting"),
        [
            StepState(("a",), "waiting", message="Unschedulable: no node"),
            StepState(("b",), "running", 2, None),
            StepState(("c",), "skipped", 3, 3),
            StepState(("d",), "omitted"),
            StepState(("e",), "succeeded"),
            StepState(("f",), "failed", message="two\r\nlines \x1b[31mred"),
        ],
    )
    assert text == [
        "00:00 a: waiting: Unschedulable: no node\n",
        "00:00 b: running, 2/?\n",
        "00:00 c: skipped\n",
        "00:00 d: omitted\n",
        "00:00 e: succeeded\n",
        "00:00 f: failed: two lines red\n",
    ]


def test_a_terminal_is_drawn_in_place() -> None:
    text: list[str] = []
    now = iter([100, 100, 109, 115, 116, 176])
    progress = Progress(text.append, lambda: next(now), lambda: Screen(80, 24))
    progress.show(RUN, WAITING)
    progress.show(RUN, RUNNING)
    progress.show(RUN, RETRYING)
    progress.tick()
    progress.show(OVER, FAILED)
    assert text == [
        "\x1b[0J"  # from here to the end of the screen
        "· plan\n"
        "· shards.train\n"
        "● train-x7k2p          0s\n",
        "\x1b[3F\x1b[0J"  # three lines up first
        "✓ plan                 8s\n"
        "· shards.train\n"
        "● train-x7k2p          9s\n",
        "\x1b[3F\x1b[0J"
        "✓ plan                              8s\n"
        "↻ shards.train  1/3, 1 failed       5s  attempt 2 of 3, after main: Error (exi…\n"
        "● train-x7k2p                      15s\n",
        "\x1b[3F\x1b[0J"
        "✓ plan                              8s\n"
        "↻ shards.train  1/3, 1 failed       6s  attempt 2 of 3, after main: Error (exi…\n"
        "● train-x7k2p                      16s\n",
        "\x1b[3F\x1b[0J"
        "✓ plan                              8s\n"
        "✗ shards.train  3/3, 1 failed    1m 5s  main: Error (exit code 1)\n"
        "✗ train-x7k2p                   1m 16s  no more retries left\n",
    ]


def test_a_note_stands_above_the_picture() -> None:
    text: list[str] = []
    progress = Progress(text.append, lambda: 100, lambda: Screen(30, 24))
    progress.note("before anything is known")
    progress.show(RUN, [])
    progress.note("lost contact, trying again, again")
    progress.close()
    run = "● train-x7k2p         0s\n"
    assert "".join(text) == (
        "\x1b[0Jbefore anything is known\n"
        f"\x1b[0J{run}"
        f"\x1b[1F\x1b[0Jlost contact, trying again, again\n\x1b[0J{run}"
        f"\x1b[1F\x1b[0J{run}"
    )


def test_a_low_terminal_shows_what_matters_and_in_the_end_everything() -> None:
    text: list[str] = []
    steps = [
        StepState(("a",), "succeeded", 1, started=0, finished=1),
        StepState(("b",), "failed", 1, 1, 1, 0, 1),
        StepState(("c",), "omitted"),
        StepState(("d",), "running", started=0),
        StepState(("e",), "waiting"),
    ]
    progress = Progress(text.append, lambda: 2, lambda: Screen(40, 5))
    progress.show(RunState("run", "running", 0), steps)
    progress.close()
    assert text == [
        "\x1b[0J✗ b           1s\n● d           2s\n… and 3 more: 1 waiting, 1 succeeded,…\n● run         2s\n",
        "\x1b[4F\x1b[0J"
        "✓ a           1s\n"
        "✗ b           1s\n"
        "– c               omitted\n"
        "● d           2s\n"
        "· e\n"
        "● run         2s\n",
    ]


def test_quiet_says_nothing() -> None:
    text: list[str] = []
    progress = Progress(text.append, lambda: 0, lambda: Screen(80, 24), quiet=True)
    progress.note("hello")
    progress.show(OVER, FAILED)
    progress.tick()
    progress.close()
    assert text == []


def test_only_the_symbols_are_in_color() -> None:
    assert picture(OVER, FAILED[:1], 0, Screen(40, 24), color=True) == [
        "\x1b[32m✓\x1b[0m plan                8s",
        "\x1b[31m✗\x1b[0m train-x7k2p     1m 16s  no more retr…",
    ]


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (-1, "0s", "00:00"),
        (0.9, "0s", "00:00"),
        (59, "59s", "00:59"),
        (60, "1m 0s", "01:00"),
        (3599, "59m 59s", "59:59"),
        (7265, "2h 1m", "2:01:05"),
        (93600, "1d 2h", "26:00:00"),
    ],
)
def test_times(seconds: float, long: str, short: str) -> None:
    assert (elapsed(seconds), stamp(seconds)) == (long, short)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("a\tb\r\nc", "a b c"),
        ("\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07", "red link"),
        ("\x1b[2J\x1b[Hgone\x1bM", "gone"),
        ("left\u202eright", "left right"),
        ("\x00\x07bell", "bell"),
    ],
)
def test_other_peoples_text(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("ab cdef", 4, "ab…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("abc", 0, ""),
    ],
)
def test_a_text_is_cut_by_columns(text: str, columns: int, shown: str) -> None:
    assert cut(text, columns) == shown
