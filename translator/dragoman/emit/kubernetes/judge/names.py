"""Rules of names and of what else `metadata` says: how long, for which kind, and what is Kubernetes' own.

From `ValidateObjectMeta`, and from what controllers make of the name of a Job or CronJob.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.emit.problem import Body, Pointer, Problem, problem, shown

from .formats import LABEL, label, path_segment, subdomain

ANNOTATIONS = 256 * 1024  # bytes of all annotations of an object
CRON_NAME = 52  # the controller adds 11 letters
_SUFFIX = 11
_RESERVED = frozenset(
    {"job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"}
)
_SHORTER = "use lower-case letters, digits and `-`, and a shorter name"


def metadata(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """An object has a name that its kind can have."""
    given = body.get("metadata") or {}
    name, prefix = given.get("name"), given.get("generateName")
    place = (*at, "metadata", "name")
    fits = path_segment if body.get("apiVersion", "").startswith("rbac.") else subdomain
    if not name and not prefix:
        yield problem(place, "is missing", "give the object a name")
    elif name and not fits(name):
        advice = "use lower-case letters, digits, `-` and `.`, begin and end with a letter or digit"
        yield problem(place, f"is {shown(name)}, which a {body.get('kind')} cannot be called", advice)
    if prefix and not fits(prefix.rstrip("-") or "-"):
        yield problem((*at, "metadata", "generateName"), f"is {shown(prefix)}, with which no name begins", _SHORTER)
    yield from annotation_room(given, (*at, "metadata"))
    yield from owners(given, (*at, "metadata"))


def annotation_room(given: Body, at: Pointer) -> Iterator[Problem]:
    """All annotations of an object have room in 256 KiB."""
    found = given.get("annotations")
    if found:
        size = sum(_size(key) + _size(value) for key, value in found.items())
        if size > ANNOTATIONS:
            advice = "keep what is long in a ConfigMap"
            yield problem((*at, "annotations"), f"has {size} bytes, more than {ANNOTATIONS}", advice)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def owners(given: Body, at: Pointer) -> Iterator[Problem]:
    """At most one owner is the controller."""
    controllers = [one for one in given.get("ownerReferences") or () if one.get("controller")]
    if len(controllers) > 1:
        yield problem((*at, "ownerReferences"), "has more than one controller", "let one of them be the controller")


def reserved(given: Body, at: Pointer) -> Iterator[Problem]:
    """The labels by which a Job knows its pods are set by Kubernetes."""
    for key in given.get("labels") or ():
        if key in _RESERVED:
            yield problem((*at, "labels", key), "is set by Kubernetes", "leave it out")


def job(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A Job's name is the value of a label of its pods; an Indexed Job's pods take it for their host's name."""
    name, spec = (body.get("metadata") or {}).get("name") or "", body.get("spec") or {}
    place = (*at, "metadata", "name")
    count = spec.get("completions") or 0
    if not subdomain(name):
        return  # said already
    if len(name) > LABEL:
        says = f"has {len(name)} characters, but it becomes a label of the pods, which holds {LABEL}"
        yield problem(place, says, f"write {LABEL} at most")
    elif spec.get("completionMode") == "Indexed" and count > 0 and not label(f"{name}-{count - 1}"):
        room = LABEL - 1 - len(str(count - 1))
        says = f"leaves no host name for the last of {count} pods, {shown(f'{name}-{count - 1}')}"
        yield problem(place, says, f"write {room} characters at most, lower-case letters, digits and `-`")


def cron_job(body: Body, at: Pointer, minor: int) -> Iterator[Problem]:
    """A CronJob's name has room for the time that its Jobs add to it, and for the index that their pods add."""
    name = (body.get("metadata") or {}).get("name") or ""
    job = ((body.get("spec") or {}).get("jobTemplate") or {}).get("spec") or {}
    place = (*at, "metadata", "name")
    count = job.get("completions") or 0
    if len(name) > CRON_NAME:
        says = f"has {len(name)} characters, and its Jobs add {_SUFFIX}, but a Job's name has {LABEL} at most"
        yield problem(place, says, f"write {CRON_NAME} at most")
    elif subdomain(name) and job.get("completionMode") == "Indexed" and count > 0:
        # the API server looks when the first Job is made, which then never comes
        longest = f"{name}-{'0' * (_SUFFIX - 1)}-{count - 1}"
        if not label(longest):
            says = f"leaves no host name for the last of {count} pods of its Jobs"
            yield problem(place, says, f"write {LABEL - len(longest) + len(name)} characters at most, without a dot")
