"""AWS on loopback, for each test anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aws.flows import Flows
from aws.server import Aws

SECOND = 0.01  # of flows: the least of a job's timeouts, 60 seconds, are 0.6


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    with Aws(tmp_path) as found:
        yield found


@pytest.fixture
def flows(tmp_path: Path) -> Iterator[Flows]:
    with Aws(tmp_path, second=SECOND) as found:
        yield Flows(found)
