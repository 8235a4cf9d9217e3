"""The API of a cluster in memory, behind the protocol that the real client implements: versions, watches, refusals.

What happens to the objects is for others: a Job controller, a kubelet. They write through `change` and `remove`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from threading import Condition
from typing import Any, NamedTuple

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.api import Chosen, Kind, Object, Page

QUIET = 0.2  # seconds until a watch without events ends
PAGE = 500


class Event(NamedTuple):
    version: int
    kind: Kind
    type: str
    object: Object


class Call(NamedTuple):
    """One call of a client, for those who count or refuse it."""

    verb: str
    kind: Kind
    name: str


class Memory:
    """The objects of one namespace, all that ever happened to them, and every call of its clients.

    refuse  is asked before each call: an error to answer with, or None
    """

    def __init__(self) -> None:
        self.changed = Condition()
        self.objects: dict[tuple[Kind, str], dict[str, Any]] = {}
        self.events: list[Event] = []
        self.version = 100
        self.forgotten = 0  # no watch may begin before this version
        self.calls: list[Call] = []
        self.refuse: Callable[[Call], ApiError | None] = lambda call: None
        self.logs: dict[tuple[str, str], str] = {}
        self.over = False

    # what clients call

    def apply(self, kind: Kind, body: Object) -> Object:
        name = body["metadata"]["name"]
        self._called("apply", kind, name)
        with self.changed:
            there = self.objects.get((kind, name))
            if there is None:
                return self._put("ADDED", kind, _created(body))
            if kind == "jobs" and _kept(there, "template") != _kept(body, "template"):
                raise ApiError(422, f'Job.batch "{name}" is invalid: spec.template: field is immutable')
            merged = _merged(there, body)
            return there if merged == there else self._put("MODIFIED", kind, merged)

    def patch(self, kind: Kind, name: str, body: Object) -> None:
        self._called("patch", kind, name)
        self.change(kind, name, body)

    def page(self, chosen: Chosen, more: str = "") -> Page:
        self._called("list", chosen.kind, chosen.name)
        with self.changed:
            found = [item for (kind, _), item in self.objects.items() if kind == chosen.kind and _fits(item, chosen)]
            start = int(more or 0)
            rest = str(start + PAGE) if len(found) > start + PAGE else ""
            return Page(found[start : start + PAGE], str(self.version), rest)

    def watch(self, chosen: Chosen, version: str) -> Iterator[tuple[str, Object]]:
        self._called("watch", chosen.kind, chosen.name)
        seen = int(version)
        while True:
            if seen < self.forgotten:
                raise ApiError(410, f"too old resource version: {seen} ({self.forgotten})")
            if not self.wait(seen, QUIET):
                yield "BOOKMARK", {"metadata": {"resourceVersion": str(seen)}}
                return
            with self.changed:
                if seen < self.forgotten:
                    continue
                fresh = [event for event in self.events if event.version > seen]
                seen = self.version
            for event in fresh:
                if event.kind == chosen.kind and _fits(event.object, chosen):
                    if error := self.refuse(Call("event", chosen.kind, event.object["metadata"]["name"])):
                        raise error
                    yield event.type, event.object

    def log(self, pod: str, container: str, *, most: int | None = None, last: int | None = None) -> str:
        self._called("log", "pods", pod)
        with self.changed:
            if ("pods", pod) not in self.objects:
                raise ApiError(404, f'pods "{pod}" not found')
        text = self.logs.get((pod, container), "")
        if last is not None:
            text = "".join(text.splitlines(keepends=True)[-last:])
        return text if most is None else text[:most]

    def delete(self, kind: Kind, name: str) -> None:
        self._called("delete", kind, name)
        self.remove(kind, name)

    # what the cluster itself does

    def change(self, kind: Kind, name: str, body: Object) -> None:
        with self.changed:
            there = self.objects.get((kind, name))
            if there is None:
                raise ApiError(404, f'{kind} "{name}" not found')
            self._put("MODIFIED", kind, _merged(there, body))

    def create(self, kind: Kind, body: Object) -> Object:
        with self.changed:
            return self._put("ADDED", kind, _created(body))

    def remove(self, kind: Kind, name: str) -> None:
        with self.changed:
            there = self.objects.pop((kind, name), None)
            if there is not None:
                self.version += 1
                gone = _merged(there, {"metadata": {"resourceVersion": str(self.version)}})
                self.events.append(Event(self.version, kind, "DELETED", gone))
                self.changed.notify_all()

    def all(self, kind: Kind) -> list[dict[str, Any]]:
        with self.changed:
            return [item for (one, _), item in self.objects.items() if one == kind]

    def wait(self, seen: int, seconds: float) -> bool:
        """Wait for a version after the one that was seen; whether there is one."""
        with self.changed:
            self.changed.wait_for(lambda: self.over or self.version > seen, seconds)
            return self.version > seen and not self.over

    def forget(self) -> None:
        """Compact: whoever has not seen the last version must list again."""
        with self.changed:
            self.forgotten = self.version + 1
            self.version += 2
            self.events.clear()
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def counted(self) -> Counter[str]:
        """How many calls of each verb there were, watches and lists apart."""
        return Counter(call.verb for call in self.calls if call.verb not in ("list", "watch", "event"))

    def _called(self, verb: str, kind: Kind, name: str) -> None:
        call = Call(verb, kind, name)
        self.calls.append(call)
        if error := self.refuse(call):
            raise error

    def _put(self, event: str, kind: Kind, body: dict[str, Any]) -> Object:
        self.version += 1
        body["metadata"] = {**body["metadata"], "resourceVersion": str(self.version)}  # older events keep theirs
        self.objects[kind, body["metadata"]["name"]] = body
        self.events.append(Event(self.version, kind, event, body))
        self.changed.notify_all()
        return body


def now() -> str:
    """The time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_uids = iter(range(1, 10**9))


def _created(body: Object) -> dict[str, Any]:
    made: dict[str, Any] = deepcopy(dict(body))
    made["metadata"] |= {"uid": f"uid-{next(_uids)}", "creationTimestamp": now()}
    return made


def _merged(old: Object, new: Object) -> dict[str, Any]:
    """A JSON merge patch (RFC 7386), into a new object."""
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            inner = result.get(key)
            result[key] = _merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[key] = deepcopy(value)
    return result


def _kept(body: Object, field: str) -> Any:
    return body["spec"].get(field)


def _fits(item: Object, chosen: Chosen) -> bool:
    if chosen.name:
        return bool(item["metadata"]["name"] == chosen.name)
    key, _, value = chosen.label.partition("=")
    return bool((item["metadata"].get("labels") or {}).get(key) == value)
