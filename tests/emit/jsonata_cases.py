"""Expressions, texts and values in which JSONata could differ from us."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dragoman.emit.batch.jsonata_functions import SAFE

QUANTITIES = {"q": "1.5Gi", "r": "1610612736", "w": "100m", "z": "16Ti"}
EXTRA = """
q == r ; q < r ; q <= r ; q > w ; w < q ; q != null ; w == quantity('0.1') ; z > quantity('16383Gi') ; string(q) + '!'
quantity(i) ; quantity('1e3') == quantity('1k') ; quantity(s == '' ? '' : '250m') < w ; z == quantity('17592186044416')
[[i]] ; [ints] ; [[ints]] ; [ints, []] ; [[], ints] ; [open.x] ; [mixed[2]] ; [[mixed[2]]] ; [mixed[0]] ; [[]] ; [[[]]] ; []
ints + [1] ; [ints] + [ints] ; b ? [ints] : [] ; [b ? ints : []] ; [rows[0]] ; [null] ; [b ? null : i] ; [[i] + []]
[1] in [ints, [1]] ; ints in [ints] ; [] in [[]] ; null in [null] ; open in [open] ; mixed[5] in mixed ; 'k' in rows[0]
t < s ; '\ue000' + t < '😀' + t ; '😀' + t > '\uffff' + t ; '\ud7ff' + t < '\ue000' + t ; s < '😀' ; s <= s ; '' < t + 'a'
s.matches('') ; t.matches('^$') ; s.matches('^.{17}$') ; ('😀' + t).matches('^.$') ; ('😀' + t).matches('^..$') ; s.matches('[^a]😀$')
s.matches('[😀é]') ; ('a\\n' + t).matches('a$') ; ('a\\n' + t).matches('^a.$') ; s.matches('b"[\\\\/]') ; t.matches('x*') ; s.matches('^x*$')
s.matches('z|^$') ; s.matches('z|') ; s.matches('(?:\\\\{x\\\\})+?.$') ; s.matches('^[\\\\s\\\\S]+$') ; s.matches('\\\\W\\\\W$') ; s.matches('[(\\\\[{/]')
(s + '/').matches('a/|/$') ; s.matches('%}|x') ; s.startsWith('') ; s.endsWith('') ; s.contains('') ; t.endsWith('a') ; 'a'.endsWith(s)
b || 1 / (i - 7) > 0 ; c && ints[9] == 1 ; i == 7 || j == 0 ; b && !c ; c && (b || c) || b && c ; b == c || b ; (b ? b : c) && b
q + r ; q - w ; q + w ; r - q ; w - q ; w + w ; w * 15 ; 15 * w ; w * 0 ; q * 2 ; q / 3 ; w / 3 ; q * 1.5 ; 0.1 * w ; q * 0.3 ; q * i ; q / j
q / i + q * 2 ; w * -1 ; w / -1000 ; w * j ; z + z ; z * 2 ; q + quantity('0') ; quantity('2e3') + w ; quantity('1.5k') * 2 ; q / (i - 7)
quantity('1500M') * 2 ; quantity('1Ki') / 7 ; quantity('1000Ti') + q ; quantity('0Gi') + quantity('0Gi') ; (q + r) * 2 > z ; quantity('3u') + w
-0.0 * f ; -(i - 7) ; 0 * j ; 0 % j ; (i - 7) / j ; int('-0') ; int('+7') ; int('007') ; double('+1.') ; double('1.e2') ; int(-0.5)
""".strip()  # fmt: skip
TYPED = [one.strip() for line in EXTRA.splitlines() for one in line.split(" ; ")]
KINDS: dict[str, Any] = {
    "int": "int", "float": "float", "bool": "bool", "quantity": "quantity", "string": "string", "list": "list", "map": "map",
    "ints": {"type": "list", "items": "int"}, "amounts": {"type": "list", "items": "quantity"},
    "nested": {"type": "list", "items": {"type": "list", "items": "quantity"}},
    "rows": {"type": "list", "items": {"cpu": "int", "mem": "quantity", "on": "bool", "deep": {"type": "list", "items": "float"}}},
}  # fmt: skip
FORMS = (
    "", "1", "-1", "+1", "007", "-0", " 1", "1 ", "1\n", "1.0", "1.", ".5", "1e3", "1E+3", "-1.5e-3", "1e400", "0x10", "1_0", "NaN",
    "true", "false", "True", "null", "9007199254740991", "-9007199254740991", "abc", "100Mi", "1.5Gi", "1Zi", "-1Gi", "1 Gi", "5m",
    '"a"', "[]", "[1]", "[[1]]", '["1Gi"]', "[5]", '[["1Gi"]]', '[["1Gi"], []]', "[[]]", "{}", '{"a": [1]}', "[1,", "[null]", '["x"]',
    "[1, 2, 3]", "[1.5]", "[true]", '[{"cpu": 1, "mem": "1Gi", "on": true, "deep": [1]}]', '[{"cpu": 1, "mem": 2, "on": true, "deep": []}]',
    '[{"cpu": 1, "mem": "x", "on": true, "deep": []}]', '[{"cpu": 1, "on": true, "deep": []}]', '[{"cpu": "1", "mem": "1", "on": true, "deep": []}]',
)  # fmt: skip
CONSTANTS: tuple[Any, ...] = (
    [],
    [[]],
    [1],
    [[1]],
    [[1], [2]],
    {},
    {"a": []},
    {"a": [1]},
    [{}],
    None,
    [None],
    True,
    -1,
    [-1],
    0.5,
    1e21,
    -0.0,
    SAFE,
    -SAFE,
    {"": {"'": '"'}},
)
AMOUNTS = st.from_regex(r"[0-9]{1,3}(\.[0-9]{0,3})?([mkMGKTu]|[KMGT]i|e[0-6]|e-[0-3])?", fullmatch=True).filter(
    lambda t: t[-1] != "K"
)
PATTERN = st.recursive(
    st.sampled_from(
        ["a", ".", "\\d", "\\W", "[^a]", "[a-z😀]", "\\s", "😀", "[\\]/-]", "%}", "\\x41", "é", "'", "[^\\x01-z]"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+?", "?", "{2}", "{0,2}", "{1,}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, inner).map("|".join).map("({})".format),
    ),
    max_leaves=5,
)
