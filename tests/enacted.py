"""Policies in force, from their documents alone."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.load.document import Document
from dragoman.policy.enact import Enacted, enact
from dragoman.policy.model import Policy


def enacted(documents: Sequence[Document]) -> Enacted:
    """The policies of some documents, none of which names files of a cluster."""
    return enact([Policy(document) for document in documents])
