"""The connection to a cluster's API, with the official client: of a kubeconfig's context, or of this pod."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from dragoman.drive.answers import CONNECT, READ, ApiError, reason_of, said
from dragoman.findings import Finding, Findings

OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"  # of a pod that talks to its own cluster
LOGIN = "log in to the cluster again; `kubectl auth whoami` tells who you are"


class Connection(NamedTuple):
    """A way to a cluster.

    client     the official client's `ApiClient`
    namespace  the one that goes with the context, else `default`
    place      the API in a sentence: `the Kubernetes API at https://…`
    again      flags with which Kubernetes' own commands reach the same
    """

    client: Any
    namespace: str
    place: str
    again: str


def connect(context: str, namespace: str, otherwise: str = "") -> Connection:
    """The cluster of a kubeconfig's context (its current one, when empty), or of the pod that this runs in.

    namespace  the flow's; when empty the context's own, then `default`
    otherwise  what else a user can do who has no kubeconfig, for the help
    """
    from kubernetes import client

    settings = client.Configuration()
    fallback = _configure(settings, context, otherwise)
    settings.retries = _no_retries()
    return Connection(
        client.ApiClient(settings),
        namespace or fallback or "default",
        f"the Kubernetes API at {settings.host}",
        f" --context {context}" if context else "",
    )


def answer(call: Any, **arguments: Any) -> bytes:
    """The answer as it came: what the client would make of it differs from version to version."""
    with told():
        answer = call(**arguments, _preload_content=False, _request_timeout=(CONNECT, READ))
        try:
            data: bytes = answer.data
        finally:
            answer.release_conn()
    if not 200 <= answer.status < 300:
        raise ApiError(answer.status, said(data))
    return data


@contextmanager
def told() -> Iterator[None]:
    """The client's exceptions as ours."""
    from kubernetes.client import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        message = said(error.body) or str(error.reason or "").partition("\n")[2] or str(error.reason or "")
        raise ApiError(error.status or 0, message) from None
    except HTTPError as error:
        raise ApiError(0, reason_of(error)) from None


def _configure(settings: Any, context: str, otherwise: str) -> str:
    """Fill in the address and the credentials; the namespace that goes with them, if any."""
    from kubernetes import config

    file = os.environ.get("KUBECONFIG") or None
    try:
        config.load_kube_config(file, context or None, settings, persist_config=False)
        contexts, active = config.list_kube_config_contexts(file)
        named = [one for one in contexts if one["name"] == context] or [active]
        return str(named[0]["context"].get("namespace") or "")
    except Exception as error:  # whatever a damaged kubeconfig makes of the client
        reason = " ".join(str(error).split())
    if not context and "KUBERNETES_SERVICE_HOST" in os.environ:
        try:
            return _from_pod(settings)
        except (config.ConfigException, OSError) as error:
            reason = str(error)
    ways = [*("say `--context NAME`", "set the variable KUBECONFIG"), *filter(None, [otherwise])]
    way_out = f"{', '.join(ways[:-1])}, or {ways[-1]}" if otherwise else " or ".join(ways)
    raise Findings([Finding("DRG602", f"no cluster is configured: {reason}", None, way_out)], 2)


def _from_pod(settings: Any) -> str:
    """The cluster of the pod that this runs in, by the pod's service account."""
    from kubernetes import config

    config.load_incluster_config(settings)
    with open(OWN_NAMESPACE, encoding="utf-8") as own:
        return own.read().strip()


def _no_retries() -> Any:
    from urllib3 import Retry

    return Retry(0, raise_on_redirect=False)  # what may be tried again, and when, is decided where the run is followed
