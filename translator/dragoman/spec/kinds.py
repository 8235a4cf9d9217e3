"""The documents that dragoman reads, by their `kind`."""

from __future__ import annotations

from dragoman.spec.fields import Model
from dragoman.spec.flow import Flow, Library
from dragoman.spec.policy import Policy
from dragoman.spec.policy_test import PolicyTest

KINDS: dict[str, type[Model]] = {"Flow": Flow, "Library": Library, "Policy": Policy, "PolicyTest": PolicyTest}
