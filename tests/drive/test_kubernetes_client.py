"""The real client against an API of HTTP: what it sends, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.drive.answers import ApiError
from dragoman.drive.cluster import connect
from dragoman.drive.kubernetes.api import Chosen
from dragoman.drive.kubernetes.client import Client
from drive.conftest import KUBECONFIG
from drive.kubernetes_http import NAMESPACE, Server, serving
from drive.kubernetes_memory import Call, Memory

JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "a", "labels": {"run": "r é"}},
    "spec": {"template": {}},
}
ALL = Chosen("jobs", "run=r é")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Memory()) as server:
        yield server


@pytest.fixture
def client(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(url=server.url, namespace=NAMESPACE))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    return Client(connect("", ""))


def test_an_object_is_applied_patched_listed_and_deleted(client: Client, server: Server) -> None:
    made = client.apply("jobs", JOB)
    assert made["metadata"]["uid"]
    assert client.apply("jobs", JOB) == made
    client.patch("jobs", "a", {"metadata": {"annotations": {"x": "1"}}})
    [found] = client.page(ALL).items
    assert found["metadata"]["annotations"] == {"x": "1"}
    assert not client.page(Chosen("jobs", name="b")).items
    client.delete("jobs", "a")
    assert not client.page(Chosen("jobs", name="a")).items
    assert {asked.token for asked in server.asked} == {"Bearer sesame"}


def test_long_lists_come_in_parts(client: Client, server: Server) -> None:
    for number in range(700):
        server.memory.create("jobs", {"metadata": {"name": f"j{number}", "labels": {"run": "r é"}}, "spec": {}})
    first = client.page(ALL)
    assert (len(first.items), first.more) == (500, "500")
    assert len(client.page(ALL, first.more).items) == 200


def test_a_watch_shows_what_happens_and_ends(client: Client, server: Server) -> None:
    version = client.page(ALL).version
    client.apply("jobs", JOB)
    server.memory.remove("jobs", "a")
    events = [(kind, item["metadata"].get("name")) for kind, item in client.watch(ALL, version)]
    assert events == [("ADDED", "a"), ("DELETED", "a"), ("BOOKMARK", None)]
    asked = server.asked[-1].query
    assert (asked["allowWatchBookmarks"], asked["resourceVersion"]) == ("true", version)


@pytest.mark.parametrize(("status", "said"), [(410, "too old"), (500, "broken"), (0, "the connection broke")])
def test_a_watch_that_fails_says_why(status: int, said: str, client: Client, server: Server) -> None:
    client.apply("jobs", JOB)
    server.memory.refuse = lambda call: ApiError(status, said) if call.verb == "event" else None
    with pytest.raises(ApiError) as caught:
        list(client.watch(ALL, "0"))
    assert (caught.value.status, caught.value.message) == (status, said)


@pytest.mark.parametrize(
    "error",
    [
        ApiError(409, "modified"),
        ApiError(410, "expired"),
        ApiError(422, "field is immutable"),
        ApiError(429, "later", 7),
    ],
    ids=lambda error: str(error.status),
)
def test_a_refusal_says_what_and_how_long(error: ApiError, client: Client, server: Server) -> None:
    server.memory.refuse = lambda call: error
    with pytest.raises(ApiError) as caught:
        client.apply("jobs", JOB)
    assert (caught.value.status, caught.value.message, caught.value.after) == (error.status, error.message, error.after)


def test_answers_that_are_not_the_api_s(client: Client, server: Server) -> None:
    server.raw = 200, {}, "<html>log in</html>"
    with pytest.raises(ApiError, match="200 the answer is no JSON object"):
        client.apply("jobs", JOB)
    server.raw = 502, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, "<html>bad gateway</html>"
    with pytest.raises(ApiError) as caught:
        client.patch("jobs", "a", {})
    assert (caught.value.status, caught.value.message, caught.value.after, caught.value.passing) == (502, "", 0, True)
    server.raw = 302, {"Location": f"{server.url}/login"}, ""
    with pytest.raises(ApiError, match="302"):
        client.page(ALL)


def test_nobody_there(client: Client, server: Server) -> None:
    server.shutdown()
    server.server_close()
    for call in (lambda: client.apply("jobs", JOB), lambda: list(client.watch(ALL, "1"))):
        with pytest.raises(ApiError) as caught:
            call()
        assert (caught.value.status, caught.value.message) == (0, "connection refused")


def test_logs_are_cut_as_asked(client: Client, server: Server) -> None:
    server.memory.create("pods", {"metadata": {"name": "p"}})
    server.memory.logs["p", "main"] = "one\ntwo\nthree ü\n"
    assert client.log("p", "main") == "one\ntwo\nthree ü\n"
    assert client.log("p", "main", last=1) == "three ü\n"
    assert client.log("p", "main", most=3) == "one"
    with pytest.raises(ApiError, match='404 pods "q" not found'):
        client.log("q", "main")


def test_the_namespace_is_the_flow_s_or_the_context_s(client: Client, server: Server) -> None:
    assert connect("", "").namespace == NAMESPACE
    assert connect("bare", "").namespace == "default"
    with pytest.raises(ApiError, match="404 the server could not find"):
        Client(connect("", "other")).page(ALL)
    assert server.asked[-1].path == "/apis/batch/v1/namespaces/other/jobs"
    assert Call("list", "jobs", "") not in server.memory.calls
