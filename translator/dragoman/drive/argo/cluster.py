"""Argo Workflows by way of the Kubernetes API, with the official client (the extra `dragoman[argo]`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dragoman.drive.answers import CONNECT, READ, WATCH, ApiError, parsed
from dragoman.drive.argo.reach import LOG_LINES, Reach, Workflow
from dragoman.drive.cluster import LOGIN, answer, connect, told

RESOURCE = {"group": "argoproj.io", "version": "v1alpha1", "plural": "workflows"}


def reach(context: str, namespace: str) -> Reach:
    """The cluster of a kubeconfig's context (its current one, when empty), or of the pod that this runs in."""
    found = connect(context, namespace, "name an Argo Server: `--server URL`")
    return Reach(Cluster(found.client, found.namespace), found.namespace, found.place, found.again, LOGIN)


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
        created = parsed(answer(call, **self._where, body=dict(workflow), field_validation="Strict"))
        return str(created["metadata"]["name"])

    def watch(self, name: str) -> Iterator[Workflow]:
        """See `Argo`."""
        from kubernetes.watch import Watch
        from urllib3.exceptions import ReadTimeoutError

        current = parsed(answer(self._workflows.get_namespaced_custom_object, **self._where, name=name))
        yield current
        with told():
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
        log = answer(call, name=pod, namespace=self._where["namespace"], container="main", tail_lines=LOG_LINES)
        return log.decode("utf-8", "replace")

    def stop(self, name: str) -> None:
        """See `Argo`."""
        call = self._workflows.patch_namespaced_custom_object
        answer(call, **self._where, name=name, body={"spec": {"shutdown": "Stop"}})
