"""Texts, names and amounts that have broken some reader before: what random flows are made of."""

from __future__ import annotations

from random import Random

# texts as they must arrive; `written` makes them text of a spec
TEXTS = (
    "", " ", "plain", "two words", " leading", "trailing ", "NO", "no", "on", "y", "true", "null", "~", "Null",
    "1", "007", "0o7", "0x1F", "1e3", "1_000", "-.5", ".inf", ".nan", "12:30", "1:20:30", "2001-01-01",
    "2001-12-14t21:59:43.10-05:00", "<<", "=", "-", "- a", "--- ", "...", "? x", ": x", "a: b", "a #b", "#c",
    "&a", "*a", "!tag", "!!int 3", "%TAG", "% 5%", "@at", "`tick`", "{", "}", "{a: 1}", "[", "[1, 2]", "|", ">", "|-\n x",
    "'single'", '"double"', "it's", 'say "hi"', "back\\slash", "C:\\new\\table", "\\", "\\'", "a\tb", "\ttab", "tab\t",
    "line\n", "\nline", "a\nb", "a\n\n\nb\n\n", "a\r\nb\r\n", "\r", "  indented\nless", "a \n b ", "\n", "\n\n",
    "é", "ß→ü", "日本語", "🙂", "👩‍👩‍👧", "e\u0301", "\u00a0", "\u0085", "\u2028", "a\u2029b", "\ufeff", "\u200b", "\u202e",
    "\x01", "\x07bell", "\x1b[31mred", "\x7f", "\x80",
    "$", "$$", "$HOME", "$(HOME)", "$(X)", "$$(X)", "${X}", "$()", "5$", "$$$$$",
    "{{x}}", "{{", "}}", "{{{x}}}", "{{=1}}", "{{=1+1}}", "{{ .Names }}", "{{item}}", "{{inputs.parameters.x}}",
    "{{workflow.name}}", "{{tasks.a.outputs.result}}", "{$(X){", "${{ x }}", "$${{ y", "{% x %}", "Ref::x", "<% x %>",
    "x" * 300, "long words " * 30, "'" * 5, "a" * 63, "/path/to", "k=v", "--flag", "a,b", "a;b", "`", "|&;<>()", "*", "?",
)  # fmt: skip
NAMES = (
    "a", "b", "fetch", "Load_Data", "trainModel", "in", "not", "true", "nil", "if", "let", "matches", "NO", "y", "x1",
    "step-one", "check_", "main", "item2", "run2", "tasks", "outputs", "inputs2", "n0", "null", "on", "e3", "len", "map",
    "workflow", "retries2", "endsWith", "Q", "very-long-name-" + "x" * 40, "other-" + "y" * 90,
)  # fmt: skip
VARIABLES = ("A", "PATH", "_", "lower", "HOME", "NO", "Y", "X1", "LONG_" * 10, "IFS")
LABEL_KEYS = ("team", "app.kubernetes.io/part-of", "a.b-c_d", "NO", "1", "example.com/" + "k" * 63)
LABEL_VALUES = ("", "ml", "NO", "1", "1.0", "true", "a_b.c-d", "0x1F", "1e3", "v" * 63)
OBJECTS = ("data", "a.b", "0", "no", "x-1", "my.secret.name", "o" * 60)
KEY_REFERENCES = ("keys/api", "a.b/KEY_1", "no/on", "x/.dot", "x/1")
IMAGES = ("busybox", "python:3.12-slim", "registry.example.com:5000/a/b@sha256:" + "0" * 64, "NO")
DURATIONS = ("1s", "90s", "30m", "1h30m", "7d", "2w", "1d12h5s")
MOUNTS = ("/data", "/tmp/a b", "/no", "/x/y/", "/1", "/ü", "/$(X)", "/'\"", "/~", "/#{x}")
INTERPRETERS = (["python"], ["/usr/bin/python3", "-u"], ["bash", "-eu"], ["sh"], ["node"], ["perl"], ["Rscript"])
# requests stay below every limit, so that layers can be put over each other at will
CPU, MORE_CPU = ("100m", "0.5", 1, 0.25, "1500m", "1e0"), (4, "8", "6500m", 16.5)
BYTES, MORE_BYTES = ("64Mi", "1Gi", "100M", "1.5Gi", "2000000k"), ("8Gi", "16384Mi", "1Ti", "9.5Gi")


def written(text: str) -> str:
    """A text as a spec writes it: what would open an expression is escaped."""
    return text.replace("${{", "$${{")


def text(random: Random) -> str:
    """A text, or two of them together."""
    chosen = random.choice(TEXTS)
    return chosen if random.randrange(4) else chosen + random.choice(TEXTS)


def number(random: Random) -> int:
    """An int that arithmetic of a few levels keeps within 64 bits."""
    return random.choice((0, 1, 2, 3, 7, 10, 100, -1, -7, 255, 1000, 86400, 2**31, -(2**31) - 1, 10**12))


def decimal(random: Random) -> float:
    """A float, whole ones and large ones included."""
    return random.choice((0.0, 0.5, 1.0, -1.5, 3.14, 1e-7, 1e21, 123456789.125, -0.0, 100.0))
