"""A step's container as an Argo template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dragoman import quantity
from dragoman.emit.argo.build import inputs_of
from dragoman.emit.argo.expressions import Spell, Unprintable, as_text, tag
from dragoman.emit.argo.retry import escalated, retry_strategy
from dragoman.emit.argo.scope import Scope
from dragoman.emit.argo.settings import Settings
from dragoman.emit.argo.text import BRACE, BRACE_VARIABLE, argument_text, container_text, escape
from dragoman.emit.objects import drop_empty
from dragoman.emit.pods import (
    LABEL_VALUE,
    QUEUE_LABEL,
    RESTRICTED_CONTAINER,
    mounts,
    placed,
    resource_names,
    volumes,
    writes_outputs,
)
from dragoman.emit.scripts import INLINE, flag
from dragoman.expr.text import Template, as_expr
from dragoman.plan.containers import DIRECTORY
from dragoman.plan.model import Amount, Container, EnvSource, Output, Resources, Script, Step


def pod_template(step: Step, name: str, scope: Scope, settings: Settings) -> dict[str, Any]:
    """The template; values that it needs from elsewhere become inputs of `scope`."""
    container = step.container
    assert container is not None
    amounts = container.resources
    labels = {**({QUEUE_LABEL: _queue(step.queue)} if step.queue else {}), **container.labels}
    body = _body(step, container, scope, settings)
    patch = _pod_spec_patch(step, amounts, scope)
    return drop_empty(
        {
            "name": name,
            "metadata": drop_empty(
                {
                    "labels": labels,
                    "annotations": {key: literal(text, "annotations") for key, text in container.annotations.items()},
                }
            ),
            "inputs": inputs_of(scope),
            "outputs": drop_empty(
                {"parameters": [_output(output) for output in step.outputs.values() if not output.stdout]}
            ),
            **placed(amounts),
            "activeDeadlineSeconds": step.timeout,
            "retryStrategy": retry_strategy(step.retry, has_cap=settings.since("3.7")) if step.retry else None,
            "podSpecPatch": patch,
            "serviceAccountName": container.service_account,
            "priorityClassName": settings.priorityClass,
            "volumes": volumes(step, container),
            **body,
        }
    )


def _queue(name: str) -> str:
    if not LABEL_VALUE.fullmatch(name):
        raise Unprintable(
            f"`queue: {name}` cannot be the value of a label, which is how Kueue is told",
            "name a LocalQueue: letters, digits, `-`, `_` and `.`, at most 63",
        )
    return name


def literal(text: str, what: str) -> str:
    """Text in a place that no kubelet reads, so that braces cannot be kept from Argo."""
    if "{{" in text:
        raise Unprintable(
            f"`{what}` holds `{{{{`, which Argo reads as one of its tags", "write it without double braces"
        )
    return text


def _body(step: Step, container: Container, scope: Scope, settings: Settings) -> dict[str, Any]:
    spell = scope.spell
    command = [container_text(word, spell) for word in container.command or ()]
    args = [container_text(word, spell) for word in container.args or ()]
    env = [_env(name, value, scope) for name, value in container.env.items()]
    source = None
    if container.script is not None:
        command, args, source = _script(container.script)
    if writes_outputs(step):
        env.insert(0, {"name": "DRAGOMAN_OUTPUTS", "value": DIRECTORY})
    if scope.escaped or any(
        BRACE in text for text in (*command, *args, *(str(entry.get("value", "")) for entry in env))
    ):
        env.insert(0, {"name": BRACE_VARIABLE, "value": "{"})
    body = drop_empty(
        {
            "image": _image(container, spell),
            "imagePullPolicy": container.pull_policy,
            "command": command,
            "args": args,
            "workingDir": None if container.working_dir is None else literal(container.working_dir, "workingDir"),
            "env": env,
            "resources": _resources(container.resources, step),
            "securityContext": RESTRICTED_CONTAINER if settings.podSecurity == "restricted" else None,
            "volumeMounts": _mounts(step, container),
            "source": source,
        }
    )
    return {"script" if source is not None else "container": body}


def _image(container: Container, spell: Spell) -> str:
    if isinstance(container.image, str):
        return literal(container.image, "image")
    parts = container.image.parts
    return "".join(literal(part, "image") if isinstance(part, str) else argument_text(part, spell) for part in parts)


def _script(script: Script) -> tuple[list[str], list[str], str | None]:
    """A script as Argo's own; one that holds `{{` as an argument of its interpreter, where braces can be kept."""
    command = [escape(word) for word in script.interpreter]
    if "{{" not in script.source:
        return (
            command,
            [],
            escape(script.source),
        )  # the kubelet reads it too: Argo hands it over in a variable
    inline = flag(script.interpreter[0])
    if inline is None:
        raise Unprintable(
            f"the script holds `{{{{`, which Argo reads, and `{script.interpreter[0]}` takes no program as an argument",
            "put the script into the image, or use one of " + ", ".join(INLINE),
        )
    return command, [inline, escape(script.source)], None


def _env(name: str, value: str | Template | EnvSource, scope: Scope) -> dict[str, Any]:
    if isinstance(value, EnvSource):
        source = "secretKeyRef" if value.kind == "secret" else "configMapKeyRef"
        return {"name": name, "valueFrom": {source: {"name": value.name, "key": value.key}}}
    return {"name": name, "value": container_text(value, scope.spell)}


def _output(output: Output) -> dict[str, Any]:
    source: dict[str, Any] = {"path": literal(output.path or "", "outputs.path")}
    if output.default is not None:
        source["default"] = literal(output.default, "outputs.default")
    return {"name": output.name, "valueFrom": source}


def _writes_outputs(step: Step) -> bool:
    """Whether the container needs the directory for its outputs."""
    return any(output.path is not None and output.path.startswith(DIRECTORY) for output in step.outputs.values())


def _names(amounts: Resources) -> dict[str, str]:
    gpu = amounts.placement.resource if amounts.placement else "nvidia.com/gpu"
    return {"cpu": "cpu", "memory": "memory", "disk": "ephemeral-storage", "gpu": gpu}


def _resources(amounts: Resources, step: Step) -> dict[str, Any]:
    names = resource_names(amounts)
    growing = {growth.resource for growth in step.retry.escalate} if step.retry else set()

    def block(values: Mapping[str, Amount], skipped: tuple[str, ...] = ()) -> dict[str, str]:
        return {
            names[key]: quantity.canonical(key, value)
            for key, value in values.items()
            if isinstance(value, int) and key not in growing and key not in skipped
        }

    # devices cannot be overcommitted: a limit is the request
    return drop_empty({"requests": block(amounts.requests, ("gpu",)), "limits": block(amounts.limits)})


def _pod_spec_patch(step: Step, amounts: Resources, scope: Scope) -> str | None:
    """What Argo can only fill in on the pod: amounts from data, amounts that grow with each retry."""
    names = resource_names(amounts)
    growth = {entry.resource: entry for entry in step.retry.escalate} if step.retry else {}
    patch: dict[str, dict[str, str]] = {}
    for kind, values in (("requests", amounts.requests), ("limits", amounts.limits)):
        for key, value in values.items():
            if key == "gpu" and kind == "requests":
                continue
            if key in growth:
                patch.setdefault(kind, {})[names[key]] = f'"{escalated(key, value, growth[key])}"'
            elif not isinstance(value, int):
                patch.setdefault(kind, {})[names[key]] = _amount(value, scope)
    if not patch:
        return None
    lines = ["containers:", "- name: main", "  resources:"]
    for kind, amounts_of in patch.items():
        lines += [f"    {kind}:", *(f"      {name}: {amount}" for name, amount in amounts_of.items())]
    return "\n".join(lines) + "\n"


def _amount(value: Template, scope: Scope) -> str:
    """An amount from data as a JSON string: whatever it holds, it stays one value of the patch's YAML."""
    return tag(f"toJson({as_text(as_expr(value), scope.spell)})")


def _mounts(step: Step, container: Container) -> list[dict[str, Any]]:
    for volume in container.volumes:
        literal(volume.mount, "volumes.mount")
        literal(volume.sub_path or "", "volumes.subPath")
    return mounts(step, container)
