"""Rules of the objects beside the Jobs: ConfigMaps, and what lets a Job's pods ask the API server.

From `ValidateConfigMap` and `pkg/apis/rbac/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .formats import subdomain

CONFIG_MAP = 1024 * 1024  # bytes of all its values
_RBAC = "rbac.authorization.k8s.io"


def config_map(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A ConfigMap holds 1 MiB at most, and no key twice."""
    texts, data = body.get("data") or {}, body.get("binaryData") or {}
    for key in texts:
        if key in data:
            yield problem((*at, "data", key), "is in `binaryData`, too", "keep one of the two")
    # three quarters of the letters of base64 are bytes
    size = sum(_size(text) for text in texts.values())
    size += sum(len(text) // 4 * 3 - text.count("=") for text in data.values())
    if size > CONFIG_MAP:
        says = f"has {size} bytes, more than the {CONFIG_MAP} of a ConfigMap"
        yield problem((*at, "data" if texts else "binaryData"), says, "split it, or keep it where the pods can read it")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def role(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Each rule of a Role says what may be done with which resources of which group."""
    for index, rule in enumerate(body.get("rules") or ()):
        place = (*at, "rules", index)
        if rule.get("nonResourceURLs"):
            says = "is for the whole cluster, and a Role is for a namespace"
            yield problem((*place, "nonResourceURLs"), says, "leave it out")
        advice = {
            "verbs": "say what may be done, as `get` or `list`",
            "apiGroups": 'name the group, `""` for the core',
            "resources": "name the resources, as `jobs`",
        }
        for key in advice if not rule.get("nonResourceURLs") else ("verbs",):
            if not rule.get(key):
                yield problem((*place, key), "is empty", advice[key])


def role_binding(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """Who is bound has the group of its kind."""
    for index, subject in enumerate(body.get("subjects") or ()):
        place, kind, group = (*at, "subjects", index), subject.get("kind"), subject.get("apiGroup")
        if kind == "ServiceAccount":
            if group:
                says = f"is {shown(group)}, but service accounts belong to the core"
                yield problem((*place, "apiGroup"), says, "leave it out")
            if not subdomain(subject.get("name", "")):
                says = f"is {shown(subject.get('name', ''))}, which no service account can be called"
                yield problem((*place, "name"), says, "use lower-case letters, digits, `-` and `.`")
            if not subject.get("namespace"):
                # the API server takes it, and binds nobody
                yield problem((*place, "namespace"), "is missing", "say in which namespace the account is")
        elif group not in {None, _RBAC}:
            yield problem((*place, "apiGroup"), f"is {shown(group)}", f"write `{_RBAC}`, or leave it out")
