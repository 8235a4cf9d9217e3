"""Names in AWS: of definitions and jobs at most 128 letters, of state machines and states 80."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.plan.model import Step

LONGEST, LONGEST_STATE = 128, 80
_OTHER = re.compile(r"[^A-Za-z0-9_]+")


def named(parts: Sequence[str], longest: int = LONGEST) -> str:
    """The parts with dashes between; one that is too long keeps its start and gets a hash of the whole.

    >>> named(["country-train", "shards", "train"])
    'country-train-shards-train'
    """
    text = _OTHER.sub("-", "-".join(parts)).strip("-_")
    if len(text) <= longest:
        return text
    from hashlib import sha256

    return f"{text[: longest - 9].rstrip('-_')}-{sha256(text.encode()).hexdigest()[:8]}"


def state_name(step: Step, what: str = "") -> str:
    """The name of a step's state; no step has two dashes in a row."""
    ending = f"--{what}" if what else ""
    return named(step.address, LONGEST_STATE - len(ending)) + ending
