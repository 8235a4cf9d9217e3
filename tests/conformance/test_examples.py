"""The example flows run to their ends: which pods, with what, in which order, and what they hand on."""

from __future__ import annotations

from pathlib import Path

from conformance.flows import ROOT, Flows
from conformance.nodes import Run


def example(name: str) -> Path:
    return ROOT / "manifests" / "examples" / name / f"{name}.dragoman.yaml"


def resources(run: Run, path: str) -> tuple[str, str, str, str]:
    """Requested cpu and memory, and their limits; `-` for none."""
    found = run.pod(path).resources
    return (
        found["requests"]["cpu"],
        found["requests"]["memory"],
        found["limits"].get("cpu", "-"),
        found["limits"].get("memory", "-"),
    )


def test_big_sum(flows: Flows) -> None:
    run = flows(example("big-sum"))
    (pod,) = run.pods
    assert run.phase == "Succeeded"
    assert (pod.path, pod.env, pod.printed) == ("big-sum", {"SIZE": "1000000"}, "499999500000\n")
    assert resources(run, "big-sum") == ("1", "60000Mi", "-", "60000Mi")
    assert pod.spec["activeDeadlineSeconds"] == 3600


def test_dynamic_resources(flows: Flows) -> None:
    run = flows(example("dynamic-resources"))
    assert run.phase == "Succeeded"
    assert [pod.path for pod in run.pods] == [
        "compute-resources",
        *(f"consume({number})" for number in range(3)),
        *(f"consume-default-memory({number})" for number in range(3)),
    ]
    items = '[{"cpu": 1, "mem": "100Mi"}, {"cpu": 2, "mem": "200Mi"}, {"cpu": 3, "mem": "300Mi"}]'
    assert run.pods[0].outputs == {"items": items}
    assert {pod.path: (resources(run, pod.path), pod.printed) for pod in run.pods[1:]} == {
        "consume(0)": (("1", "100Mi", "1", "100Mi"), "cpu 1 memory 100Mi\n"),
        "consume(1)": (("2", "200Mi", "2", "200Mi"), "cpu 2 memory 200Mi\n"),
        "consume(2)": (("3", "300Mi", "3", "300Mi"), "cpu 3 memory 300Mi\n"),
        "consume-default-memory(0)": (("1", "100Mi", "1", "100Mi"), "cpu 1 memory 100Mi\n"),
        "consume-default-memory(1)": (("2", "100Mi", "2", "100Mi"), "cpu 2 memory 100Mi\n"),
        "consume-default-memory(2)": (("3", "100Mi", "3", "100Mi"), "cpu 3 memory 100Mi\n"),
    }


def test_hybrid_cloud(flows: Flows) -> None:
    run = flows(example("hybrid-cloud"), last_first=True)
    assert (run.phase, run.most_at_once) == ("Succeeded", 2)
    assert [(pod.path, pod.printed) for pod in run.pods] == [
        ("countries.each(1).prepare", "prepared 2000 rows of BR\n"),
        ("countries.each(1).train", "trained BR to a score of 0.6\n"),
        ("countries.each(2).prepare", "prepared 2000 rows of NO\n"),
        ("countries.each(2).train", "trained NO to a score of 0.6\n"),
        ("countries.each(0).prepare", "prepared 2000 rows of US\n"),
        ("countries.each(0).train", "trained US to a score of 0.6\n"),
        ("join", "mean score 0.6\n"),
        ("end", "every country is done\n"),
    ]
    assert run.nodes["onExit.notify"] == "Skipped"
    train = run.pod("countries.each(1).train")
    assert (train.env["ROWS"], train.env["EPOCHS"]) == ("2000", "3")
    assert train.resources["requests"] == {"cpu": "4", "memory": "16384Mi", "nvidia.com/gpu": "1"}
    assert train.spec["nodeSelector"] == {"cloud.google.com/gke-accelerator": "nvidia-l4"}
    assert run.pod("join").env == {"SCORES": "[0.6,0.6,0.6]"}


def test_hybrid_cloud_tells_of_a_failure(flows: Flows) -> None:
    manifest = flows.rendered(example("hybrid-cloud")).replace("file.write(str(score))", "raise SystemExit(1)")
    run = flows.run(manifest)
    assert run.phase == "Failed"
    assert run.nodes["join"] == "Omitted"
    assert run.pod("onExit.notify").printed == "the training failed\n"


def test_scale_a_step(flows: Flows) -> None:
    run = flows(example("scale-a-step"), params={"val_per_sleep": "25"})
    assert run.phase == "Succeeded"
    assert [(pod.path, pod.printed) for pod in run.pods] == [
        ("generate", ""),
        ("pull(0)", "rows 0 to 99 in steps of 25\n"),
        ("pull(1)", "rows 100 to 199 in steps of 25\n"),
        ("pull(2)", "rows 200 to 299 in steps of 25\n"),
        ("pull(3)", "rows 300 to 399 in steps of 25\n"),
    ]


def test_task_resources(flows: Flows) -> None:
    run = flows(example("task-resources"))
    assert run.phase == "Succeeded"
    assert {pod.path: (resources(run, pod.path), pod.printed) for pod in run.pods} == {
        "large": (("1", "4Gi", "1", "6Gi"), "working on clicks in eu\n"),
        "small": (("500m", "512Mi", "1", "1Gi"), "working on events in eu\n"),
        "report": (("500m", "512Mi", "2", "1Gi"), "working on report in eu\n"),
    }
    assert run.pods[-1].path == "report"
