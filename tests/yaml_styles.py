"""Data as YAML text in the style of a person: every kind of quotes, braces and indentation, and comments everywhere."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from dragoman.write.yaml import dump, quoted

KEYS = ("cpu", "memory", "resources", "on", "NO", "a b", "x.y/z", "é", "4", "{", "- q", "image", "limits", "null", "")
TEXTS = (
    "", "plain", "two words", "NO", "on", "1:30", "0777", "4096", "1.5", "4096Mi", "python:3.12-slim", "a, b", "[x]", "{x}", "it's",
    'say "hi"', "a: b", "a #b", "- a", "é", "日本語 🙂", "~", "null", "true", " lead", "trail ", "*a", "&a", "!t", "|", ">", "@x", "a\tb",
    "line\n", "a\nb", "a\n\nb\n", "two\n\n\n", "# no comment\n", "  deep\nless\n", "x" * 90,
)  # fmt: skip
NUMBERS = (0, 1, -7, 4096, 2**40, 1.5, -0.25, 1e21, True, False, None)


def value(random: Random) -> Any:
    """A scalar."""
    return random.choice(TEXTS if random.randrange(2) else NUMBERS)


def data(random: Random, depth: int = 0) -> Any:
    """A map, in it maps, lists and scalars."""
    kind = random.randrange(4) if 0 < depth < 4 else 0 if depth == 0 else 3
    if kind == 0:
        keys = random.sample(KEYS, random.randrange(1 if depth == 0 else 0, 5))
        return {key: data(random, depth + 1) for key in keys}
    if kind == 1:
        return [data(random, depth + 1) for _ in range(random.randrange(4))]
    return value(random)


def text(random: Random, documents: list[Any]) -> str:
    """The documents as a file."""
    writer = _Writer(random)
    parts = [writer.document(document) for document in documents]
    separators = ["---\n", "--- # next\n", "...\n---\n", "---\n# only a comment\n---\n"]
    body = parts[0] + "".join(random.choice(separators) + part for part in parts[1:])
    if random.randrange(3) == 0:
        body = "# first\n---\n" + body
    if random.randrange(3) == 0:
        body += random.choice(["# last\n", "...\n", "# last, with no end"])
    elif random.randrange(3) == 0 and not writer.behind_text:
        body = random.choice([body.removesuffix("\n"), body + "\n \n"])
    body = body.replace("\n", random.choice(["\n", "\n", "\r\n"]))
    return random.choice(["", "", "\ufeff"]) + body


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.comments = 0
        self.behind_text = False  # where a blank or deep line would belong to the text

    def document(self, node: Any) -> str:
        if self.often(6):
            return json.dumps(node, ensure_ascii=False, indent=self.random.choice([None, 1, 2])) + "\n"
        if not isinstance(node, dict) or not node or self.often(6):
            return self.flow(node, 0) + self.comment() + "\n"
        return self.block(node, 0)

    def often(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def comment(self) -> str:
        self.comments += 1
        return self.random.choice(["", "", " ", f" # {self.comments}", f"   # {self.comments}: NO\t*"])

    def between(self, indent: int) -> str:
        """What may stand before an entry."""
        self.comments += 1
        if self.behind_text:
            self.behind_text = False
            return self.random.choice(["", f"# {self.comments}\n"])
        blanks = " " * self.random.choice([0, indent, indent + 3])
        return self.random.choice(["", "", "", "\n", f"{blanks}# {self.comments} key: value\n", "  \n"])

    def block(self, node: Any, indent: int) -> str:
        """The lines of a map or list that is not empty."""
        pad, lines, last = " " * indent, [], len(node) - 1
        entries = node.items() if isinstance(node, dict) else enumerate(node)
        for number, (key, item) in enumerate(entries):
            lead = f"{pad}{self.key(key)}:" if isinstance(node, dict) else f"{pad}-"
            lines.append(
                self.between(indent)
                + lead
                + self.entry(item, indent, in_list=isinstance(node, list), last=number == last)
            )
        return "".join(lines)

    def entry(self, item: Any, indent: int, *, in_list: bool, last: bool) -> str:
        """What follows a colon or a dash, with the end of its line."""
        anchor = f" &a{self.comments}" if self.often(8) else ""
        if isinstance(item, (dict, list)) and item and not self.often(3):
            deeper = indent + self.random.randint(2 if in_list else 1, 4)
            if isinstance(item, list) and not in_list and self.often(2):
                deeper = indent
            if in_list and not anchor and self.often(2):
                return self.behind_dash(self.block(item, deeper), deeper - indent, deeper)
            return f"{anchor}{self.comment()}\n{self.block(item, deeper)}"
        if isinstance(item, str) and item.strip("\n ") and "\n" in item and not item.startswith(" ") and self.often(2):
            return self.literal(item, indent, anchor)
        told = self.flow(item, indent)
        return (
            f"{anchor}{' ' * self.random.choice([1, 1, 3])}{told}{self.comment()}\n"
            if told
            else f"{anchor}{self.comment()}\n"
        )

    def behind_dash(self, lines: str, gap: int, indent: int) -> str:
        """A block whose first entry stands behind the dash, without what stood before it."""
        while not lines.startswith(" " * indent) or lines.lstrip(" ").startswith(("#", "\n")):
            lines = lines.partition("\n")[2]
        return " " * (gap - 1) + lines[indent:]

    def literal(self, item: str, indent: int, anchor: str) -> str:
        self.behind_text = True
        sign = "-" if not item.endswith("\n") else "+" if item.endswith("\n\n") else self.random.choice(["", "+"])
        pad = " " * (indent + self.random.randint(1, 3))
        lines = item.removesuffix("\n").split("\n")
        head = self.random.choice(["", " # of a block"])
        return f"{anchor} |{sign}{head}\n" + "".join(f"{pad}{line}\n" if line else "\n" for line in lines)

    def flow(self, item: Any, indent: int) -> str:
        """A value on the line of its key, or in braces over several."""
        if isinstance(item, dict):
            return self.braces(
                "{}", [f"{self.key(key)}:{self.filled(inner, indent)}" for key, inner in item.items()], indent
            )
        if isinstance(item, list):
            return self.braces("[]", [self.filled(inner, indent).strip() or "null" for inner in item], indent)
        return self.scalar(item)

    def filled(self, item: Any, indent: int) -> str:
        told = self.flow(item, indent + 1)
        return f" {told}" if told else " "

    def braces(self, pair: str, items: list[str], indent: int) -> str:
        if not items:
            return pair[0] + self.random.choice(["", " "]) + pair[1]
        comma = self.random.choice(["", "", ","])
        if self.often(3):
            pad = "\n" + " " * (indent + 2)
            inner = "".join(
                f"{pad}{item}{',' if number < len(items) - 1 else comma}{self.comment()}"
                for number, item in enumerate(items)
            )
            return f"{pair[0]}{inner}\n{' ' * (indent + 1)}{pair[1]}"
        space = self.random.choice(["", " "])
        return f"{pair[0]}{space}{', '.join(items)}{comma}{space}{pair[1]}"

    def key(self, key: str) -> str:
        return self.random.choice([dump(key)[:-1], quoted(key), "'" + key.replace("'", "''") + "'"])

    def scalar(self, item: Any) -> str:
        if item is None:
            return self.random.choice(["", "~", "null"])
        if isinstance(item, bool):
            return self.random.choice(["true", "True"] if item else ["false", "FALSE"])
        if isinstance(item, int):
            return self.random.choice([str(item), hex(item) if item >= 0 else str(item)])
        if isinstance(item, float):
            return dump(item)[:-1]
        ways = [quoted(item)]
        if item.isprintable():
            ways.append("'" + item.replace("'", "''") + "'")
        plain = dump(item)[:-1]
        if not plain.startswith('"') and not set(plain) & set(",[]{}"):
            ways += [plain, f"!!str {plain}"]
        if item in ("NO", "on", "1:30", "0777"):  # text for YAML 1.2, something else for YAML 1.1
            ways += [item, item]
        return self.random.choice(ways)
