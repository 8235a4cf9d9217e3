"""What JSONata has no word for, as functions that a printed expression defines for itself.

Everything here is plain JSONata 2.0.6 (docs.jsonata.org), but `$parse`, which Step Functions has in the place of
`$eval`. What is no value fails the state: `$error`, or a signature of JSONata's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SAFE = 2**53 - 1  # the largest int that a double, JSONata's only number, holds with all of its neighbours
_END = r"(?![\s\S])"  # `$` also stands before a last newline for Java and Python
_SUFFIXES = "'m': -3, 'u': -6, 'n': -9, 'k': 3, 'M': 6, 'G': 9, 'T': 12, 'P': 15, 'E': 18"


class Function(NamedTuple):
    """A function's source, the other functions it calls, and how many levels deeper its evaluation goes."""

    source: str
    needs: tuple[str, ...] = ()
    depth: int = 8


FUNCTIONS = {
    # ints and floats: within bounds, and never the negative zero
    "an_int": Function(f"function($n) {{ $abs($n) <= {SAFE} ? $n + 0 : $error('an int of more than 53 bits') }}"),
    "a_float": Function(
        "function($n) { $abs($n) <= 1.7976931348623157e308 ? $n + 0 : $error('a float out of range') }"
    ),
    "whole": Function(
        "function($a, $b) { $b = 0 ? $error('a division by zero') : ($a - $a % $b) / $b + 0 }",
    ),
    "rest": Function("function($a, $b) { $b = 0 ? $error('a division by zero') : $a % $b + 0 }"),
    "ratio": Function("function($a, $b) { $b = 0 ? $error('a division by zero') : $a_float($a / $b) }", ("a_float",)),
    "cut": Function("function($n) { $an_int($n < 0 ? $ceil($n) : $floor($n)) }", ("an_int",)),
    # texts as values: what `convert_text` takes
    "int_of": Function(
        f"function($t) {{ $contains($t, /^[+-]?[0-9]{{1,40}}{_END}/) ? $an_int($number($replace($t, /^\\+/, '')))"
        " : $error('not an int: ' & $t) }",
        ("an_int",),
    ),
    "float_of": Function(
        rf"function($t) {{ $contains($t, /^[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?{_END}/)"
        r" ? $a_float($number($replace($t, /^\+|\.(?![0-9])/, ''))) : $error('not a float: ' & $t) }",
        ("a_float",),
    ),
    "bool_of": Function("function($t) { $t in ['true', 'false'] ? $t = 'true' : $error('not a bool: ' & $t) }"),
    # parts of JSON as values
    "is_int": Function(f"function($n) {{ $type($n) = 'number' ? $n = $floor($n) and $abs($n) <= {SAFE} : false }}"),
    "each_is": Function("function($v, $is) { $type($v) = 'array' ? $not(false in $map($v, $is)) : false }", (), 14),
    "has": Function("function($v, $k, $is) { $exists($lookup($v, $k)) ? $is($lookup($v, $k)) : false }"),
    # kinds, which null and values of any type may not have
    "a_bool": Function("function($v) { $type($v) = 'boolean' ? $v : $error('not a bool') }"),
    "a_list": Function("function($v) { $type($v) = 'array' ? $v : $error('not a list') }"),
    "field": Function(
        "function($v, $k) { $type($v) = 'object' and $exists($lookup($v, $k)) ? $lookup($v, $k)"
        " : $error('no field ' & $k) }"
    ),
    "item": Function(
        "function($v, $i) { $type($v) = 'array' and $i >= 0 and $i < $count($v) ? $v[$i] : $error('no item ' & $i) }"
    ),
    "in_list": Function(
        "function($x, $v) { $reduce($a_list($v), function($found, $one) { $found or $x = $one }, false) }",
        ("a_list",),
        12,
    ),
    "in_map": Function("function($k, $v) { $type($v) = 'object' ? $exists($lookup($v, $k)) : $error('not a map') }"),
    "size": Function(
        "function($v) {( $t := $type($v); $t = 'string' ? $length($v) : $t = 'array' ? $count($v)"
        " : $t = 'object' ? $count($keys($v)) : $error('no size') )}",
        (),
        10,
    ),
    # an array's item that is an array itself: an array constructor would take it apart
    "alone": Function("function($v) { $type($v) = 'array' ? [[$v]] : [$v] }"),
    # texts
    "starts": Function("function($s, $t) { $substring($s, 0, $length($t)) = $t }"),
    "ends": Function("function($s, $t) { $substring($s, $length($s) - $length($t)) = $t }"),
    # UTF-16 sorts U+E000 to U+FFFF after what lies beyond them; a letter before them puts them in their place
    "ordered": Function("function($s) { $replace($s, /[\\uD7FF\\uE000-\\uFFFF]/, '\\uD7FF$0') }"),
    "json": Function(
        "function($v) { $type($v) = 'string' ? ( $q := $string([$v]); $substring($q, 1, $length($q) - 2) )"
        " : $string($v) }",
        (),
        10,
    ),
    # a quantity is its text while running: how much it is, as digits and powers
    "parts": Function(
        r"""function($q) {(
  $suffix := $replace($q, /^[0-9.]+(?:[eE][+-]?[0-9]+)?/, '');
  $front := $substring($q, 0, $length($q) - $length($suffix));
  $digits := $replace($front, /[eE].*/, '');
  $shift := $contains($front, /[eE]/) ? $number($replace($front, /^[^eE]*[eE]\+?/, '')) : 0;
  $places := $contains($digits, '.') ? $length($substringAfter($digits, '.')) : 0;
  $binary := $lookup({ 'Ki': 10, 'Mi': 20, 'Gi': 30, 'Ti': 40, 'Pi': 50, 'Ei': 60 }, $suffix);
  $decimal := $lookup({ SUFFIXES }, $suffix);
  { 'digits': $number($replace($digits, '.', '')), 'twos': $power(2, $exists($binary) ? $binary : 0),
    'tens': 3 + $shift - $places + ($exists($decimal) ? $decimal : 0) }
)}""",
        depth=12,
    ),
    "quantity_of": Function(
        r"""function($v) {(
  $t := $trim($string($v));
  $contains($t, /^[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?0?(?:[0-2]?[0-9]|30))?END/)
    ? ( $p := $parts($t); $p.digits * $p.twos * $number('1e' & $p.tens) <= 9223372036854775807
      ? $t : $error('a quantity out of range: ' & $t) )
    : $error('not a quantity: ' & $t)
)}""",
        ("parts",),
        12,
    ),
    # in thousandths, exactly: no step leaves the 53 bits but to multiply with powers of two
    "thousandths": Function(
        """function($q) {(
  $p := $parts($q);
  $scale := $number('1e' & $abs($p.tens));
  $above := $p.digits * ($p.tens < 0 ? $p.twos : $scale);
  $p.digits > SAFE or $above > SAFE ? $error('a quantity of more than 53 bits: ' & $q)
    : $p.tens < 0 ? $up($above, $scale) : $above * $p.twos
)}""",
        ("parts", "up"),
        10,
    ),
    "up": Function(
        "function($a, $b) {( $left := $b = 0 ? $error('a division by zero') : $a % $b;"
        " ($a - $left) / $b + ($left > 0 and $b > 0 ? 1 : 0) + 0 )}"
    ),
    "amount": Function("function($q) { $q = null ? null : $thousandths($q) }", ("thousandths",)),
    # what is computed with a quantity that has a suffix of size is whole bytes
    "sized": Function("function($q) { $contains($q, /[ikMGTPE]END/) }"),
    "written": Function(
        """function($m, $sized) {
  $m < 0 ? $error('a quantity is never negative') : $m = 0 ? '0'
    : $sized ? ( $n := $up($an_int($m), 1000);
      $fits := function($suffix) { $n % $lookup($sizes, $suffix) = 0 };
      $suffix := $filter(['Ti', 'Gi', 'Mi', 'Ki', 'T', 'G', 'M', 'k', ''], $fits)[0];
      ($n / $lookup($sizes, $suffix)) & $suffix )
    : $m % 1000 = 0 ? $string($an_int($m) / 1000) : $an_int($m) & 'm'
}""",
        ("an_int", "sizes", "up"),
        14,
    ),
    "sizes": Function(
        "{ 'Ti': 1099511627776, 'Gi': 1073741824, 'Mi': 1048576, 'Ki': 1024,"
        " 'T': 1e12, 'G': 1e9, 'M': 1e6, 'k': 1e3, '': 1 }"
    ),
    "added": Function(
        "function($a, $b, $sign) { $written($thousandths($a) + $sign * $thousandths($b), $sized($a) or $sized($b)) }",
        ("thousandths", "sized", "written"),
    ),
    "scaled": Function(
        "function($q, $by, $per) { $written($up($an_int($thousandths($q) * $by), $per), $sized($q)) }",
        ("thousandths", "sized", "up", "written"),
    ),
}


def defined(names: Iterable[str], source: str) -> str:
    """A source together with the functions that it calls: one block, which stands wherever an expression does."""
    ordered: dict[str, None] = {}

    def need(name: str) -> None:
        for other in FUNCTIONS[name].needs:
            need(other)
        ordered[name] = None

    for name in sorted(names):
        need(name)
    if not ordered:
        return source
    return "( " + "".join(f"${name} := {_source(name)}; " for name in ordered) + f"{source} )"


def _source(name: str) -> str:
    """A function's source on one line."""
    lines = map(str.strip, FUNCTIONS[name].source.splitlines())
    return " ".join(lines).replace("SUFFIXES", _SUFFIXES).replace("SAFE", str(SAFE)).replace("END/", f"{_END}/")


def reach(name: str) -> int:
    """How many levels deeper a call's evaluation goes."""
    function = FUNCTIONS[name]
    return function.depth + max((reach(other) for other in function.needs), default=0)
