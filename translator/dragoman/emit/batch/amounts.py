"""Lists and amounts that a state machine computes, beyond what expressions say."""

from __future__ import annotations

from dragoman import quantity

_UNITS = {
    "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip


def gathered(results: str, path: str) -> str:
    """One value of each result as a list: JSONata would take lists in a list apart, and one alone out of it."""
    item = f"( $v := $one.{path}; $append($all, $type($v) = 'array' ? [[$v]] : [$v]) )"
    return f"$reduce({results}, function($all, $one) {{ {item} }}, [])"


def amount_of(source: str, key: str) -> str:
    """The amount that a quantity's text says, in the units of `quantity.SCALE`; a wrong text fails the state."""
    units = ", ".join(f"'{name}': {unit}" for name, unit in _UNITS.items())
    number = "$number($match($q, /^[0-9.]+([eE][-+]?[0-9]+)?/)[0].match)"
    unit = "$replace($q, /^[0-9.]+([eE][-+]?[0-9]+)?/, '')"
    scale = quantity.SCALE[key]
    value = f"{number} * ($u = '' ? 1 : $lookup({{{units}}}, $u))"
    return f"( $q := $string({source}); $u := {unit}; {value} * {scale} )"
