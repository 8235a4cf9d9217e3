"""`dragoman carry` beside a container: it waits, and hands on what is there when it is told to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from dragoman.cli import carry

MODULES = "import sys; from dragoman.cli import main; import atexit; atexit.register(lambda: print(*sys.modules))"


@pytest.mark.parametrize(
    ("texts", "log"),
    [
        ({"n": b"3\n", "t": "ü € 🦆".encode()}, False),
        ({}, False),
        ({"n": b"", "long": b"x" * 5000}, True),
        ({"n": "ü".encode() * 1600}, True),
    ],
)
def test_files_that_are_there_are_handed_on(texts: dict[str, bytes], log: bool, tmp_path: Path) -> None:
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    message, line = carry.carried([f"{name}={tmp_path / name}" for name in ("n", "t", "long", "gone")])
    assert len(message.encode()) <= 3072
    assert json.loads(line or message) == {"outputs": {name: data.decode() for name, data in texts.items()}}
    assert (message == '{"log":true}', bool(line)) == (log, log)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b"a\xff\r\nb")
    message, _ = carry.carried([f"n={tmp_path / 'n'}"])
    assert json.loads(message) == {"outputs": {"n": "a\ufffd\r\nb"}}


def test_what_cannot_be_handed_on(tmp_path: Path) -> None:
    (tmp_path / "n").write_bytes(b"x" * carry.LONG)
    message, line = carry.carried([f"n={tmp_path / 'n'}"])
    assert "no more than 4194304 can be handed on" in json.loads(message)["error"]
    assert line == ""
    message, _ = carry.carried([f"n={tmp_path}"])
    assert json.loads(message) == {"error": f"{tmp_path}: is a directory"}


def test_it_waits_for_its_end(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DRAGOMAN_TERMINATION_LOG": str(tmp_path / "log"),
        "DRAGOMAN_READY": str(tmp_path / "r"),
    }
    words = [sys.executable, "-m", "dragoman", "carry", f"n={tmp_path / 'n'}"]
    old = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # as for the first process of a container
    try:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    (tmp_path / "n").write_text("3")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, b"")
    assert json.loads((tmp_path / "log").read_text()) == {"outputs": {"n": "3"}}


def test_no_signal_is_lost_while_it_begins_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = []
    monkeypatch.setenv("DRAGOMAN_TERMINATION_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("DRAGOMAN_READY", str(tmp_path / "ready"))
    monkeypatch.setattr(signal, "sigwait", lambda wanted: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
    old = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        assert carry.run(Namespace(files=[])) == 0
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
    assert signal.SIGTERM in masks[0]


def test_it_loads_little() -> None:
    code = f"{MODULES}; import os, signal, threading; threading.Timer(0.2, os.kill, (os.getpid(), 15)).start(); main(['carry'])"
    environment = {**os.environ, "DRAGOMAN_TERMINATION_LOG": os.devnull, "DRAGOMAN_READY": os.devnull}
    # the timer's thread inherits what the main thread blocks only from then on: block it before there are two
    code = f"import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [15]); {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = {name for name in done.stdout.split() if name.startswith("dragoman.")}
    assert {name.split(".")[1] for name in loaded} == {"cli", "findings"}
