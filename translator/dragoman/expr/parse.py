"""Expression source to an untyped tree: one regular expression for the tokens, a Pratt parser for the rest.

Where it departs from CEL: after a dot a name may hold hyphens (`steps.big-sum.outputs.x`), so a subtraction
after a member needs a space before its minus (`a.b - c`); there are no map literals, bytes, unsigned ints or
comments.
"""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

from dragoman.expr import types
from dragoman.expr.tree import (
    CONDITIONAL,
    FUNCTIONS,
    HAS,
    MACROS,
    METHODS,
    MISMATCH,
    POSTFIX,
    PRECEDENCE,
    SYNTAX,
    UNARY,
    UNKNOWN,
    Binary,
    Call,
    Conditional,
    Expr,
    ExprError,
    Index,
    ListOf,
    Literal,
    Member,
    Name,
    Unary,
    within_bounds,
)

MAX_LENGTH, MAX_DEPTH = 4096, 64

_TOKEN = re.compile(
    r"""[ \t\r\n\f]*(?:
      (?P<member>\.[ \t\r\n\f]*[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)
    | (?P<string>[rR]?'[^'\\\n\r]*' | [rR]?"[^"\\\n\r]*"
               | [rR]'[^'\n\r]*' | [rR]"[^"\n\r]*"
               | '[^'\\\n\r]*(?:\\.[^'\\\n\r]*)*' | "[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*")
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_]))
    | (?P<op>\|\||&&|[=!<>]=|[-+*/%<>!?:()\[\],])
    | (?P<close>\}\})
    | (?P<end>\Z))""",
    re.VERBOSE,
)
_LEVELS = {**PRECEDENCE, "?": CONDITIONAL, "[": POSTFIX, "member": POSTFIX}
_CONSTANTS = {"true": (True, types.BOOL), "false": (False, types.BOOL), "null": (None, types.NULL)}
_FOREIGN = {
    "=": "compare with `==`",
    "and": "write `&&`",
    "&": "write `&&`",
    "or": "write `||`",
    "|": "write `||`",
    "not": "write `!`",
    "is": "compare with `==`",
    "if": "write `condition ? a : b`",
    "else": "write `condition ? a : b`",
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `null`",
    "$": "this is an expression already: write it without `${{ }}`",
    "{": "there are no map literals",
}  # what other languages write, and how it is written here
_ESCAPE = r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))"
_ESCAPED = dict(zip("abfnrtv\\'\"`?", "\a\b\f\n\r\t\v\\'\"`?", strict=True))


class _Token(NamedTuple):
    kind: str  # a group of _TOKEN, or the operator itself
    text: str
    at: int
    end: int


def parse(source: str, *, rule: bool = False) -> Expr:
    """The untyped tree of an expression; ExprError DRG201, for calls of no known shape DRG202 or DRG203.

    rule  the expression is a policy's, which may use macros
    """
    expr, _ = _Parser(source, _tokens(source, 0, "end"), 0, rule).whole("end")
    return expr


def parse_inside(text: str, start: int, *, rule: bool = False) -> tuple[Expr, int]:
    """The tree of the expression of a `${{ … }}` whose inside begins at `start`, and the offset after it.

    All offsets, also those of an ExprError, are into `text`.
    """
    return _Parser(text, _tokens(text, start, "close"), start, rule).whole("close")


def _tokens(source: str, start: int, last: str) -> list[_Token]:
    tokens = []
    scan, at = _TOKEN.match, start
    if last == "close" and source.find("}}", start) < 0:
        raise _never_closed(start)
    while True:
        match = scan(source, at)
        if match is None:
            raise _stray(source, at)
        kind = match.lastgroup or ""
        text, end = match[kind], match.end()
        if end - start > MAX_LENGTH + len("}}" if kind == "close" else ""):
            raise _too_long(source, start, last)
        if kind == "op" or text == "in":
            kind = text
        elif kind == "member":
            text = text[1:].lstrip()
        elif kind == "name" and text in _FOREIGN:
            raise ExprError(SYNTAX, f"unexpected `{text}`", end - len(text), end, _FOREIGN[text])
        tokens.append(_Token(kind, text, end - len(text), end))
        if kind == last:
            return tokens
        if kind == "end":
            raise _never_closed(start)
        at = end


def _never_closed(start: int) -> ExprError:
    return ExprError(SYNTAX, "`${{` is never closed", start - 3, start, "write `}}` after the expression")


def _too_long(source: str, start: int, last: str) -> ExprError:
    close = source.find("}}", start) if last == "close" else len(source)
    return ExprError(
        SYNTAX, f"the expression has {close - start} letters, maximum {MAX_LENGTH}", start, start + MAX_LENGTH
    )


def _stray(source: str, at: int) -> ExprError:
    """What to say about letters that are no token."""
    at += len(source[at:]) - len(source[at:].lstrip(" \t\r\n\f"))
    letter = source[at]
    if letter in "'\"":
        return ExprError(SYNTAX, "the string is never closed", at, at + 1, f"write `{letter}` after it")
    run = re.compile(r"[A-Za-z0-9_.]{0,60}").match(source, at)
    if letter.isdigit() and run:
        return ExprError(SYNTAX, f"`{run[0] or letter}` is not a number", at, max(run.end(), at + 1))
    return ExprError(SYNTAX, f"unexpected `{letter}`", at, at + 1, _FOREIGN.get(letter, ""))


class _Parser:
    __slots__ = ("depth", "next", "rule", "source", "start", "tokens")

    def __init__(self, source: str, tokens: list[_Token], start: int, rule: bool) -> None:
        self.source, self.tokens, self.start, self.rule = source, tokens, start, rule
        self.next = self.depth = 0

    def whole(self, last: str) -> tuple[Expr, int]:
        if len(self.tokens) == 1:
            token = self.tokens[0]
            raise ExprError(SYNTAX, "the expression is empty", self.start, max(token.at, self.start))
        expr = self.expression(CONDITIONAL)
        token = self.take(last)
        if len(self.tokens) > MAX_DEPTH and not within_bounds(expr, MAX_DEPTH):
            raise _too_deep(expr.at, expr.end)
        return expr, token.end

    def expression(self, floor: int) -> Expr:
        """One operand and every operator after it that binds at least as tightly as `floor`."""
        self.depth += 1
        tokens = self.tokens
        first = tokens[self.next]
        if self.depth > MAX_DEPTH:
            raise _too_deep(first.at, first.end)
        left = self.operand()
        while True:
            token = tokens[self.next]
            level = _LEVELS.get(token.kind, 0)
            if level < floor:
                self.depth -= 1
                return left
            self.next += 1
            if token.kind == "member":
                left = self.member(left, token, first.at)
            elif token.kind == "[":
                key = self.expression(CONDITIONAL)
                left = Index(left, key, types.ANY, first.at, self.take("]").end)
            elif token.kind == "?":
                then = self.expression(CONDITIONAL + 1)
                self.take(":")
                otherwise = self.expression(CONDITIONAL)
                left = Conditional(left, then, otherwise, types.ANY, first.at, self.last_end())
            else:
                right = self.expression(level + 1)
                left = Binary(token.text, left, right, types.ANY, first.at, self.last_end())

    def operand(self) -> Expr:
        token = self.tokens[self.next]
        self.next += 1
        kind, text, at, end = token
        if kind == "name":
            if text in _CONSTANTS:
                return Literal(*_CONSTANTS[text], at, end)
            if self.tokens[self.next].kind == "(":
                return self.call(token, None, at)
            return Name(text, types.ANY, at, end)
        if kind == "number":
            return _number(token, "")
        if kind == "string":
            return Literal(_string(token), types.STRING, at, end)
        if kind == "(":
            inner = self.expression(CONDITIONAL)
            self.take(")")
            return inner
        if kind == "[":
            items = self.until("]")
            return ListOf(items, types.ANY, at, self.last_end())
        if kind == "-" and self.tokens[self.next].kind == "number":
            self.next += 1
            return _number(self.tokens[self.next - 1], "-", at)
        if kind in ("-", "!"):
            operand = self.expression(UNARY)
            return Unary(kind, operand, types.ANY, at, self.last_end())
        self.next -= 1
        raise self.unexpected("an expression")

    def member(self, value: Expr, token: _Token, at: int) -> Expr:
        if self.tokens[self.next].kind == "(":
            return self.call(token, value, at)
        return Member(value, token.text, types.ANY, at, token.end)

    def call(self, token: _Token, receiver: Expr | None, at: int) -> Expr:
        """A call whose name has been taken: `receiver.name(args)`, or `name(args)` without one."""
        self.next += 1
        args = self.until(")") if receiver is None else (receiver, *self.until(")"))
        known = FUNCTIONS if receiver is None else METHODS
        arity = known.get(token.text)
        if arity is None:
            self.check_macro(token, args, receiver is None)
        elif len(args) != arity:
            skipped = 0 if receiver is None else 1
            self.wrong_number(token, str(arity - skipped), len(args) - skipped)
        return Call(token.text, args, types.ANY, at, self.last_end())

    def check_macro(self, token: _Token, args: tuple[Expr, ...], as_function: bool) -> None:
        """That a call which is no function's or method's has the form of a macro, and that macros are allowed."""
        name = token.text
        if not self.rule or not (name == HAS if as_function else name in MACROS):
            raise _unknown_call(token, as_function, self.rule)
        if as_function:
            if len(args) != 1:
                self.wrong_number(token, "1", len(args))
            if not isinstance(args[0], Member):
                raise ExprError(SYNTAX, "`has` takes a field", args[0].at, args[0].end, "for example `has(x.y)`")
            return
        if len(args) not in MACROS[name]:
            self.wrong_number(token, " or ".join(str(arity - 1) for arity in MACROS[name]), len(args) - 1)
        if not isinstance(args[1], Name):
            message = f"`{name}` takes a name for each item first"
            raise ExprError(SYNTAX, message, args[1].at, args[1].end, f"for example `x.{name}(item, …)`")

    def wrong_number(self, token: _Token, wanted: str, given: int) -> NoReturn:
        plural = "" if wanted == "1" else "s"
        message = f"`{token.text}` takes {wanted if wanted != '0' else 'no'} argument{plural}, not {given}"
        raise ExprError(MISMATCH, message, token.at, self.last_end())

    def until(self, close: str) -> tuple[Expr, ...]:
        """Expressions with commas between, and the closing bracket."""
        items: list[Expr] = []
        if self.tokens[self.next].kind != close:
            items.append(self.expression(CONDITIONAL))
            while self.tokens[self.next].kind == ",":
                self.next += 1
                items.append(self.expression(CONDITIONAL))
        self.take(close)
        return tuple(items)

    def take(self, kind: str) -> _Token:
        token = self.tokens[self.next]
        if token.kind != kind:
            raise self.unexpected({"end": "", "close": ""}.get(kind, f"`{kind}`"))
        self.next += 1
        return token

    def last_end(self) -> int:
        return self.tokens[self.next - 1].end

    def unexpected(self, wanted: str) -> ExprError:
        _, text, at, end = self.tokens[self.next]
        found = "the end" if self.next == len(self.tokens) - 1 else f"`{self.source[at:end]}`"
        message = f"{wanted} is missing before {found}" if wanted else f"unexpected {found}"
        hint = "put parentheses around the inner `? :`" if text == "?" and wanted == "`:`" else ""
        return ExprError(SYNTAX, message, at, end, hint)


def _too_deep(at: int, end: int) -> ExprError:
    return ExprError(SYNTAX, f"the expression nests deeper than {MAX_DEPTH}", at, end)


def _unknown_call(token: _Token, as_function: bool, rule: bool) -> ExprError:
    name, functions, methods = token.text, {*FUNCTIONS}, {*METHODS}
    if rule:
        functions.add(HAS)
        methods.update(MACROS)
    if name in (methods if as_function else functions):
        hint = f"write `{name}(x)`" if not as_function else f"write `x.{name}(y)`"
    elif not rule and (name in MACROS or name == HAS):
        hint = "macros are for the rules of policies: no engine has them; let a step compute it"
    elif "-" in name:
        hint = _SPACES
    else:
        from dragoman.findings import did_you_mean

        hint = did_you_mean(name, functions | methods)
    what = "function" if as_function else "method"
    return ExprError(UNKNOWN, f"unknown {what} `{name}`", token.at, token.end, hint)


_SPACES = "a hyphen after a dot belongs to the name: write ` - ` with spaces to subtract"


def _number(token: _Token, sign: str, at: int | None = None) -> Literal:
    text, start = sign + token.text, token.at if at is None else at
    is_hex = token.text[:2] in ("0x", "0X")
    value: int | float
    if is_hex or token.text.isdigit():
        value, known = int(text, 16 if is_hex else 10), types.INT
        fits = -(2**63) <= value < 2**63
    else:
        value, known = float(text), types.FLOAT
        fits = value - value == 0
    if not fits:
        raise ExprError(SYNTAX, f"`{text[:60]}` does not fit in 64 bits", start, token.end)
    return Literal(value, known, start, token.end)


def _string(token: _Token) -> str:
    text = token.text
    if text[0] in "rR":
        return text[2:-1]
    if "\\" not in text:
        return text[1:-1]

    def unescaped(match: re.Match[str]) -> str:
        code, letter = match[1] or match[2] or match[3], match[4]
        at = token.at + 1 + match.start()
        if letter is not None and letter not in _ESCAPED:
            hint = f"write `\\\\{letter}` for a backslash, or a raw string r'…'"
            raise ExprError(SYNTAX, f"`\\{letter}` is not an escape", at, at + 2, hint)
        if code and (int(code, 16) > 0x10FFFF or 0xD800 <= int(code, 16) < 0xE000):
            raise ExprError(SYNTAX, f"`{match[0]}` is not a letter", at, at + len(match[0]))
        return chr(int(code, 16)) if code else _ESCAPED[letter or ""]

    return re.sub(_ESCAPE, unescaped, text[1:-1])
