"""What is kept is found again: while nothing that it was made from has changed, and only when it is whole."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.farm import cache as farm
from dragoman.farm.cache import DAY, KEPT, TAG, Cache, key
from dragoman.load import reads
from dragoman.load.reads import Read, States

NOW = time.time()  # entries have the times of their files
KEY = key("a", "b")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cache(now: float = NOW) -> Cache:
    """The folder `kept`, with fresh eyes."""
    one = Cache("kept", States(), now, {})
    one.prepare()
    return one


def read(*paths: str) -> dict[Read, str]:
    with reads.watched() as seen:
        for path in paths:
            if path.endswith("/"):
                reads.listing(path, (".yaml",))
            elif Path(path).exists():
                reads.note_file(path, Path(path).read_bytes())
            else:
                reads.note_lookup(path, path, reads.NOTHING)
    return seen


def entries() -> list[Path]:
    return sorted(path for path in Path("kept").rglob("*") if path.is_file() and path.name != TAG)


def test_a_key_stands_for_all_its_parts() -> None:
    assert len({key("a", "b"), key("ab"), key("a", "b", ""), key("b", "a"), key('a", "b')}) == 5


def test_what_was_made_from_nothing_else(here: Path) -> None:
    assert cache().find(KEY) is None
    cache().keep(KEY, {}, b"result")
    assert cache().find(KEY) == b"result"
    assert cache().find(key("other")) is None


CHANGES: dict[str, Callable[[], object]] = {
    "another text": lambda: Path("lib.yaml").write_text("2"),
    "gone": lambda: os.remove("lib.yaml"),
    "a link elsewhere": lambda: os.replace("link.yaml", "lib.yaml"),
    "what was missing is there": lambda: Path("missing.yaml").write_text(""),
    "one more in the folder": lambda: Path("folder/new.yaml").write_text(""),
    "one less in the folder": lambda: os.remove("folder/a.yaml"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_read_decides(here: Path, change: Callable[[], object]) -> None:
    (here / "folder").mkdir()
    for name in ("lib.yaml", "same.yaml", "folder/a.yaml"):
        (here / name).write_text("1")
    os.symlink("same.yaml", "link.yaml")
    seen = read("lib.yaml", "missing.yaml", "folder/")
    cache().keep(KEY, seen, b"result")
    assert cache().find(KEY) == b"result"
    (here / "unrelated.yaml").write_text("3")
    (here / "folder/unrelated.txt").write_text("3")
    assert cache().find(KEY) == b"result"
    change()
    assert cache().find(KEY) is None


def test_both_states_of_a_file_are_known(here: Path) -> None:
    for text in ("1", "2"):
        (here / "lib.yaml").write_text(text)
        cache().keep(KEY, read("lib.yaml"), text.encode())
    for text in ("1", "2", "1"):
        (here / "lib.yaml").write_text(text)
        assert cache().find(KEY) == text.encode()
    assert len(entries()) == 2


def test_what_is_not_whole_is_not_believed(here: Path) -> None:
    (here / "lib.yaml").write_text("1")
    cache().keep(KEY, read("lib.yaml"), b"result")
    whole = {path: path.read_bytes() for path in entries()}
    assert len(whole) == 1
    random = Random(0)
    for path, data in whole.items():
        for at in range(len(data)):
            path.write_bytes(data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :])
            assert cache().find(KEY) is None
            path.write_bytes(data[:at])
            assert cache().find(KEY) is None
        path.write_bytes(data)
    assert cache().find(KEY) == b"result"


LISTS = st.recursive(st.none() | st.text(max_size=5) | st.just("file") | st.integers(), st.lists)
HOSTILE = [
    "[" * 100_000,
    '[["file", "/dev/zero"]]',
    '[["file", "\\u0000"]]',
    '[["elsewhere"]]',
    '[["folder", "/proc/1"]]',
]


@settings(deadline=None)
@given(
    st.one_of(LISTS.map(json.dumps), st.sampled_from(HOSTILE)).map(str.encode) | st.binary(max_size=9),
    st.sampled_from([b"", b"\n", b"\nx\n", b"\n../../x\n", b"\n" + b"0" * 40 + b"\n"]),
    st.binary(max_size=5),
)
def test_whatever_an_entry_says(
    tmp_path_factory: pytest.TempPathFactory, read: bytes, own: bytes, result: bytes
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    one = Cache(str(folder / "kept"), States(), NOW, {})
    path = Path(one.folder, KEY[:2], KEY[2:])
    path.parent.mkdir(parents=True)
    entry = read + own + result
    path.write_bytes(reads.digest(entry).encode() + entry)
    assert one.find(KEY) is None  # nobody knows the digest of a state by chance
    one.keep(KEY, {}, b"result")
    assert one.find(KEY) == b"result"
    assert [path.name for path in folder.iterdir()] == ["kept"]


def test_an_entry_that_is_no_file(here: Path) -> None:
    path = Path("kept", KEY[:2], KEY[2:])
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert cache().find(KEY) is None
    path.unlink()
    os.symlink("/dev/zero", path)
    assert cache().find(KEY) is None


def test_nobody_is_led_elsewhere(here: Path) -> None:
    (here / "mine").write_text("mine")
    Path("kept", KEY[:2]).mkdir(parents=True)
    os.symlink(here / "mine", f"kept/{KEY[:2]}/{KEY[2:]}.{os.getpid()}")
    os.symlink(here / "new", Path("kept", TAG))
    with pytest.raises(OSError, match="symbolic links"):
        Cache("kept", States(), NOW, {}).keep(KEY, {}, b"result")
    cache()
    assert ((here / "mine").read_text(), (here / "new").exists()) == ("mine", False)


def test_a_folder_that_one_may_only_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache().keep(KEY, {}, b"result")
    for path in (*entries(), Path("kept", TAG)):
        os.utime(path, (NOW - 3 * DAY,) * 2)

    def refuse(*arguments: object, **words: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("utime", "remove"):
        monkeypatch.setattr(os, name, refuse)
    assert cache().find(KEY) == b"result"


def test_several_writers(here: Path) -> None:
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for each in range(50):
                cache().keep(key(str(each)), {}, b"x" * 10_000 + str(each).encode())
            os._exit(0)
        children.append(child)
        del number
    while children:
        for each in range(50):
            found = cache().find(key(str(each)))
            assert found in (None, b"x" * 10_000 + str(each).encode())
        ended, status = os.waitpid(children[-1], os.WNOHANG)
        if ended:
            assert status == 0
            children.pop()
    assert len(entries()) == 50


def test_old_entries_go_once_a_day_and_nothing_else(here: Path) -> None:
    for name in ("old", "new", "used"):
        cache().keep(key(name), {}, name.encode())
    left = Path("kept", key("old")[:2], f"{key('old')[2:]}.123")
    left.write_text("what a writer left")
    others = [Path("kept/notes.txt"), Path("kept/ab/mine"), Path("kept/abc/" + "0" * 38)]
    for other in others:
        other.parent.mkdir(exist_ok=True)
        other.write_text("mine")
    for path in (*entries(), Path("kept", TAG)):
        os.utime(path, (NOW - KEPT - DAY,) * 2)
    for name, age in (("new", KEPT - DAY), ("used", KEPT - DAY)):
        os.utime(Path("kept", key(name)[:2], key(name)[2:]), (NOW - age,) * 2)
    assert cache(NOW - 2 * DAY).find(key("used")) == b"used"  # which is what keeps it
    os.utime(Path("kept", TAG), (NOW - DAY + 1,) * 2)
    cache(NOW)
    assert left.exists()
    later = NOW + 1.5 * DAY
    assert [cache(later).find(key(name)) for name in ("old", "new", "used")] == [None, None, b"used"]
    assert not left.exists()
    assert all(other.exists() for other in others)


def test_a_folder_that_cannot_be(here: Path) -> None:
    (here / "kept").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        cache()


def test_backups_know_what_it_is(here: Path) -> None:
    cache()
    assert (here / "kept" / TAG).read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert farm.TAG == "CACHEDIR.TAG"
