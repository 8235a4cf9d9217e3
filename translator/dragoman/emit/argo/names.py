"""Names of Argo templates and tasks: lower case, unique, short enough, and never a word of Argo's expressions."""

from __future__ import annotations

import re
from functools import lru_cache

from dragoman.findings import WARNING, Finding
from dragoman.plan.model import Address, Step

SETTLED = "dragoman-settled"  # our template, and its task, that does nothing and succeeds
LONGEST = 128  # templates and tasks, CRD schema of Argo 4
# expr-lang operators and literals: Argo evaluates `depends` as an expression in which each task is a variable
RESERVED = frozenset(
    {
        "and",
        "contains",
        "else",
        "endswith",
        "false",
        "if",
        "in",
        "let",
        "matches",
        "nil",
        "not",
        "or",
        "startswith",
        "true",
    }
)
_OTHER = re.compile(r"[^a-z0-9]+")


@lru_cache(1024)
def slug(name: str, longest: int = LONGEST) -> str:
    """The name as lower-case RFC 1123 label; one that is too long keeps its start and gets a hash of the whole.

    >>> slug("Train_Model")
    'train-model'
    """
    text = _OTHER.sub("-", name.lower()).strip("-")
    if len(text) <= longest:
        return text
    from hashlib import sha256  # hardly any name is too long

    return f"{text[: longest - 9].rstrip('-')}-{sha256(name.encode()).hexdigest()[:8]}"


def task_name(name: str) -> str:
    """A step's name as the name of its DAG task."""
    text = slug(name)
    return f"{text}-step" if text in RESERVED or text == SETTLED else text


class Names:
    """The names given so far in one workflow, and the findings about them."""

    def __init__(self) -> None:
        self.taken: dict[str, Address] = {}
        self.findings: list[Finding] = []

    def template(self, step: Step, suffix: str = "") -> str:
        """The template name of a step (with a suffix: of the loop around it)."""
        address, layer = step.address, step.layers[0]
        written = "-".join(address) + suffix
        name = slug(written)
        name = f"{name}-step" if name == SETTLED else name
        if self.taken.setdefault(name, address) != address:
            other = ".".join(self.taken[name])
            self.findings.append(
                Finding(
                    "DRG136",
                    f"steps `{'.'.join(address)}` and `{other}` would both be the Argo template `{name}`",
                    layer.source.span(layer.path, key=True),
                    "rename one of them: Argo's names are lower case, and a group's name comes before its steps'",
                    address=".".join(address),
                )
            )
        if len(written) > LONGEST and name != _OTHER.sub("-", written.lower()).strip("-"):
            self.findings.append(
                Finding(
                    "DRG137",
                    f"step `{'.'.join(address)}` is the Argo template `{name}`: its name has {len(written)} letters, "
                    f"maximum {LONGEST}",
                    layer.source.span(layer.path, key=True),
                    severity=WARNING,
                    address=".".join(address),
                )
            )
        return name
