"""Watch the objects of a run for as long as it lasts, in a thread for each kind: lists and watches that may break."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from dragoman.drive.answers import ApiError
from dragoman.drive.kubernetes.api import Api, Chosen, Object
from dragoman.drive.kubernetes.patience import EXPIRED, PAUSE, patiently, pause

Fact = TypeVar("Fact")


class Seen(NamedTuple):
    """An object as it is now; or, `deleted`, as it was last."""

    fact: object
    deleted: bool = False


class Missing(NamedTuple):
    """A new list was made, and these names should have been in it: they were deleted while nobody looked."""

    chosen: Chosen
    names: frozenset[str]


class Note(NamedTuple):
    """A sentence about the contact with the API."""

    text: str


News: TypeAlias = Seen | Missing | Note | Exception


class Interest(NamedTuple, Generic[Fact]):
    """Some objects, and what is kept of each.

    read    an object's facts; None when it is none of ours
    name    what `expected` calls it
    expected  the names that a list made now must hold
    """

    chosen: Chosen
    read: Callable[[Object], Fact | None]
    name: Callable[[Fact], str]
    expected: Callable[[], frozenset[str]]


class Watching:
    """The interests of one driver; what happens comes out of `news`."""

    def __init__(self, api: Api, sleep: Callable[[float], object]) -> None:
        self.api, self.sleep = api, sleep
        self.news: SimpleQueue[News] = SimpleQueue()
        self.over = Event()

    def listed(self, interest: Interest[Fact], lost: Callable[[str], object]) -> tuple[list[Fact], str]:
        """All of them as they are now, and the version to watch from."""
        facts: list[Fact] = []
        more = ""
        while True:
            try:
                page = patiently(partial(self.api.page, interest.chosen, more), self.sleep, lost)
            except ApiError as error:
                if error.status != EXPIRED:
                    raise
                facts, more = [], ""  # too slow for the rest of this list
                continue
            facts += [fact for item in page.items if (fact := interest.read(item)) is not None]
            more = page.more
            if not more:
                return facts, page.version

    def begin(self, interest: Interest[Fact], version: str) -> None:
        """Watch from a version on, in a thread of its own."""
        Thread(target=self._follow, args=(interest, version), daemon=True).start()

    def _follow(self, interest: Interest[Fact], version: str) -> None:
        failed = 0
        told: set[str] = set()  # what is there as far as this thread has said; some of it may still be unheard
        try:
            while not self.over.is_set():
                try:
                    for kind, item in self.api.watch(interest.chosen, version):
                        if self.over.is_set():
                            return
                        failed = 0
                        version = item["metadata"].get("resourceVersion") or version
                        self._tell(interest, kind, item, told)
                    failed, wait = 0, PAUSE
                except ApiError as error:
                    if error.status == EXPIRED:
                        version = self._again(interest, told)
                        continue
                    failed += 1
                    wait = pause(error, failed, self._lost)
                self.sleep(wait)
        except Exception as error:  # raised again where the news are read
            self.news.put(error)

    def _tell(self, interest: Interest[Fact], kind: str, item: Object, told: set[str]) -> None:
        fact = interest.read(item) if kind != "BOOKMARK" else None
        if fact is None:
            return
        self.news.put(Seen(fact, kind == "DELETED"))
        if kind == "DELETED":
            told.discard(interest.name(fact))
        else:
            told.add(interest.name(fact))

    def _again(self, interest: Interest[Fact], told: set[str]) -> str:
        """List anew, after a gap that no watch can fill."""
        expected = interest.expected() | told
        facts, version = self.listed(interest, self._lost)
        for fact in facts:
            self.news.put(Seen(fact))
        there = {interest.name(fact) for fact in facts}
        self.news.put(Missing(interest.chosen, expected - there))
        told.clear()
        told |= there
        return version

    def _lost(self, text: str) -> None:
        self.news.put(Note(text))
