"""Policies in force."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.load.document import Document
from dragoman.load.files import Options
from dragoman.load.policies import Policy, policies
from dragoman.policy.enact import enact
from dragoman.policy.force import Enacted


def enacted(documents: Sequence[Document]) -> Enacted:
    """The policies of some documents, none of which names files of a cluster."""
    return enact([Policy(document) for document in documents])


def enacted_of(path: str, options: Options) -> Enacted:
    """The policies of a file, with what they extend and the files of the cluster that they name."""
    return enact(policies([path], options))
