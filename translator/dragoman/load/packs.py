"""Policies that come with dragoman: a pack is a folder of `policies/`, in the wheel of `dragoman/packs`."""

from __future__ import annotations

import os
from functools import cache

import dragoman
from dragoman.findings import Finding, Findings, Span, did_you_mean

PREFIX = "pack:"


@cache
def folder() -> str:
    """Where the packs are: in the installed package, or beside its sources in the repository."""
    package = os.path.dirname(os.path.abspath(dragoman.__file__))
    installed = os.path.join(package, "packs")
    beside = os.path.join(os.path.dirname(os.path.dirname(package)), "policies")
    return installed if os.path.isdir(installed) else beside


def names() -> list[str]:
    """The packs there are."""
    try:
        found = sorted(os.listdir(folder()))
    except FileNotFoundError:
        return []
    return [name for name in found if os.path.isfile(_file(name))]


def find(name: str, span: Span | None) -> str:
    """The file of a pack's policy; raises Findings when there is no such pack."""
    known = names()
    if name in known:
        return _file(name)
    raise Findings([Finding("DRG465", f"there is no pack `{name}`", span, did_you_mean(name, known))], 1 if span else 2)


def shown(file: str) -> str:
    """A file of a pack as messages name it, the same on every machine: `pack:baseline/baseline.policy.yaml`."""
    return PREFIX + os.path.relpath(file, folder()).replace(os.sep, "/")


def opened(file: str) -> str:
    """The path of what `shown` names; any other path as it is."""
    return os.path.join(folder(), file.removeprefix(PREFIX)) if file.startswith(PREFIX) else file


def _file(name: str) -> str:
    return os.path.join(folder(), name, f"{name}.policy.yaml")
