"""Pods: how Argo makes one of a template, what the API server makes of it, and how it then runs.

Argo's init container reads the template from its variable ARGO_TEMPLATE, where the kubelet puts variables in; what is
too long for a variable comes by a ConfigMap, which the kubelet does not read (workflow/controller/workflowpod.go).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml

from conformance.kubelet import NOT_FOUND, Sandbox, expand, variables
from conformance.nodes import Outputs
from conformance.scope import parameters
from conformance.tags import Refused, go_json

SCRIPT = "/argo/staging/script"
LONGEST = 131072  # MaxEnvVarLen
_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?")
_UNITS = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}


class Started(NamedTuple):
    """A pod as its container starts: `template` is what Argo's own containers read of it, None when they cannot."""

    spec: Mapping[str, Any]
    template: Mapping[str, Any] | None
    command: tuple[str, ...]
    env: Mapping[str, str]
    resources: Mapping[str, Mapping[str, str]]
    directories: tuple[str, ...]


class Ended(NamedTuple):
    """How a pod ended."""

    phase: str
    message: str
    outputs: Outputs
    printed: str


def pod_of(template: Mapping[str, Any]) -> dict[str, Any]:
    """The pod before its last pass: the user's container, and the template for Argo's own."""
    body = dict(template.get("container") or template["script"])
    source = body.pop("source", None)
    if not body.get("command"):
        raise Refused(f"failed to look-up entrypoint/cmd for image {body['image']!r}")
    if source:
        body["args"] = [*body.get("args", []), SCRIPT]
    settings = ("nodeSelector", "tolerations", "volumes", "serviceAccountName", "priorityClassName")
    staged = {"name": "ARGO_TEMPLATE", "value": go_json({**template, "inputs": {}})}
    return {
        "metadata": template.get("metadata") or {},
        "spec": {
            **{key: template[key] for key in settings if key in template},
            "activeDeadlineSeconds": template.get("activeDeadlineSeconds"),
            "initContainers": [{"name": "init", "env": [staged]}],
            "containers": [{"name": "main", **body}],
        },
    }


def patched(pod: Mapping[str, Any], patch: str | None) -> dict[str, Any]:
    """The pod with a podSpecPatch merged into it."""
    if patch is None:
        return dict(pod)
    try:
        change = yaml.safe_load(patch)
    except yaml.YAMLError as error:
        raise Refused(f"Failed to convert the PodSpecPatch yaml to json: {error}") from error
    return {**pod, "spec": _merged(pod["spec"], change)}


def admitted(pod: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The resources of the container as the API server keeps them; raises `Refused` where it would not take the pod."""
    main = pod["spec"]["containers"][0]
    for entry in main.get("env") or ():
        if not isinstance(entry.get("value", ""), str):
            raise Refused(f"the value of {entry['name']} is no string")
    declared = main.get("resources") or {}
    limits = {name: str(amount) for name, amount in (declared.get("limits") or {}).items()}
    requests = limits | {name: str(amount) for name, amount in (declared.get("requests") or {}).items()}
    for name, amount in requests.items():
        if quantity(amount) > quantity(limits.get(name, amount)):
            raise Refused(f"Invalid value: {amount!r}: must be less than or equal to {name} limit of {limits[name]}")
    return {"requests": requests, "limits": limits}


def started(pod: Mapping[str, Any], name: str) -> Started:
    """The pod of this name with its variables put in."""
    spec = pod["spec"]
    main = spec["containers"][0]
    env = variables(main.get("env") or ())
    args = main.get("args") or []
    if len(go_json(args).encode()) > LONGEST:
        args = [
            f"@/tmp/argo_arg_{number}.txt" if len(arg.encode()) > LONGEST else arg for number, arg in enumerate(args)
        ]
    else:
        args = [expand(arg, env) for arg in args]
    template = _staged(spec["initContainers"][0]["env"][0]["value"], name)
    return Started(
        spec,
        template,
        (*(expand(word, env) for word in main["command"]), *args),
        env,
        admitted(pod),
        _directories(main, template),
    )


def ended(pod: Started, sandbox: Sandbox, *, keeps: bool) -> Ended:
    """Run the pod's program to its end. `keeps`: whether Argo keeps what it prints."""
    if pod.template is None:
        return Ended("Error", "init: Error (exit code 1)", Outputs(), "")
    source = (pod.template.get("script") or {}).get("source")
    if source:
        sandbox.write(SCRIPT, source)
    code, printed, said = sandbox.run(pod.command, pod.env)
    values, missing = _read(pod.template, sandbox)
    outputs = Outputs(values, printed.removesuffix("\n") if keeps else None, str(code))
    if code != 0:
        return Ended("Failed", f"main: Error (exit code {code}){said if code == NOT_FOUND else ''}", outputs, printed)
    if missing:
        message = f"wait: Error (exit code 1): open {missing}: no such file or directory"
        return Ended("Error", message, outputs, printed)
    return Ended("Succeeded", "", outputs, printed)


def quantity(text: str) -> Decimal:
    """An amount as Kubernetes reads it."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise Refused(f"quantities must match the regular expression: {text!r}")
    number, unit = found[1], found[2] or ""
    return (
        Decimal(number + unit)
        if unit[:1] in "eE" and len(unit) > 1 and unit != "Ei"
        else Decimal(number) * _UNITS[unit]
    )


def _read(template: Mapping[str, Any], sandbox: Sandbox) -> tuple[dict[str, str | None], str]:
    """The output parameters, and the first file that is missing; Argo reads none after it."""
    values: dict[str, str | None] = {}
    missing = ""
    for one in parameters(template, "outputs"):
        source = one["valueFrom"]
        text = None if missing else sandbox.read(source["path"])
        value = source.get("default") if text is None and not missing else text
        values[one["name"]] = None if value is None else value.removesuffix("\n")
        missing = missing or ("" if value is not None else source["path"])
    return values, missing


def _staged(text: str, name: str) -> dict[str, Any] | None:
    """What Argo's init container reads in ARGO_TEMPLATE, its last variable."""
    before = {"ARGO_POD_NAME": name, "ARGO_CONTAINER_NAME": "init"}
    shown = text if len(text.encode()) > LONGEST else expand(text, before)
    try:
        template: dict[str, Any] = json.loads(shown)
    except json.JSONDecodeError:
        return None
    return template


def _directories(main: Mapping[str, Any], template: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The directories that the program may write to."""
    found = [mount["mountPath"] for mount in main.get("volumeMounts") or ()]
    for output in ((template or {}).get("outputs") or {}).get("parameters") or ():
        parent = str(PurePosixPath(output["valueFrom"]["path"]).parent)
        if not any(parent == mount or parent.startswith(f"{mount}/") for mount in found):
            found.append(parent)
    return (*found, str(PurePosixPath(SCRIPT).parent))


def _merged(whole: Any, change: Any) -> Any:
    """A strategic merge as far as pods need it: maps by key, lists of named things by name, all else replaced."""
    if isinstance(whole, dict) and isinstance(change, dict):
        return {**whole, **{key: _merged(whole.get(key), inner) for key, inner in change.items()}}
    if isinstance(whole, list) and isinstance(change, list) and all("name" in one for one in (*whole, *change)):
        named = {one["name"]: one for one in whole}
        return list({**named, **{one["name"]: _merged(named.get(one["name"]), one) for one in change}}.values())
    return change
