"""A cluster of the tests: Kubernetes' API server and its controllers, and whoever talks to them."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3
import yaml

from dragoman.drive.answers import ApiError
from dragoman.drive.cluster import Connection
from dragoman.drive.kubernetes.client import Client

BATCH, CORE, RBAC = "apis/batch/v1", "api/v1", "apis/rbac.authorization.k8s.io/v1"
PATHS = {
    "Job": f"{BATCH}/namespaces/{{}}/jobs",
    "CronJob": f"{BATCH}/namespaces/{{}}/cronjobs",
    "Pod": f"{CORE}/namespaces/{{}}/pods",
    "ConfigMap": f"{CORE}/namespaces/{{}}/configmaps",
    "Secret": f"{CORE}/namespaces/{{}}/secrets",
    "ServiceAccount": f"{CORE}/namespaces/{{}}/serviceaccounts",
    "Role": f"{RBAC}/namespaces/{{}}/roles",
    "RoleBinding": f"{RBAC}/namespaces/{{}}/rolebindings",
    "JobSet": "apis/jobset.x-k8s.io/v1alpha2/namespaces/{}/jobsets",
}
STRICT = {"fieldValidation": "Strict"}
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
_numbers = count(1)


class Answer(NamedTuple):
    """A status and a body; `warnings` are what kubectl would print."""

    status: int
    body: Any
    warnings: list[str]


class Plane(NamedTuple):
    """The API server as its administrator sees it.

    folder  where its credentials and logs are
    """

    folder: Path
    host: str
    token: str
    authority: Path
    pool: urllib3.PoolManager

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: str = "application/json",
        query: Mapping[str, str] | None = None,
        user: str = "",
    ) -> Answer:
        """Any call, as the administrator or as somebody else."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content, "Accept": "application/json"}
        if user:
            headers["Impersonate-User"] = user
        url = f"{self.host}/{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        found = self.pool.request(method, url, body=data, headers=headers, retries=False, timeout=60)
        told = found.headers.getlist("Warning")
        try:
            answered = json.loads(found.data)
        except ValueError:
            answered = found.data.decode()
        return Answer(found.status, answered, told)

    def get(self, kind: str, namespace: str, name: str = "", **query: str) -> Any:
        """An object, or the list of them."""
        found = self.call("GET", path_of(kind, namespace, name), query=query)
        assert found.status == 200, found.body
        return found.body if name else found.body["items"]

    def create(self, body: Mapping[str, Any], namespace: str) -> Any:
        """A new object."""
        found = self.call("POST", path_of(body["kind"], namespace), body, query=STRICT)
        assert found.status == 201, found.body
        return found.body

    def apply(self, body: Mapping[str, Any], namespace: str) -> Any:
        """Server-side apply, as Argo CD and kubectl do."""
        path = path_of(body["kind"], namespace, body["metadata"]["name"])
        query = {**STRICT, "fieldManager": "tests", "force": "true"}
        found = self.call("PATCH", path, body, content=APPLY, query=query)
        assert found.status in (200, 201), found.body
        assert not found.warnings, found.warnings
        return found.body

    def delete(self, kind: str, namespace: str, name: str, **query: str) -> None:
        """Delete an object, in the background what it owns."""
        found = self.call("DELETE", path_of(kind, namespace, name), query={"propagationPolicy": "Background", **query})
        assert found.status in (200, 202, 404), found.body

    def namespace(self) -> str:
        """A new namespace, ready for pods that meet the Pod Security Standard."""
        name = f"t{next(_numbers)}"
        labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
        made = self.call("POST", "api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        assert made.status == 201, made.body
        until(lambda: self.call("GET", path_of("ServiceAccount", name, "default")).status == 200)
        return name

    def define(self, folder: Path) -> None:
        """Let the cluster know the kinds in a folder."""
        for file in sorted(folder.glob("*.yaml")):
            body = yaml.load(file.read_text(), yaml.CSafeLoader)
            made = self.call("POST", "apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
            assert made.status in (201, 409), made.body
            spec = body["spec"]
            served = [f"apis/{spec['group']}/{one['name']}/{spec['names']['plural']}" for one in spec["versions"]]
            for path in served:
                until(partial(self._serves, path))

    def _serves(self, path: str) -> bool:
        return self.call("GET", path).status == 200

    def token_of(self, namespace: str, account: str) -> str:
        """A service account's token."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        found = self.call("POST", path_of("ServiceAccount", namespace, account) + "/token", body)
        assert found.status == 201, found.body
        return str(found.body["status"]["token"])

    def client(self, namespace: str, token: str) -> Client:
        """What a driver with this token has."""
        return Client(self.connection(namespace, token))

    def connection(self, namespace: str, token: str) -> Connection:
        """A way to this cluster."""
        from kubernetes import client

        settings = client.Configuration(host=self.host)
        settings.ssl_ca_cert = str(self.authority)
        settings.api_key = {"authorization": f"Bearer {token}"}
        settings.retries = urllib3.Retry(0, raise_on_redirect=False)
        return Connection(client.ApiClient(settings), namespace, f"the Kubernetes API at {self.host}", "")

    def kubeconfig(self, namespace: str, token: str) -> dict[str, Any]:
        """The kubeconfig of a service account."""
        cluster = {"server": self.host, "certificate-authority": str(self.authority)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": token}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me", "namespace": namespace}}],
        }

    def watch(self, path: str, version: str) -> Iterator[tuple[str, Any]]:
        """What happens to all objects of a kind, until the server ends it."""
        headers = {"Authorization": f"Bearer {self.token}"}
        query = urlencode({"watch": "true", "resourceVersion": version, "timeoutSeconds": "600"})
        found = self.pool.request(
            "GET", f"{self.host}/{path}?{query}", headers=headers, preload_content=False, timeout=620, retries=False
        )
        rest = b""
        try:
            for chunk in found.stream(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    event = json.loads(line)
                    yield event["type"], event["object"]
        finally:
            found.close()


def path_of(kind: str, namespace: str, name: str = "") -> str:
    """The path of an object, or of all of a kind."""
    return PATHS[kind].format(namespace) + (f"/{name}" if name else "")


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def refused(call: Callable[[], object]) -> int:
    """The status with which the API refuses a call; 0 when it does not."""
    try:
        call()
    except ApiError as error:
        return error.status
    return 0


@contextmanager
def serving(program: Path, folder: Path) -> Iterator[Plane]:
    """A cluster while it lives."""
    command = [str(program), "serve", "-job-batch", "20ms", "-pod-backoff", "50ms", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n", "the cluster does not start"
            config = yaml.safe_load((folder / "kubeconfig").read_text())
            cluster = config["clusters"][0]["cluster"]
            authority = folder / "authority.crt"
            authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
            pool = urllib3.PoolManager(num_pools=2, maxsize=64, ca_certs=str(authority))
            yield Plane(folder, cluster["server"], config["users"][0]["user"]["token"], authority, pool)
        finally:
            process.stdin.close()
