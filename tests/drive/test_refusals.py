"""What a person reads when a run cannot be started: one finding, never a traceback."""

from __future__ import annotations

import sys

import pytest

from drive.fakes import Refusal, Script
from drive.words import Outcome, Start, Way, Write

ONE = 'steps: {train: {image: "busybox:1.36", command: ["true"]}}'
RIGHTS = "docs/run.md lists what a person who runs flows must be allowed to do"
OLDER = "the cluster's Argo may be older than the flow says: `targets.argo.version`"
GENERIC = "install Argo Workflows (its CRDs), or choose another cluster: `--context NAME`"

# the answer to the creation -> code, the message behind the API's name, the help
ANSWERS = {
    "forbidden": (
        Refusal(403, 'workflows.argoproj.io is forbidden: User "ann" cannot create resource "workflows"'),
        "DRG605",
        'does not allow it: workflows.argoproj.io is forbidden: User "ann" cannot create resource "workflows"',
        RIGHTS,
    ),
    "no CRD": (
        Refusal(404, raw="404 page not found\n"),
        "DRG606",
        "knows no Argo workflows: 404 page not found",
        GENERIC,
    ),
    "invalid": (
        Refusal(422, 'Workflow.argoproj.io "train-x7k2p" is invalid: spec.parallelism: Invalid value: 0'),
        "DRG607",
        'refuses the workflow: Workflow.argoproj.io "train-x7k2p" is invalid: spec.parallelism: Invalid value: 0',
        OLDER,
    ),
    "unknown field": (
        Refusal(400, 'strict decoding error: unknown field "spec.podResources"'),
        "DRG607",
        'refuses the workflow: strict decoding error: unknown field "spec.podResources"',
        OLDER,
    ),
    "no template": (
        Refusal(400, 'workflowtemplates.argoproj.io "train" not found'),
        "DRG607",
        'refuses the workflow: workflowtemplates.argoproj.io "train" not found',
        "apply the template first (`dragoman render | kubectl apply -f -`), or leave `--from-template` out",
    ),
    "failing": (
        Refusal(500, "etcd has no leader"),
        "DRG609",
        "failed (500): etcd has no leader",
        "look whether the run was started before you start it again",
    ),
    "a login page": (
        Refusal(200, raw="<html>Sign in</html>"),
        "DRG603",
        "answers what Argo does not (200): the answer is no JSON object",
        "check the address",
    ),
    "a redirect": (
        Refusal(302, "go there"),
        "DRG603",
        "answers what Argo does not (302): go there",
        "check the address",
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_refusal(case: str, start: Start, flow: Write, way: Way) -> None:
    flow(ONE)
    answer, code, message, way_out = ANSWERS[case]
    fake = way.begin(Script(create=answer))
    assert start(*way.flags(fake)) == Outcome(
        2, "", f"error[{code}]: {way.place} at {fake.url} {message}\n   = help: {way_out}\n\n1 error\n"
    )


def test_no_such_namespace(start: Start, flow: Write, way: Way) -> None:
    flow(ONE)
    fake = way.begin(Script(create=Refusal(404, 'namespaces "ml" not found')))
    assert start(*way.flags(fake)) == Outcome(
        2,
        "",
        "error[DRG606]: there is no namespace `ml`\n"
        "   = help: create it, or say another: `--namespace NAME`\n\n1 error\n",
    )


def test_unknown_to_the_cluster(start: Start, flow: Write, cluster: Way) -> None:
    flow(ONE)
    fake = cluster.begin(Script(create=Refusal(401, "Unauthorized")))
    assert start() == Outcome(
        2,
        "",
        f"error[DRG604]: the Kubernetes API at {fake.url} does not know who you are: Unauthorized\n"
        "   = help: log in to the cluster again; `kubectl auth whoami` tells who you are\n\n1 error\n",
    )


@pytest.mark.parametrize(
    ("token", "help"),
    [
        ("", 'no token was sent: `export ARGO_TOKEN="$(argo auth token)"`'),
        ("old", "the token in the variable ARGO_TOKEN is not accepted: get a new one with `argo auth token`"),
    ],
)
def test_unknown_to_the_argo_server(
    token: str, help: str, start: Start, flow: Write, argo_server: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow(ONE)
    fake = argo_server.begin(Script(create=Refusal(401, "token not valid")))
    monkeypatch.setenv("ARGO_TOKEN", token)
    assert start(*argo_server.flags(fake)) == Outcome(
        2,
        "",
        f"error[DRG604]: the Argo Server at {fake.url} does not know who you are: token not valid\n"
        f"   = help: {help}\n\n1 error\n",
    )
    assert fake.tokens == {f"Bearer {token}" if token else None}


def test_nobody_listens(start: Start, flow: Write, way: Way) -> None:
    flow(ONE)
    fake = way.begin(Script())
    flags, url = way.flags(fake), fake.url
    fake.shutdown()
    fake.server_close()
    assert start(*flags) == Outcome(
        2,
        "",
        f"error[DRG603]: {way.place} at {url} cannot be reached: connection refused\n"
        "   = help: check the address, the network, and whether it is up\n\n1 error\n",
    )


def test_an_address_that_speaks_another_protocol(start: Start, flow: Write, argo_server: Way) -> None:
    flow(ONE)
    url = argo_server.begin(Script()).url.replace("http:", "https:")
    assert start("--server", url, "--namespace", "ml").err.splitlines()[:2] == [
        f"error[DRG603]: the Argo Server at {url} cannot be reached: wrong version number",
        "   = help: check the address, the network, and whether it is up",
    ]


@pytest.mark.parametrize(
    ("flags", "message", "help"),
    [
        (
            ["--server", "argo.example:2746", "--namespace", "ml"],
            "`--server argo.example:2746` is no URL",
            "for example `--server https://argo.example:2746`",
        ),
        (
            ["--server", "https://argo.example"],
            "an Argo Server needs to be told the namespace",
            "say `--namespace NAME`, or give the flow a `metadata.namespace`",
        ),
    ],
)
def test_an_argo_server_that_is_not_named_right(
    flags: list[str], message: str, help: str, start: Start, flow: Write
) -> None:
    flow(ONE)
    assert start(*flags) == Outcome(2, "", f"error[DRG602]: {message}\n   = help: {help}\n\n1 error\n")


def test_no_such_context(start: Start, flow: Write, cluster: Way) -> None:
    flow(ONE)
    cluster.begin(Script())
    outcome = start("--context", "there")
    assert (outcome.code, outcome.err.splitlines()[1:]) == (
        2,
        [
            "   = help: say `--context NAME`, set the variable KUBECONFIG, or name an Argo Server: `--server URL`",
            "",
            "1 error",
        ],
    )
    assert outcome.err.startswith("error[DRG602]: no cluster is configured: ")
    assert "there" in outcome.err.splitlines()[0]


def test_no_kubeconfig(start: Start, flow: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    flow(ONE)
    monkeypatch.setenv("KUBECONFIG", "nowhere")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert start().err.startswith("error[DRG602]: no cluster is configured: ")


@pytest.mark.parametrize(("module", "flags"), [("kubernetes", []), ("argo_workflows", ["--server", "https://argo"])])
def test_the_extra_is_not_installed(
    module: str, flags: list[str], start: Start, flow: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow(ONE)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    outcome = start("--namespace", "ml", *flags)
    assert (outcome.code, outcome.err.splitlines()[1]) == (2, "   = help: pip install 'dragoman[argo]'")
    assert outcome.err.startswith("error[DRG601]: a client for Argo is not installed: ")


def test_a_pod_without_a_service_account(start: Start, flow: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    flow(ONE)
    monkeypatch.setenv("KUBECONFIG", "nowhere")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert start().err.splitlines()[0] == "error[DRG602]: no cluster is configured: Service token file does not exist."


def test_another_target(start: Start, flow: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    flow(ONE)
    monkeypatch.setattr("dragoman.cli.run.TARGETS", ("local",))  # as for the target of another package
    outcome = start("-t", "argo")
    assert (outcome.code, outcome.err[:14]) == (2, "error[DRG303]:")
