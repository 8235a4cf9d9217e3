"""The process that evaluates one Jsonnet file: it takes one request, confines itself, answers once and ends.

It runs as `python -I -S jsonnet_worker.py`: it imports the standard library and, from the directory that the
request names, the engine; nothing of dragoman, and not `json`, which would double its starting time.

The request is one marshalled dict (`dragoman.load.jsonnet` writes it). The answer is `kind NUL length NUL count`,
`NUL name` for each of so many files read, `NUL path NUL name NUL digest` for each path that was looked up (`-` for
what is not there), then two NULs, then a body of `length` bytes: the engine's JSON when the kind is `data`, otherwise
the words about what went wrong, separated by NULs.
"""

from __future__ import annotations

import marshal
import os
import resource
import stat
import sys
import time
from _blake2 import blake2b  # hashlib takes as long to import as everything else here

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself takes as long to import as everything else here
    from collections.abc import Callable

LIBRARY = "dragoman.libsonnet"
NOTHING = "-"
CHANGED = "changed"  # in place of a digest: the file was not always the same
SYNTAX = "syntax error: "
LONGEST = 1_000  # letters kept of a path
TROUBLE = 32_000  # letters kept of an engine's message, and of the end of its trace


class RefusedError(Exception):
    """An import that the jail does not allow: `kind` missing, outside or unfit; where from, what, and why."""

    def __init__(self, kind: str, base: str, wanted: str, reason: str = "") -> None:
        super().__init__(reason or kind)
        self.kind = kind
        self.words = (base, wanted[:LONGEST].replace("\0", "\N{REPLACEMENT CHARACTER}"), reason)


class Jail:
    """Reads files under one directory, and the shipped library.

    files   the real names of those read
    looked  by each path that was looked up, from the root: the real name and the digest of what was read, or two `-`
    """

    def __init__(self, root: str, library: str, limits: dict[str, int]) -> None:
        self.root, self.library, self.limits = root, library, limits
        self.files: dict[str, None] = {}
        self.looked: dict[str, tuple[str, str]] = {}
        self.trouble: BaseException | None = None
        self.ascii = True  # whether the texts so far are
        self.ascii_only = False  # whether to give "?" for every other letter

    def as_text(self, base: str, wanted: str) -> tuple[str, str]:
        """The real name and the text of what a file in `base` calls `wanted` (the callback of rjsonnet)."""
        try:
            name, text = self._read(base, wanted)
            self.ascii = self.ascii and text.isascii()
            return name, _ascii(text) if self.ascii_only else text
        except BaseException as error:
            self.trouble = error  # the engines keep no more of it than its words
            raise

    def as_bytes(self, base: str, wanted: str) -> tuple[str, bytes]:
        """The same as bytes (the callback of the reference engine)."""
        name, text = self.as_text(base, wanted)
        return name, text.encode()

    def _read(self, base: str, wanted: str) -> tuple[str, str]:
        lexical, path = self._find(base, wanted)
        name = path[len(self._prefix) :] if path.startswith(self._prefix) else path
        if name not in self.files and len(self.files) > self.limits["imports"]:  # one is the file itself
            raise RefusedError("unfit", base, wanted, f"is one import more than {self.limits['imports']:,}")
        try:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise RefusedError("unfit", base, wanted, "is not a regular file")
            if found.st_size > self.limits["file"]:
                size = f"has {found.st_size:,} bytes, maximum {self.limits['file']:,}"
                raise RefusedError("unfit", base, wanted, size)
            with open(path, "rb") as file:
                data = file.read(self.limits["file"])
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise RefusedError("unfit", base, wanted, "is not UTF-8 text") from None
        except OSError as error:
            raise RefusedError("unfit", base, wanted, f"cannot be read: {error.strerror}") from None
        self.files[name] = None
        if lexical:
            self._look(lexical, name, blake2b(data, digest_size=20).hexdigest())
        return name, text

    def _look(self, lexical: str, name: str, digest: str) -> None:
        path = os.path.relpath(lexical, self.root)
        if self.looked.setdefault(path, (name, digest)) != (name, digest):
            self.looked[path] = (name, CHANGED)

    def _find(self, base: str, wanted: str) -> tuple[str, str]:
        """The path as it is said, and the real one: relative to the importing file, then to vendor.

        The library's name is its own, wherever it is said.
        """
        if wanted == LIBRARY:
            return "", self.library
        if os.path.isabs(wanted):
            raise RefusedError("outside", base, wanted, "is an absolute path")
        for directory in (base, "vendor"):
            lexical = os.path.normpath(os.path.join(self.root, directory, wanted.replace("\0", "\ufffd")))
            path = os.path.realpath(lexical)
            if not path.startswith(self._prefix) and path != self.root:
                link = " through a symbolic link" if lexical.startswith(self._prefix) else ""
                raise RefusedError("outside", base, wanted, f"leaves the repository root{link}")
            if os.path.exists(path):
                return lexical, path
            self._look(lexical, NOTHING, NOTHING)
        raise RefusedError("missing", base, wanted)

    @property
    def _prefix(self) -> str:
        return self.root.rstrip(os.sep) + os.sep


def main() -> None:
    """Answer the request on standard input."""
    request = marshal.load(sys.stdin.buffer)
    root, limits = request["root"], request["limits"]
    os.chdir(root)  # what rjsonnet takes as the place of --ext-code and --tla-code
    _confine(limits)
    sys.path.append(request["directory"])
    jail = Jail(root, request["library"], limits)
    options = {**request["variables"], "max_stack": limits["calls"]}
    try:
        kind, body = "data", _evaluate(request["engine"], request["entry"], jail, options)
        if len(body) > limits["output"]:
            kind, body = "large", str(len(body)).encode()
    except BaseException as error:
        kind, words = _describe(jail.trouble or error)
        body = "\0".join(words).encode(errors="surrogateescape")
    looked = [word for path, found in jail.looked.items() for word in (path, *found)]
    header = [kind, str(len(body)), str(len(jail.files)), *jail.files, *looked]
    sys.stdout.buffer.write("\0".join(header).encode(errors="surrogateescape") + b"\0\0")
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
    os._exit(0)  # freeing what a hostile program built can take longer than building it


def _confine(limits: dict[str, int]) -> None:
    """Set this process's own limits: where a system does not know one, the parent's clock remains."""
    wanted = {
        resource.RLIMIT_AS: (limits["memory"], limits["memory"]),
        resource.RLIMIT_CPU: (limits["cpu"], limits["cpu"] + 1),  # the softer one says SIGXCPU
        resource.RLIMIT_STACK: (limits["stack"], limits["stack"]),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
    }
    for which, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(which)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(which, (soft, hard))
        except (OSError, ValueError):
            continue


def _evaluate(engine: str, entry: str, jail: Jail, options: dict[str, object]) -> bytes:
    module = __import__(engine)
    entry = os.path.join(os.curdir, entry)  # a file with the library's name is still itself
    if engine != "rjsonnet":  # its evaluate_file would open the file without asking the jail
        name, text = jail.as_text("", entry)
        result: str = module.evaluate_snippet(name, text, import_callback=jail.as_bytes, **options)
        return result.encode()

    def evaluate() -> str:
        result: str = module.evaluate_file(entry, import_callback=jail.as_text, **options)
        return result

    try:
        return evaluate().encode()
    except RuntimeError as error:
        if jail.trouble or jail.ascii:
            raise
        said = str(error)
    in_time = time.process_time() < jail.limits["cpu"] / 2
    raise RuntimeError(_with_right_places(said, jail, evaluate) if in_time else said.partition("\n")[0])


def _with_right_places(said: str, jail: Jail, again: Callable[[], str]) -> str:
    """What rjsonnet said, with the trace of the same failure with "?" for every letter beyond ASCII.

    It takes a count of bytes for one of letters. Jsonnet has such letters only in texts and comments.
    """
    message, _, _ = said.partition("\n")
    jail.ascii_only = True
    try:
        again()
    except RuntimeError as error:
        other, _, trace = str(error).partition("\n")
        if other.startswith(SYNTAX) and message.startswith(SYNTAX):
            return str(error)  # the letter that a syntax error shows is the one at the wrong place
        if _ascii(other) == _ascii(message):
            return f"{message}\n{trace}"
    jail.trouble = None
    return message


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _describe(error: BaseException) -> tuple[str, tuple[str, ...]]:
    """The kind of an answer without data, and its words."""
    if isinstance(error, RefusedError):
        return error.kind, error.words
    if isinstance(error, ImportError):
        return "engine", (str(error),)
    if isinstance(error, MemoryError):
        return "memory", ()
    if isinstance(error, UnicodeError):  # half of a surrogate pair
        return "text", ()
    message = str(error)
    if len(message) > 2 * TROUBLE:
        message = message[:TROUBLE] + "\n" + message[-TROUBLE:]
    return "error" if isinstance(error, RuntimeError) else "crash", (message.replace("\0", " "),)


if __name__ == "__main__":
    main()
