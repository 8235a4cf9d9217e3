"""`python -m dragoman` without Argo's limit on an object's bytes, which thousands of steps exceed.

No cluster would take what this renders; it shows how the work grows.
"""

from __future__ import annotations

import runpy
import sys

from dragoman.emit import sizes as rules

rules.OBJECT_BYTES = sys.maxsize
runpy.run_module("dragoman", run_name="__main__", alter_sys=True)
