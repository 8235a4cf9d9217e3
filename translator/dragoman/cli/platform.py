"""What Argo CD tells the programs that it calls about the cluster: options that a flow may still say itself.

Argo CD sets ARGOCD_APP_NAME and KUBE_VERSION for its config-management plugins (docs/user-guide/build-environment.md).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any


def platform(environment: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """Options of targets; none where Argo CD did not call us: a render depends on its files alone."""
    if "ARGOCD_APP_NAME" not in environment:
        return {}
    from dragoman.emit.kubernetes.settings import NEWEST
    from dragoman.emit.registry import AWS, JOBS

    options: dict[str, Any] = {"delivery": "argocd"}
    version = re.match(r"v?1\.([0-9]{1,3})", environment.get("KUBE_VERSION", ""))
    if version:
        options["version"] = f"1.{min(int(version[1]), NEWEST)}"
    return {JOBS: options, AWS: {"format": "crossplane"}}
