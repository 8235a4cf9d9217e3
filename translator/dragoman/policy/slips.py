"""Names in policies that nothing has, and that are nearly those of something: what they are meant for has no effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from dragoman.findings import WARNING, Finding
from dragoman.plan.origin import Origin
from dragoman.policy.layers import named
from dragoman.policy.model import Policies

NEAR = 0.8
_CONSTANT = re.compile(r"policy\.values\.([A-Za-z0-9_-]*[A-Za-z0-9_])")


def slips(said: Sequence[Policies]) -> Iterator[Finding]:
    """A warning for each constant that no rule names, and each exemption from what no policy says."""
    texts = [
        text for layer in said for rule in layer.rules for text in map(str, rule.body.values()) if "values." in text
    ]
    used = {name for text in texts for name in _CONSTANT.findall(text)}
    ids = {name for layer in said for name, _, _ in named(layer)}
    for layer in said:
        for name, (_, origin) in layer.values.items():
            yield from _slip(name, used, origin, f"no rule names the constant `{name}`")
        for exemption in layer.exemptions:
            name = exemption.body["rule"]
            if "." in name and not name.startswith(("max.", "min.")):
                continue  # the files of a cluster may say it
            place = exemption.origin._replace(path=(*exemption.origin.path, "rule"))
            yield from _slip(name, ids, place, f"an exemption from `{name}`, which no policy here says")


def _slip(name: str, known: Iterable[str], place: Origin, message: str) -> Iterator[Finding]:
    close = get_close_matches(name, sorted(known), n=1, cutoff=NEAR) if name not in known else []
    if close and not set("*?[") & set(name):
        yield Finding("DRG443", message, place.span(), f"did you mean `{close[0]}`?", WARNING)
