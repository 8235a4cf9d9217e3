"""Indexed Jobs: many items of one loop as one object, when they differ in nothing but what their variables say.

An item's own texts arrive without a shell in the image: its number by the downward API; other texts as EnvFiles
(KEP-3721, on by default from Kubernetes 1.35), one file an item, which a helper container puts where the kubelet
reads it. With `itemFile` the item itself is a file, by `subPathExpr`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dragoman.emit.kubernetes.names import digest, named
from dragoman.emit.kubernetes.settings import Settings
from dragoman.emit.kubernetes.text import escape
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import RESTRICTED_CONTAINER
from dragoman.expr.values import to_text
from dragoman.lower.task import Task
from dragoman.lower.unroll import Node

PER_INDEX = 29  # the minor in which retries per index are on by default
ENV_FILES = 35
POSITION = "DRAGOMAN_POSITION"  # the number of an item within its Job
ITEM_FILE = "/dragoman/item"
_ANNOTATION = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_ARGUMENT = "DRAGOMAN_TEXT_"


class Config(NamedTuple):
    """A ConfigMap to be: its name, which is a hash of its data, and the data."""

    name: str
    data: Mapping[str, str]


class Part(NamedTuple):
    """Items that one Job runs: the task they all look like, and each item's own variables.

    task  its words hold `$(NAME)` where items differ: what is escaped already stays so
    """

    nodes: tuple[Node, ...]
    task: Task
    words: Mapping[str, list[str]]  # `command` and `args`, as the pod has them
    positions: tuple[str, ...]  # variables whose text is the item's position
    texts: Mapping[str, tuple[str, ...]]  # variables with a text an item

    def config(self, words: Sequence[str | int]) -> dict[str, Config]:
        """The ConfigMap of the items' variables, one file an item."""
        if not self.texts:
            return {}
        data = {
            f"{number}.env": "".join(f"{name}='{texts[number]}'\n" for name, texts in self.texts.items())
            for number in range(len(self.nodes))
        }
        return {"env": Config(named([*words, "env"], digest(data)), data)}

    def deliver(self, template: dict[str, Any], config: str, options: Settings) -> None:
        """Let the pod have the position, and the item's texts."""
        spec = template["spec"]
        main = spec["containers"][0]
        own = [entry for entry in main.get("env") or () if entry["name"] not in {*self.positions, *self.texts}]
        position = {"name": POSITION, "valueFrom": {"fieldRef": {"fieldPath": _ANNOTATION}}}
        from_files = [
            {"name": name, "valueFrom": {"fileKeyRef": {"volumeName": "dragoman-env", "path": "item.env", "key": name}}}
            for name in self.texts
        ]
        same = [{"name": name, "value": f"$({POSITION})"} for name in self.positions]
        main["env"] = [position, *from_files, *same, *own]
        main.update(self.words)
        if self.texts:
            spec["initContainers"] = [_copier(position, options), *(spec.get("initContainers") or ())]
            spec["volumes"] = [
                *(spec.get("volumes") or ()),
                {"name": "dragoman-env-files", "configMap": {"name": config}},
                {"name": "dragoman-env", "emptyDir": {}},
            ]


def _copier(position: Mapping[str, Any], options: Settings) -> dict[str, Any]:
    """The helper: EnvFiles are read from an emptyDir only (KEP-3721), so the item's file is copied there."""
    return drop_empty(
        {
            "name": "dragoman-env",
            "image": options.image,
            "command": ["cp", f"/dragoman/env-files/$({POSITION}).env", "/dragoman/env/item.env"],
            "env": [dict(position)],
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
            "securityContext": RESTRICTED_CONTAINER if options.podSecurity == "restricted" else None,
            "volumeMounts": [
                {"name": "dragoman-env-files", "mountPath": "/dragoman/env-files", "readOnly": True},
                {"name": "dragoman-env", "mountPath": "/dragoman/env"},
            ],
        }
    )


def wanted(nodes: Sequence[Node], options: Settings) -> bool:
    """Whether the items of a loop should be one object: many of them, or only so many at once."""
    loop = nodes[0].task.step.foreach
    if loop is None or len(nodes) < 2 or options.minor < PER_INDEX:
        return False
    return len(nodes) >= options.indexedFrom or loop.parallelism is not None


def parts(nodes: Sequence[Node], options: Settings) -> list[Part] | None:
    """The items by what their pods must have in common: image and resources; None when Jobs cannot say the rest."""
    kinds: dict[str, list[Node]] = {}
    for node in nodes:
        kinds.setdefault(repr((node.task.image, node.task.requests, node.task.limits)), []).append(node)
    loop = nodes[0].task.step.foreach
    if len(kinds) > 1 and loop is not None and loop.parallelism is not None:
        return None  # the cap is for all of them together
    found = [_part(tuple(kind), options) for kind in kinds.values()]
    return [part for part in found if part is not None] if all(found) else None


def _part(nodes: tuple[Node, ...], options: Settings) -> Part | None:
    first = nodes[0].task
    positions: list[str] = []
    texts: dict[str, tuple[str, ...]] = {}
    for name in first.env:
        values = [node.task.env[name] for node in nodes]
        if all(value == values[0] for value in values):
            continue
        if values == [str(number) for number in range(len(nodes))]:
            positions.append(name)
        else:
            texts[name] = tuple(map(str, values))
    words = {}
    for field in ("command", "args"):
        rows = list(zip(*(getattr(node.task, field) or () for node in nodes), strict=True))
        words[field] = [_word(row, f"{_ARGUMENT}{field}_{number}".upper(), texts) for number, row in enumerate(rows)]
    if texts and not _deliverable(texts, options):
        return None
    shown = {} if first.step.container is None or first.step.container.script else drop_empty(words)
    return Part(nodes, first, shown, tuple(positions), texts)


def _word(row: tuple[str, ...], variable: str, texts: dict[str, tuple[str, ...]]) -> str:
    """A word of a command: the same for all items, the position, or a variable of each item."""
    if all(word == row[0] for word in row):
        return escape(row[0])
    start = row[0].removesuffix("0")
    if all(word == f"{start}{number}" for number, word in enumerate(row)):
        return f"{_even(escape(start))}$({POSITION})"
    texts[variable] = row
    return f"$({variable})"


def _even(text: str) -> str:
    """Text that a variable can follow: its last `$` is not read as the variable's escape."""
    dollars = len(text) - len(text.rstrip("$"))
    return f"{text}$" if dollars % 2 else text


def _deliverable(texts: Mapping[str, tuple[str, ...]], options: Settings) -> bool:
    """EnvFiles hold texts between single quotes, with no way to write one inside, on one line."""
    if options.minor < ENV_FILES:
        return False
    return not any(letter in text for values in texts.values() for text in values for letter in "'\n\r\0")


def item_file(words: Sequence[str | int], nodes: Sequence[Node], options: Settings) -> dict[str, Config]:
    """The ConfigMap of the items as files, by their position."""
    if not options.itemFile or nodes[0].size is None:
        return {}
    data = {str(number): to_text(node.item) for number, node in enumerate(nodes)}
    return {"items": Config(named([*words, "items"], digest(data)), data)}


def mount_item(template: dict[str, Any], config: str, key: str) -> None:
    """Mount an item's file; the key may be a variable of the container."""
    spec = template["spec"]
    main = spec["containers"][0]
    sub = {"subPathExpr": key} if key.startswith("$") else {"subPath": key}
    mount = {"name": "dragoman-items", "mountPath": ITEM_FILE, "readOnly": True, **sub}
    main["volumeMounts"] = [*(main.get("volumeMounts") or ()), mount]
    spec["volumes"] = [*(spec.get("volumes") or ()), {"name": "dragoman-items", "configMap": {"name": config}}]
