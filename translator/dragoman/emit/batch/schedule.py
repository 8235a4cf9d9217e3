"""A schedule of EventBridge Scheduler, which starts the state machine (the input of CreateSchedule).

Its cron has six fields, counts the days of the week from 1, Sunday, and takes a day of the month or of the week, with
`?` for the other. Cron proper runs on either: that is two schedules.
"""

from __future__ import annotations

import re
from typing import Any

from dragoman.emit.batch.jsonata import Unprintable
from dragoman.emit.batch.names import named
from dragoman.emit.batch.settings import Settings
from dragoman.emit.objects import drop_empty
from dragoman.plan.model import Plan

LONGEST = 64  # of a schedule's name
SHORTEST_AGE, LONGEST_AGE = 60, 86_400
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = re.compile(r"@every (?:([0-9]+)h)?(?:([0-9]+)m)?(?:0*s)?")
_LOWEST = (0, 0, 1, 1, 0)


def schedules(plan: Plan, options: Settings, role: str | None) -> list[dict[str, Any]]:
    """The schedules of a flow; `Unprintable` for a time that AWS cannot say."""
    schedule = plan.schedule
    assert schedule is not None
    found = [expression for cron in schedule.cron for expression in expressions(cron)]
    machine = named([plan.name], 80)
    account = options.account or (role or "").split(":")[4]
    deadline = schedule.starting_deadline
    age = None if deadline is None else min(max(deadline, SHORTEST_AGE), LONGEST_AGE)
    bodies = []
    for number, expression in enumerate(found):
        name = named([plan.name, *([str(number)] if len(found) > 1 else ())], LONGEST)
        target = {
            "Arn": f"arn:{options.partition}:states:{options.region}:{account}:stateMachine:{machine}",
            "RoleArn": role,
            "Input": '{"params":{}}',
            "RetryPolicy": {"MaximumEventAgeInSeconds": age} if age is not None else None,
        }
        bodies.append(
            {
                "Name": name,
                "ScheduleExpression": expression,
                "ScheduleExpressionTimezone": schedule.timezone,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "State": "DISABLED" if schedule.suspend else "ENABLED",
                "Target": drop_empty(target),
            }
        )
    return bodies


def expressions(cron: str) -> list[str]:
    """A cron expression in AWS's words.

    >>> expressions("0 2 * * 1-5"), expressions("*/15 8 1 * 0")
    (['cron(0 2 ? * MON-FRI *)'], ['cron(0/15 8 1 * ? *)', 'cron(0/15 8 ? * SUN *)'])
    """
    every = _EVERY.fullmatch(cron)
    if every:
        minutes = int(every[1] or 0) * 60 + int(every[2] or 0)
        if not minutes:
            raise Unprintable(f"`{cron}` is less than a minute", "say a minute or more")
        return [f"rate({minutes} minute{'s' if minutes > 1 else ''})"]
    if cron.startswith("@every"):
        raise Unprintable(f"`{cron}` is not whole minutes", "EventBridge counts minutes: `@every 5m`")
    fields = [part.upper() for part in MACROS.get(cron, cron).split()]
    minute, hour, day, month, weekday = (_stepped(part, low) for part, low in zip(fields, _LOWEST, strict=True))
    weekday = re.sub(r"(?<![/#])\b[0-6]\b", lambda found: DAYS[int(found[0])], weekday)
    any_day, any_weekday = day in ("*", "?"), weekday in ("*", "?")
    found = []
    if not any_day or any_weekday:
        found.append(f"cron({minute} {hour} {'*' if any_day else day} {month} ? *)")
    if not any_weekday:
        found.append(f"cron({minute} {hour} ? {month} {weekday} *)")
    return found


def _stepped(field: str, low: int) -> str:
    """`*/15` as AWS writes it, from the lowest value on."""
    return ",".join(re.sub(r"^[*?]/", f"{low}/", part) for part in field.split(","))
