"""What Argo CD asks for when it calls the plugin: its environment, read once.

Sources: Argo CD's docs/user-guide/build-environment.md and reposerver/repository/repository.go (newEnv, getPluginEnvs).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from dragoman.cmp.settings import Settings, settings

WORK = "_cmp_server"  # the folder in which argocd-cmp-server unpacks repositories


class Request(NamedTuple):
    """One call of the plugin; everything is empty when a person calls it.

    application  its name, `<namespace>_<name>` outside of Argo CD's own namespace
    namespace    of the application's destination
    path         the application's folder in the repository
    versions     what the cluster serves: `batch/v1` and `batch/v1/Job`; empty when nobody says
    """

    application: str = ""
    project: str = ""
    namespace: str = ""
    path: str = ""
    versions: frozenset[str] = frozenset()
    settings: Settings = Settings()


def request(environment: Mapping[str, str]) -> Request:
    """The call that an environment describes; raises `Findings` for settings that make no sense."""
    versions = environment.get("KUBE_API_VERSIONS", "").split(",")
    return Request(
        environment.get("ARGOCD_APP_NAME", ""),
        environment.get("ARGOCD_APP_PROJECT_NAME", ""),
        environment.get("ARGOCD_APP_NAMESPACE", ""),
        environment.get("ARGOCD_APP_SOURCE_PATH", ""),
        frozenset(name for name in versions if name),
        settings(environment),
    )


def tree_of(folder: str, path: str, environment: Mapping[str, str]) -> str:
    """The root of the tree that Argo CD sent, around the application's folder; empty when it sent none.

    There need not be a `.git` in it, and its root need not be the repository's own: `manifest-generate-paths` may
    have made it smaller. It is what the server unpacked, or what is left of the folder without the application's path.
    """
    here = os.path.realpath(folder)
    base = environment.get("ARGOCD_CMP_WORKDIR") or environment.get("TMPDIR") or "/tmp"
    work = os.path.join(os.path.realpath(base), WORK, "")
    if here.startswith(work):
        return work + here.removeprefix(work).partition(os.sep)[0]
    if "ARGOCD_APP_SOURCE_PATH" not in environment:
        return ""
    for name in reversed([name for name in os.path.normpath(path).split(os.sep) if name != "."]):
        if os.path.basename(here) != name:
            break
        here = os.path.dirname(here)
    return here
