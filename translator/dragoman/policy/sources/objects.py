"""Objects in the files that a cluster enforces, as they are written there: manifests, lists of them, AWS's answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dragoman import quantity
from dragoman.findings import Finding, Span
from dragoman.load.document import Document, Path
from dragoman.plan.model import Plan
from dragoman.plan.origin import Origin, Source

_WORDS: dict[type, str] = {dict: "a map", list: "a list", str: "a text", bool: "true or false"}


class Object(NamedTuple):
    """One object: the document it is in, and its path there."""

    document: Document
    path: Path
    kind: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, as messages say it; AWS has words of its own for that."""
        for path in (("metadata", "name"), ("computeEnvironmentName",), ("jobQueueName",)):
            found = _text(self.body, *path)
            if found is not None:
                return found
        return "?"

    @property
    def namespace(self) -> str | None:
        """The namespace it says."""
        return _text(self.body, "metadata", "namespace")

    @property
    def place(self) -> tuple[str, int, Path]:
        """Which object it is."""
        return self.document.file, self.document.number, self.path

    @property
    def shown(self) -> str:
        """Its kind and name."""
        return f"{self.kind} `{self.name}`"

    def span(self, *path: str | int, key: bool = False) -> Span:
        """The place of a value of it."""
        return self.document.span((*self.path, *path), key=key)

    def origin(self, *path: str | int) -> Origin:
        """A value of it as what sets something."""
        return Origin("policy", Source(self.document), (*self.path, *path))

    def at(self, *path: str | int) -> Any:
        """The value at a path; None where there is none."""
        found: Any = self.body
        for part in path:
            if isinstance(found, dict):
                found = found.get(part)
            elif isinstance(found, list) and isinstance(part, int) and part < len(found):
                found = found[part]
            else:
                return None
        return found


class Amount(NamedTuple):
    """An amount and where it is said: milli-cores of `cpu`, else bytes or pieces."""

    value: int
    origin: Origin


def in_document(document: Document) -> Iterator[Object]:
    """The objects of a document: itself, or what is in a list of them."""
    data = document.data
    if not isinstance(data, dict):
        return
    kind = data.get("kind")
    items = data.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for number, item in enumerate(items):
            if isinstance(item, dict):
                own = item.get("kind", kind.removesuffix("List"))
                yield Object(document, ("items", number), own if isinstance(own, str) else "", item)
        return
    yield Object(document, (), kind if isinstance(kind, str) else "", data)


def applies(found: Object, plan: Plan) -> bool:
    """Whether an object of a namespace is in force for a flow; one of two that says none is for all."""
    return found.namespace is None or plan.namespace is None or found.namespace == plan.namespace


def mapping(found: Object, findings: list[Finding], *path: str | int) -> dict[str, Any]:
    """The map at a path; empty when there is none, or something else."""
    return _typed(found, findings, path, dict) or {}


def sequence(found: Object, findings: list[Finding], *path: str | int) -> list[Any]:
    """The list at a path; empty when there is none, or something else."""
    return _typed(found, findings, path, list) or []


def text(found: Object, findings: list[Finding], *path: str | int) -> str | None:
    """The text at a path."""
    value: str | None = _typed(found, findings, path, str)
    return value


def amounts(found: Object, findings: list[Finding], *path: str | int, thousandths: bool = False) -> dict[str, Amount]:
    """The amounts of a map of them, by the names of resources; of ratios, in `thousandths`."""
    read = {}
    for name in mapping(found, findings, *path):
        one = amount(found, findings, 1000 if thousandths else scale(name), *path, name)
        if one is not None:
            read[name] = one
    return read


def amount(found: Object, findings: list[Finding], units: int, *path: str | int) -> Amount | None:
    """The quantity at a path, in so many units of one whole, or None after a finding."""
    value = found.at(*path)
    said = f"`{path[-1]}` is {_word(value)}, no quantity"
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        try:
            return Amount(quantity.parse(_plain(value), units), found.origin(*path))
        except ValueError as error:
            said = f"`{path[-1]}`: {error}"
    findings.append(wrong(found, path, said, "for example `4`, `500m` or `16Gi`"))
    return None


def wrong(found: Object, path: tuple[str | int, ...], said: str, advice: str) -> Finding:
    """A value that the cluster would not take."""
    return Finding("DRG431", f"{found.shown}: {said}", found.span(*path), advice)


def scale(resource: str) -> int:
    """Units in one whole: cores are counted in thousandths."""
    return 1000 if resource in ("cpu", "requests.cpu", "limits.cpu") else 1


def shown(resource: str, value: int) -> str:
    """An amount as people write it."""
    if scale(resource) == 1000:
        return quantity.milli_text(value)
    of_bytes = resource.rpartition(".")[2] in ("memory", "ephemeral-storage", "storage")
    return quantity.byte_text(value) if of_bytes else str(value)


def _plain(value: str | float) -> str:
    """A quantity's text; a leading zero is read in two ways (octal by YAML 1.1), so it is refused."""
    found = str(value).strip().removeprefix("+")
    if found[:1] == "0" and found[1:2].isdigit():
        raise ValueError(f"`{found}` has a leading zero, which tools read in two ways")
    return f"0{found}" if found.startswith(".") else found


def _typed(found: Object, findings: list[Finding], path: tuple[str | int, ...], wanted: type) -> Any:
    value = found.at(*path)
    if value is None or isinstance(value, wanted):
        return value
    said = f"`{path[-1]}` is {_word(value)}, not {_WORDS[wanted]}"
    findings.append(wrong(found, path, said, "correct it: the cluster would not take it either"))
    return None


def _word(value: Any) -> str:
    return "nothing" if value is None else _WORDS.get(type(value), "a number")


def _text(data: Any, *path: str) -> str | None:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, str) and data else None
