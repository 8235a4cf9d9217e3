"""Argo Workflows by way of the Kubernetes API, with the official client (the extra `dragoman[argo]`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dragoman.drive.argo.reach import (
    CONNECT,
    LOG_LINES,
    READ,
    WATCH,
    ApiError,
    Reach,
    Workflow,
    parsed,
    reason_of,
    said,
)
from dragoman.findings import Finding, Findings

RESOURCE = {"group": "argoproj.io", "version": "v1alpha1", "plural": "workflows"}
OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"  # of a pod that talks to its own cluster


def reach(context: str, namespace: str) -> Reach:
    """The cluster of a kubeconfig's context (its current one, when empty), or of the pod that this runs in.

    namespace  the flow's; when empty the context's own, then `default`
    """
    from kubernetes import client

    settings = client.Configuration()
    fallback = _configure(settings, context)
    settings.retries = _no_retries()
    namespace = namespace or fallback or "default"
    return Reach(
        Cluster(client.ApiClient(settings), namespace),
        namespace,
        f"the Kubernetes API at {settings.host}",
        f" --context {context}" if context else "",
        "log in to the cluster again; `kubectl auth whoami` tells who you are",
    )


class Cluster:
    """The workflows of one namespace of a cluster."""

    def __init__(self, connection: Any, namespace: str) -> None:
        from kubernetes import client

        self._workflows = client.CustomObjectsApi(connection)
        self._pods = client.CoreV1Api(connection)
        self._where = {**RESOURCE, "namespace": namespace}

    def create(self, workflow: Workflow) -> str:
        """See `Argo`; a field that the cluster's Argo does not know is refused, not dropped."""
        call = self._workflows.create_namespaced_custom_object
        created = parsed(_answer(call, **self._where, body=dict(workflow), field_validation="Strict"))
        return str(created["metadata"]["name"])

    def watch(self, name: str) -> Iterator[Workflow]:
        """See `Argo`."""
        from kubernetes.watch import Watch
        from urllib3.exceptions import ReadTimeoutError

        current = parsed(_answer(self._workflows.get_namespaced_custom_object, **self._where, name=name))
        yield current
        with _told():
            events = Watch().stream(
                self._workflows.list_namespaced_custom_object,
                **self._where,
                field_selector=f"metadata.name={name}",
                resource_version=str(current["metadata"].get("resourceVersion", "")),
                timeout_seconds=WATCH,
                _request_timeout=(CONNECT, WATCH + READ),
            )
            try:
                for event in events:
                    if event is None or event["type"] == "BOOKMARK":
                        continue
                    yield event["raw_object"]
                    if event["type"] == "DELETED":
                        raise ApiError(404, "it was deleted")
            except ReadTimeoutError:  # a quiet run: the caller asks again
                return

    def logs(self, name: str, pod: str) -> str:
        """See `Argo`; the log of a pod that was deleted is gone."""
        call = self._pods.read_namespaced_pod_log
        log = _answer(call, name=pod, namespace=self._where["namespace"], container="main", tail_lines=LOG_LINES)
        return log.decode("utf-8", "replace")

    def stop(self, name: str) -> None:
        """See `Argo`."""
        call = self._workflows.patch_namespaced_custom_object
        _answer(call, **self._where, name=name, body={"spec": {"shutdown": "Stop"}})


def _answer(call: Any, **arguments: Any) -> bytes:
    """The answer as it came: what the client would make of it differs from version to version."""
    with _told():
        answer = call(**arguments, _preload_content=False, _request_timeout=(CONNECT, READ))
        try:
            data: bytes = answer.data
        finally:
            answer.release_conn()
    if not 200 <= answer.status < 300:
        raise ApiError(answer.status, said(data))
    return data


@contextmanager
def _told() -> Iterator[None]:
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


def _configure(settings: Any, context: str) -> str:
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
    way_out = "say `--context NAME`, set the variable KUBECONFIG, or name an Argo Server: `--server URL`"
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
