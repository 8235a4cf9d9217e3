"""Golden folders: what was made, byte for byte, and the example flows that are made for several of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dragoman.load import files
from dragoman.pipeline import Rendering, render
from enacted import enacted

EXAMPLES = Path(__file__).parents[2] / "manifests/examples"
FLOWS = [flow.name for flow in sorted(EXAMPLES.iterdir())]


def compare(place: Path, made: Mapping[str, str], *, update: bool) -> None:
    """The folder holds these files and no others; with `update` it is made to, first."""
    if update:
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob("*"):
            stale.unlink()
        for name, content in made.items():
            (place / name).write_text(content, newline="\n")
    assert {path.name: path.read_bytes().decode() for path in sorted(place.glob("*"))} == made


def example(flow: str, target: str, sets: Sequence[str] = (), form: str = "") -> Rendering:
    """An example under the platform's policy; the working folder is its own."""
    options = files.Options(root=str(EXAMPLES.parent))
    [document] = files.load([f"{flow}.dragoman.yaml"], options)
    policies = files.load(["../../platform.policy.yaml"], options)
    return render(document, {}, enacted(policies), target, "", sets, form=form)
