"""Times of a schedule in AWS's words."""

from __future__ import annotations

import pytest

from dragoman.emit.batch.jsonata import Unprintable
from dragoman.emit.batch.schedule import expressions


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 2 * * *", ["cron(0 2 * * ? *)"]),
        ("0 2 * * 1-5", ["cron(0 2 ? * MON-FRI *)"]),
        ("30 4 * * sun,3", ["cron(30 4 ? * SUN,WED *)"]),
        ("*/15 * * * *", ["cron(0/15 * * * ? *)"]),
        ("0 */6 */2 * *", ["cron(0 0/6 1/2 * ? *)"]),
        ("0 0 1 jan ?", ["cron(0 0 1 JAN ? *)"]),
        ("0 0 1,15 * 5", ["cron(0 0 1,15 * ? *)", "cron(0 0 ? * FRI *)"]),
        ("@daily", ["cron(0 0 * * ? *)"]),
        ("@weekly", ["cron(0 0 ? * SUN *)"]),
        ("@every 1h", ["rate(60 minutes)"]),
        ("@every 1m", ["rate(1 minute)"]),
    ],
)
def test_expressions(cron: str, expected: list[str]) -> None:
    assert expressions(cron) == expected


@pytest.mark.parametrize("cron", ["@every 30s", "@every 1.5h", "@every 90s"])
def test_what_aws_cannot_say(cron: str) -> None:
    with pytest.raises(Unprintable):
        expressions(cron)
