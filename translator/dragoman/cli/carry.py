"""`dragoman carry`: waits beside a step's container in its pod, and hands on the files it has written when it ends.

They go into its own termination message while they are short, else into its log: a line of JSON, `{"outputs": {…}}`,
and the message says so, `{"log": true}`. Only Python's own quick modules are imported: every step waits for this.
"""

from __future__ import annotations

import signal

READY = "/tmp/dragoman-carrier"
SHORT = 3072  # bytes; a pod with four containers keeps no more of one (kubelet: 12 KiB a pod, 4 KiB a container)
LONG = 4 * 2**20  # bytes of a log that the driver reads


def run(arguments: object) -> int:
    """Wait for SIGTERM, which the kubelet sends when the container has ended; exit code 0."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    import os
    import sys

    with open(os.environ.get("DRAGOMAN_READY", READY), "w", encoding="utf-8") as ready:
        ready.write("listening\n")  # the kubelet's startup probe: the step itself starts now
    signal.sigwait({signal.SIGTERM})
    message, line = carried(list(arguments.files))  # type: ignore[attr-defined]
    if line:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    with open(os.environ.get("DRAGOMAN_TERMINATION_LOG", "/dev/termination-log"), "w", encoding="utf-8") as log:
        log.write(message)
    return 0


def carried(files: list[str]) -> tuple[str, str]:
    """The termination message and the line of the log for files `NAME=PATH`; those that are not there are left out."""
    from json import dumps

    found = {}
    for entry in files:
        name, _, path = entry.partition("=")
        try:
            with open(path, encoding="utf-8", errors="replace", newline="") as file:
                found[name] = file.read(LONG)
        except FileNotFoundError:
            continue
        except OSError as error:
            return dumps({"error": f"{path}: {(error.strerror or str(error)).lower()}"}), ""
    text = dumps({"outputs": found}, separators=(",", ":"), ensure_ascii=False)
    size = len(text.encode())
    if size <= SHORT:
        return text, ""
    if size >= LONG:
        return dumps({"error": f"they have {size} bytes or more, and no more than {LONG} can be handed on"}), ""
    return '{"log":true}', text
