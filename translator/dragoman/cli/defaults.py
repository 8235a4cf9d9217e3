"""`.dragoman.toml`: what a repository says once instead of on every command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from dragoman.findings import Finding, Findings, Span, did_you_mean
from dragoman.load.files import root_of

NAME = ".dragoman.toml"
LARGEST = 100_000  # bytes


class Defaults(NamedTuple):
    """What the file says; paths count from its folder.

    paths         specs and folders of specs, when the command line names none
    policies      files, or `pack:` and the name of a shipped pack: `--policy`
    targets       `--target`
    environments  what `check` and `diff` look at, and `render` renders: `--env`
    output        the folder that `render` writes: `-o`
    baseline      the file of `check --baseline`
    """

    paths: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    output: str = ""
    baseline: str = ""


def filled(arguments: argparse.Namespace) -> argparse.Namespace:
    """The command line with what it leaves out filled in, from the file above the working folder, if there is one.

    `whole` says that it names no paths: it is about all that the repository has.
    """
    found = _file()
    said, folder = (_read(found), os.path.relpath(os.path.dirname(found))) if found else (Defaults(), ".")
    completed = argparse.Namespace(**vars(arguments))
    if "paths" in arguments:
        tests = getattr(arguments, "policy_tests", False)  # `paths` are those of flows
        own = [folder] if tests else [_under(folder, path) for path in said.paths]
        completed.paths = arguments.paths or own or ["."]
        completed.whole = not arguments.paths
    completed.policy = arguments.policy or [_under(folder, policy) for policy in said.policies]
    completed.target = arguments.target or list(said.targets) or None
    completed.environments = [] if arguments.env else list(said.environments)
    if "output" in arguments and arguments.output is None:
        completed.output = _under(folder, said.output) if said.output else "-"
    if "baseline" in arguments:
        completed.baseline = arguments.baseline or (_under(folder, said.baseline) if said.baseline else "")
    return completed


def _file() -> str:
    folder = os.getcwd()
    top = ""
    while True:
        file = os.path.join(folder, NAME)
        if os.path.isfile(file):
            return file
        top = top or os.path.realpath(root_of(file))
        parent = os.path.dirname(folder)
        if parent == folder or os.path.realpath(folder) == top:
            return ""
        folder = parent


def _under(folder: str, path: str) -> str:
    if folder == ".":
        return path
    from dragoman.load.packs import PREFIX

    return path if path.startswith(PREFIX) else os.path.normpath(os.path.join(folder, path))


def _read(file: str) -> Defaults:
    import tomllib

    shown = os.path.relpath(file)
    try:
        with open(file, "rb") as stream:
            text = stream.read(LARGEST).decode()
        data = tomllib.loads(text)
    except OSError as error:
        raise _refused(f"cannot read `{shown}`: {(error.strerror or '').lower()}", Span(shown), "") from None
    except ValueError as error:  # not UTF-8, or not TOML; its message has the place
        raise _refused(f"`{shown}` is not TOML: {error}", Span(shown), "see https://toml.io") from None
    return _checked(data, text, shown)


def _checked(data: Mapping[str, Any], text: str, file: str) -> Defaults:
    known: dict[str, Any] = {}
    for key, value in data.items():
        wanted = Defaults._field_defaults.get(key)
        if wanted is None:
            hint = did_you_mean(key, Defaults._fields)
            raise _refused(f"`{file}` says `{key}`, which means nothing", _place(text, key, file), hint)
        words = [value] if isinstance(wanted, str) else value
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            example = f'`{key} = "…"`' if isinstance(wanted, str) else f'`{key} = ["…"]`'
            kind = "a text" if isinstance(wanted, str) else "a list of texts"
            raise _refused(f"`{key}` must be {kind}", _place(text, key, file), f"for example {example}")
        known[key] = value if isinstance(wanted, str) else tuple(value)
    return Defaults(**known)


def _place(text: str, key: str, file: str) -> Span:
    for number, line in enumerate(text.splitlines(), 1):
        start = len(line) - len(line.lstrip(" \t\"'["))
        if line[start:].startswith(key):
            return Span(file, number, start + 1, number, start + 1 + len(key))
    return Span(file)


def _refused(message: str, span: Span, hint: str) -> Findings:
    return Findings([Finding("DRG686", message, span, hint)], 2)
