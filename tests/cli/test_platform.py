"""What Argo CD says of the cluster decides what the flow leaves open."""

from __future__ import annotations

from pathlib import Path

import pytest

from dragoman.cli import main
from dragoman.cli.platform import platform

FLOW = """
apiVersion: dragoman.dev/v1alpha1
kind: Flow
metadata: {name: two, namespace: ml}
spec:
  target: kubernetes
  defaults: {image: busybox}
  steps:
    one: {}
    two: {needs: [one], retry: {limit: 1, causes: [oom]}}
"""


def test_a_render_elsewhere_depends_on_its_files_alone() -> None:
    assert platform({"KUBE_VERSION": "1.29.1"}) == {}


@pytest.mark.parametrize(
    ("said", "version"), [("1.29.4", "1.29"), ("v1.31", "1.31"), ("1.99.0", "1.37"), ("1.24.1", "1.24")]
)
def test_the_version_of_the_cluster(said: str, version: str) -> None:
    assert platform({"ARGOCD_APP_NAME": "app", "KUBE_VERSION": said}) == {
        "kubernetes": {"delivery": "argocd", "version": version},
        "batch": {"format": "crossplane"},
    }


def test_no_version_is_no_version() -> None:
    assert platform({"ARGOCD_APP_NAME": "app"})["kubernetes"] == {"delivery": "argocd"}


def test_argo_cd_gets_waves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.dragoman.yaml"
    file.write_text(FLOW)
    assert main(["render", str(file)]) == 0
    assert "coordinator" in capsys.readouterr().out
    monkeypatch.setenv("ARGOCD_APP_NAME", "app")
    monkeypatch.setenv("KUBE_VERSION", "1.29.4")
    assert main(["render", str(file)]) == 0
    shown = capsys.readouterr().out
    assert 'argocd.argoproj.io/sync-wave: "1"' in shown
    assert "coordinator" not in shown


def test_an_old_cluster_is_an_old_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.dragoman.yaml"
    file.write_text(FLOW + "  targets: {kubernetes: {ordering: waves}}\n")
    monkeypatch.setenv("ARGOCD_APP_NAME", "app")
    monkeypatch.setenv("KUBE_VERSION", "1.25.0")
    assert main(["render", str(file)]) == 1
    assert "Kubernetes 1.25 has no podFailurePolicy" in capsys.readouterr().err
