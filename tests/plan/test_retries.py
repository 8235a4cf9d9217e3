"""What an amount has become after retries."""

from __future__ import annotations

import pytest

from dragoman.plan.model import Escalation
from dragoman.plan.retries import grown


@pytest.mark.parametrize(
    ("amount", "factor", "retries", "wanted"),
    [
        (100, 2, 0, 100),
        (100, 2, 1, 200),
        (100, 1.5, 2, 225),
        (3, 1.5, 1, 5),  # rounded up
        (100, 2, 5, 1000),
        (100, 100, 1000, 1000),  # beyond any float
    ],
)
def test_grown(amount: int, factor: float, retries: int, wanted: int) -> None:
    assert grown(amount, Escalation("memory", factor, 1000), retries) == wanted
