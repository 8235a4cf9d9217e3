"""Rewrite what the judge of AWS Batch knows of RegisterJobDefinition and SubmitJob, from botocore's own model.

    python docs/batch_shape.py

A field is one string: `!` where it is required, then its shape. A shape is

    s b i l               string, boolean, int32, int64
    s1..256  s=A|B        a string of that many characters, one of these strings
    []SHAPE [0..64]SHAPE  a list, of any length or of that many
    {}SHAPE {1..50:1..128}SHAPE
                          a map, of any size or of that many, its keys of any length or of that many characters
    Name                  the type of that name

Beside the types stands the grid of sizes that Fargate runs, vCPU by vCPU, in MiB: botocore has it in the
documentation of a resource's `value` only.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "translator/dragoman/emit/batch/judge/shape.json"
OPERATIONS = ("RegisterJobDefinition", "SubmitJob")
SCALARS = {"boolean": "b", "integer": "i", "long": "l"}
_NUMBER = r"\d+(?:\.\d+)?"
_LIST = rf"{_NUMBER}(?:(?:, or|,| or) {_NUMBER})*"


def text() -> str:
    """The file, one type a line."""
    import botocore.session

    model = botocore.session.get_session().get_service_model("batch")
    types: dict[str, dict[str, str]] = {}
    operations = {name: _shape(model.operation_model(name).input_shape, types) for name in OPERATIONS}
    lines = ",\n".join(f"{json.dumps(name)}:{_compact(types[name])}" for name in sorted(types))
    said = model.shape_for("ResourceRequirement").members["value"].documentation
    return f'{{"operations":{_compact(operations)},\n"fargate":{_compact(_fargate(said))},\n"types":{{\n{lines}}}}}\n'


def _shape(part: Any, types: dict[str, dict[str, str]]) -> str:
    """The word for a shape; a type that it names is put beside the others."""
    kind = part.type_name
    if kind == "structure":
        if part.name not in types:
            types[part.name] = {}  # a type may hold itself
            for key, member in part.members.items():
                mark = "!" if key in part.required_members else ""
                types[part.name][key] = mark + _shape(member, types)
        return str(part.name)
    if kind == "list":
        return f"[{_room(part)}]{_shape(part.member, types)}"
    if kind == "map":
        keys = _room(part.key)
        return f"{{{_room(part)}{':' if keys else ''}{keys}}}{_shape(part.value, types)}"
    if kind == "string":
        return "s=" + "|".join(part.enum) if part.enum else f"s{_room(part)}"
    return SCALARS[kind]


def _room(part: Any) -> str:
    least, most = part.metadata.get("min"), part.metadata.get("max")
    return "" if least is None and most is None else f"{least or 0}..{'' if most is None else most}"


def _fargate(said: str) -> dict[str, list[int]]:
    """The memory, in MiB, that Fargate has for each vCPU."""
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said))
    found = re.findall(rf"value = ({_NUMBER}) MEMORY = ({_LIST})", plain[plain.index('type="VCPU"') :])
    return {cpu: sorted(map(int, re.findall(r"\d+", sizes))) for cpu, sizes in found}


def _compact(body: object) -> str:
    return json.dumps(body, separators=(",", ":"))


if __name__ == "__main__":
    OUT.write_text(text(), encoding="utf-8", newline="\n")
