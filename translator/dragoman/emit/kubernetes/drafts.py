"""Jobs that Kubernetes runs by itself: one for each container, or an Indexed Job for the items of a loop.

A draft is a Job without its place in the order: that is the way of ordering's to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from dragoman.emit.kubernetes import indexed
from dragoman.emit.kubernetes.indexed import Config
from dragoman.emit.kubernetes.names import digest, named
from dragoman.emit.kubernetes.pod import pod_template, script_key
from dragoman.emit.kubernetes.retry import retries
from dragoman.emit.kubernetes.settings import Settings
from dragoman.lower.task import Id
from dragoman.lower.unroll import Node
from dragoman.plan.model import Step


class Draft(NamedTuple):
    """A Job to be: the containers it stands for and those they need, its name's parts, its spec.

    config  the ConfigMaps it mounts, by what they are for
    number  the item's, where it is one item of a loop
    """

    ids: tuple[Id, ...]
    needs: tuple[Id, ...]
    step: Step
    words: tuple[str | int, ...]
    spec: dict[str, Any]
    config: Mapping[str, Config]
    number: int | None = None


def drafts(flow: str, nodes: Sequence[Node], options: Settings) -> list[Draft]:
    """The Jobs of a flow's containers, in their order."""
    found: list[Draft] = []
    for _, group in groupby(nodes, lambda node: (node.task.step.address, node.size and node.task.id[:-1])):
        found += _of_step(flow, list(group), options)
    return found


def _of_step(flow: str, nodes: list[Node], options: Settings) -> Iterator[Draft]:
    if indexed.wanted(nodes, options):
        parts = indexed.parts(nodes, options)
        if parts is not None:
            for number, part in enumerate(parts):
                yield _indexed(flow, part, options, number if len(parts) > 1 else None)
            return
    for node in nodes:
        yield _single(flow, node, options)


def _single(flow: str, node: Node, options: Settings) -> Draft:
    step = node.task.step
    config = {**_script(flow, step), **indexed.item_file((flow, *node.task.id), [node], options)}
    template = pod_template(node.task, options, _name(config, "script"))
    if "items" in config:
        indexed.mount_item(template, _name(config, "items"), "0")
    spec = {**retries(step.retry, indexed=False), "template": template}
    index = node.task.id[-1] if node.size is not None and isinstance(node.task.id[-1], int) else None
    return Draft((node.task.id,), node.needs, step, (flow, *node.task.id), spec, config, index)


def _indexed(flow: str, part: indexed.Part, options: Settings, number: int | None) -> Draft:
    first = part.nodes[0]
    step = first.task.step
    assert step.foreach is not None
    words = (flow, *first.task.id[:-1], *((f"part-{number}",) if number is not None else ()))
    config = {**_script(flow, step), **part.config(words), **indexed.item_file(words, part.nodes, options)}
    template = pod_template(part.task, options, _name(config, "script"))
    part.deliver(template, _name(config, "env"), options)
    if "items" in config:
        indexed.mount_item(template, _name(config, "items"), f"$({indexed.POSITION})")
    count = len(part.nodes)
    cap = step.foreach.parallelism
    spec = {
        "completionMode": "Indexed",
        "completions": count,
        "parallelism": min(cap or count, count),
        # a cap means that items wait: none of them starts after one has failed
        **({"maxFailedIndexes": 0} if cap is not None and cap < count else {}),
        **retries(step.retry, indexed=True),
        "template": template,
    }
    needs = tuple(dict.fromkeys(need for node in part.nodes for need in node.needs))
    return Draft(tuple(node.task.id for node in part.nodes), needs, step, words, spec, config)


def _script(flow: str, step: Step) -> dict[str, Config]:
    if step.container is None or step.container.script is None:
        return {}
    data = {script_key(step): step.container.script.source}
    return {"script": Config(named([flow, *step.address, "script"], digest(data)), data)}


def _name(config: Mapping[str, Config], use: str) -> str:
    return config[use].name if use in config else ""
