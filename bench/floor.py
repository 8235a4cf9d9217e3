"""The floor of the benchmark: libyaml reads the spec and writes the finished manifests, and nobody translates.

`python bench/floor.py SPEC MANIFESTS.json` prints what `dragoman render SPEC` prints.
"""

from __future__ import annotations

import json
import sys

import yaml


def main(spec: str, manifests: str) -> None:
    with open(spec, encoding="utf-8") as file:
        yaml.load(file, Loader=yaml.CSafeLoader)
    with open(manifests, encoding="utf-8") as file:
        yaml.dump(json.load(file), sys.stdout, Dumper=yaml.CSafeDumper, sort_keys=False)


main(*sys.argv[1:])
