"""The dice of one random flow: choices, and the small parts that every place of a flow draws from."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import texts as t


class Chance:
    """Choices. `grows`: memory grows with each retry, so no amount is an expression; `accelerators`: a policy has them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.grows = self.often(3)
        self.accelerators = self.often(4)

    def often(self, times: int) -> bool:
        """Once in so many times."""
        return not self.random.randrange(times)

    def pick(self, values: Sequence[Any]) -> Any:
        """One of the values."""
        return self.random.choice(values)

    def sample(self, values: Sequence[Any], least: int, most: int) -> list[Any]:
        """So many different ones of the values."""
        return self.random.sample(values, self.random.randint(least, most))

    def some(self, **fields: Any) -> dict[str, Any]:
        """Some of these fields; a field is a value or what makes it."""
        chosen = {name: made for name, made in fields.items() if self.often(3)}
        return {name: made() if callable(made) else made for name, made in chosen.items()}

    def either(self) -> bool:
        """True or false."""
        return bool(self.random.randrange(2))

    def names(self, most: int, least: int = 0) -> list[str]:
        """Names that differ, also for Argo."""
        return self.sample(t.NAMES, least, most)

    def text(self) -> str:
        """Any text."""
        return t.text(self.random)

    def duration(self) -> str:
        """A time."""
        return str(self.pick(t.DURATIONS))

    def label(self) -> str:
        """The value of a label that is not empty."""
        return str(self.pick([value for value in t.LABEL_VALUES if value]))

    def labels(self) -> dict[str, str]:
        """Labels."""
        return {key: self.pick(t.LABEL_VALUES) for key in self.sample(t.LABEL_KEYS, 1, 3)}

    def annotations(self) -> dict[str, str]:
        """Annotations; of braces there Argo makes tags, and nothing escapes them."""
        texts = {key: self.text() for key in self.sample(t.LABEL_KEYS, 1, 3)}
        return {key: text for key, text in texts.items() if "{{" not in text}
