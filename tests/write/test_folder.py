"""A folder of what was rendered: what is written, what goes, what stays, whatever fails on the way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from dragoman.findings import Finding, Findings
from dragoman.write import manifests
from dragoman.write.folder import INDEX, MARK, PART, Differences, differences, others, whole, write
from dragoman.write.kustomization import kustomizations

OLD = "# rendered by dragoman; do not edit: change f.dragoman.yaml and render again\n"
Tree = dict[str, bytes]


def texts(*paths: str, says: str = "one") -> Tree:
    """Files as a render makes them, with their lists and the index."""
    made = {path: (says if path.endswith("json") else OLD + says).encode() for path in paths}
    return whole({**made, **kustomizations(made)})


def tree(folder: Path) -> Tree:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


BEFORE = texts("a.yaml", "b.yaml", "c.json", "in/d.yaml", "in/e.json", "gone/f.yaml", "gone/deep/g.json")
AFTER = {**texts("a.yaml", "c.json", "in/d.yaml", "new/h.json", says="two"), "a.yaml": BEFORE["a.yaml"]}
OTHERS = {"mine.yaml": b"a: 1", "mine.json": b"{}", "in/notes.txt": b"x", "gone/mine.yaml": b"# rendered by hand"}


def test_the_mark_is_the_header_of_what_is_written() -> None:
    assert manifests.HEADER.encode().startswith(MARK)


def test_a_folder_becomes_what_it_should_be(folder: Path) -> None:
    write(str(folder), BEFORE)
    assert tree(folder) == BEFORE
    for path, text in OTHERS.items():
        (folder / path).write_bytes(text)
    write(str(folder), AFTER)
    assert tree(folder) == {**AFTER, **OTHERS}
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["gone", "in", "new"]
    assert not (folder / "gone/deep").exists()


def test_differences_are_what_is_written(folder: Path) -> None:
    assert differences(str(folder), BEFORE) == Differences(missing=tuple(sorted(BEFORE)))
    assert not folder.exists()
    write(str(folder), BEFORE)
    assert differences(str(folder), BEFORE) == Differences()
    assert differences(str(folder), AFTER) == Differences(
        ("new/h.json", "new/kustomization.yaml"),
        (INDEX, "c.json", "in/d.yaml", "in/kustomization.yaml", "kustomization.yaml"),
        (
            *("b.yaml", "gone/deep/g.json", "gone/deep/kustomization.yaml"),
            *("gone/f.yaml", "gone/kustomization.yaml", "in/e.json"),
        ),
    )
    assert tree(folder) == BEFORE


def test_yaml_in_one_folder_needs_no_index(folder: Path) -> None:
    write(str(folder), texts("a.yaml", "b.yaml"))
    assert sorted(tree(folder)) == ["a.yaml", "b.yaml", "kustomization.yaml"]
    write(str(folder), texts("b.yaml"))
    assert sorted(tree(folder)) == ["b.yaml", "kustomization.yaml"]


def test_an_index_goes_when_it_has_nothing_to_list(folder: Path) -> None:
    write(str(folder), texts("a.json", "in/b.yaml"))
    write(str(folder), texts("c.yaml"))
    assert sorted(tree(folder)) == ["c.yaml", "kustomization.yaml"]


def test_what_is_as_it_should_be_is_not_touched(folder: Path) -> None:
    write(str(folder), BEFORE)
    seen = {path: os.stat(folder / path) for path in BEFORE}
    write(str(folder), {**BEFORE, "b.yaml": OLD.encode()})
    assert {path for path in BEFORE if os.stat(folder / path).st_ino != seen[path].st_ino} == {"b.yaml"}


@pytest.mark.parametrize(
    "path",
    ["../outside.json", "in/../../outside.json", "link/outside.json", "/outside.json", "", ".", "in", "mine.yaml"],
)
def test_an_index_of_somebody_else_removes_nothing_that_is_not_in_the_folder(folder: Path, path: str) -> None:
    write(str(folder), texts("a.yaml", "in/b.yaml"))
    for outside in (folder.parent / "outside.json", folder / "mine.yaml"):
        outside.write_text("mine")
    os.symlink("..", folder / "link")
    index = folder / INDEX
    index.write_text(f"{index.read_text()}{path}\n")
    write(str(folder), texts("a.yaml", "in/b.yaml", says="two"))
    assert (folder.parent / "outside.json").exists()
    assert (folder / "mine.yaml").exists()
    assert tree(folder)["in/b.yaml"] == (OLD + "two").encode()


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_list_of_somebody_else(folder: Path, name: str) -> None:
    made = texts("a.yaml", "in/b.yaml")
    assert others(str(folder), made) == []
    write(str(folder), made)
    assert others(str(folder), made) == []
    (folder / "in" / name).write_text("resources: []\n")
    assert others(str(folder), made) == ["in/kustomization.yaml"]


class Stop(BaseException):
    """What happens in the middle of a change of the file system."""


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int, stop: Callable[[], None]) -> list[int]:
    """Stops at the change of that number, and counts them."""
    count = [0]
    for name in ("replace", "remove"):
        real = getattr(os, name)

        def change(*arguments: str, real: Callable[..., None] = real) -> None:
            if count[0] == after:
                count[0] += 1
                stop()
            count[0] += 1
            real(*arguments)

        monkeypatch.setattr(os, name, change)
    return count


CHANGES = 14  # from BEFORE to AFTER


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Stop()], ids=["error", "interrupt"])
@pytest.mark.parametrize("number", range(CHANGES))
def test_what_fails_is_undone(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException) -> None:
    write(str(folder), BEFORE)
    for path, text in OTHERS.items():
        (folder / path).write_bytes(text)

    def stop() -> None:
        raise error

    with monkeypatch.context() as patch:
        interrupted(patch, number, stop)
        with pytest.raises((Findings, Stop)) as raised:
            write(str(folder), AFTER)
    assert tree(folder) == {**BEFORE, **OTHERS}
    assert not (folder / "new").exists()
    if isinstance(raised.value, Findings):
        advice = "name a folder that can be written: `-o DIR`"
        message = f"cannot write to `{folder}`: no space left on device"
        assert raised.value.findings == (Finding("DRG508", message, None, advice),)
        assert raised.value.exit_code == 2


def test_all_changes_are_tried(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(str(folder), BEFORE)
    count = interrupted(monkeypatch, -1, lambda: None)
    write(str(folder), AFTER)
    assert count == [CHANGES]


@pytest.mark.parametrize("number", range(CHANGES))
def test_killed_in_between(folder: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    write(str(folder), BEFORE)
    child = os.fork()
    if child == 0:
        interrupted(monkeypatch, number, lambda: os._exit(9))
        write(str(folder), AFTER)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = {path: text for path, text in tree(folder).items() if not path.endswith(PART)}
    both = texts(*(path for path in BEFORE | AFTER if path.endswith(JSON_OR_YAML) and "kustom" not in path))[INDEX]
    for path, text in left.items():
        assert text in (BEFORE.get(path), AFTER.get(path), both if path == INDEX else None), path
    for path, text in left.items():
        if path.endswith("kustomization.yaml"):
            listed = [(folder / path).parent / name for name in yaml.safe_load(text)["resources"]]
            assert all(one.is_file() or (one / "kustomization.yaml").is_file() for one in listed), path
    (folder / "mine.json").write_text("{}")
    write(str(folder), texts("z.yaml"))  # nothing of the old or of the new is forgotten
    assert sorted(tree(folder)) == ["kustomization.yaml", "mine.json", "z.yaml"]


JSON_OR_YAML = (".json", ".yaml")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda folder: folder.write_text(""), "not a directory"),
        (lambda folder: (folder / "a.yaml").mkdir(parents=True), "is a directory"),
        (lambda folder: (folder.mkdir(), (folder / "in").write_text("")), "not a directory"),
    ],
)
def test_a_place_that_cannot_be_written(folder: Path, prepare: Callable[[Path], object], reason: str) -> None:
    prepare(folder)
    before = tree(folder.parent)
    with pytest.raises(Findings) as raised:
        write(str(folder), texts("a.yaml", "in/b.yaml"))
    assert reason in raised.value.findings[0].message
    assert raised.value.exit_code == 2
    assert tree(folder.parent) == before


def test_a_pipe_keeps_nobody_waiting(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "pipe.yaml")
    write(str(folder), texts("a.yaml"))
    assert sorted(path.name for path in folder.iterdir()) == ["a.yaml", "kustomization.yaml", "pipe.yaml"]
