"""A file gets its new content whole, or stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.findings import Finding, Findings
from dragoman.write.replace import replace


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"old")
    file.chmod(mode)
    replace(str(file), b"new")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", mode)
    assert os.listdir(tmp_path) == ["a.yaml"]


def test_a_new_file_and_one_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    replace(str(tmp_path / "link"), b"one")
    replace(str(tmp_path / "link"), b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


def test_a_file_that_nobody_may_write_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"old")
    file.chmod(0o444)
    with pytest.raises(Findings) as caught:
        replace(str(file), b"new")
    advice = "make it writable, and its folder"
    assert caught.value.findings == (Finding("DRG508", f"cannot write `{file}`: permission denied", None, advice),)
    assert (file.read_bytes(), caught.value.exit_code) == (b"old", 2)
    assert os.listdir(tmp_path) == ["a.yaml"]


@pytest.mark.parametrize("place", ["none/a.yaml", "folder"])
def test_what_is_no_place_for_a_file(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(Findings) as caught:
        replace(str(tmp_path / place), b"new")
    assert [finding.code for finding in caught.value.findings] == ["DRG508"]
    assert os.listdir(tmp_path) == ["folder"]
