"""What to do about an unknown key: the word it stands for, or the place where it belongs."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NamedTuple

from dragoman.findings import did_you_mean
from dragoman.load.document import Path
from dragoman.spec.outline import keys, part, settled
from dragoman.spec.words import inside, listed

# other tools' words for a key, where that key exists
RENAMED = {
    "activeDeadlineSeconds": "timeout",
    "after": "needs",
    "arguments": "with",
    "dag": "steps",
    "dependencies": "needs",
    "depends": "needs",
    "dependsOn": "needs",
    "depends_on": "needs",
    "entrypoint": "command",
    "environment": "env",
    "environmentVariables": "env",
    "gpus": "gpu",
    "if": "when",
    "jobs": "steps",
    "loop": "foreach",
    "mountPath": "mount",
    "parameters": "params",
    "persistentVolumeClaim": "pvc",
    "retries": "retry",
    "retryStrategy": "retry",
    "run": "script",
    "serviceAccountName": "serviceAccount",
    "shell": "interpreter",
    "tasks": "steps",
    "template": "use",
    "uses": "use",
    "vcpus": "cpu",
    "volumeMounts": "volumes",
    "withItems": "foreach",
    "withParam": "foreach",
    "withSequence": "foreach",
}
# (key, another key): a sentence about the first, in maps that know the other
CONTAINER = "a step is one container: write `image`, `command` and `env` right in the step"
EXPLAINED = {
    ("container", "command"): CONTAINER,
    ("containers", "command"): CONTAINER,
    ("name", "needs"): "the name of a step is its key under `steps`",
    ("valueFrom", "configMap"): "write `{secret: name/key}` or `{configMap: name/key}`",
    ("value", "configMap"): "write the value right behind the variable's name",
}


class Advice(NamedTuple):
    """A sentence of help, and the paths that the author may have meant."""

    help: str
    meant: tuple[Path, ...] = ()


def advice(document: dict[str, Any], path: Path, key: str) -> Advice:
    """What the author may have meant by an unknown `key` in the map at `path`."""
    known = keys(part(document, path))
    for (word, other), sentence in EXPLAINED.items():
        if key == word and other in known:
            return Advice(sentence)
    alike = [RENAMED[key]] if RENAMED.get(key) in known else get_close_matches(key, known, n=1, cutoff=0.8)
    if alike:
        return Advice(f"did you mean `{alike[0]}`?", ((*path, alike[0]),))
    places = _elsewhere(document, path, key)
    if places:
        words = listed(inside(place).strip() for place in places)
        return Advice(f"`{key}` belongs {words}", tuple((*place, key) for place in places))
    return Advice(did_you_mean(key, known))


def _elsewhere(document: dict[str, Any], path: Path, key: str) -> list[Path]:
    """The maps that know the key: the nearest one around `path`, else those right under it or beside it."""
    levels = [path[:length] for length in range(len(path), -1, -1)]
    for level in levels[1:]:
        if key in keys(part(document, level)):
            return [level]
    return [holder for level in levels for holder in _holders(document, level, key)]


def _holders(document: dict[str, Any], path: Path, key: str) -> list[Path]:
    """The maps right under `path` that may have the key."""
    known = keys(part(document, path))
    return [(*path, name) for name, schema in known.items() if key in keys(settled(schema, {}))]
