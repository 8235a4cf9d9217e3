"""A step's container from its layers: the step itself over its template over the flow's defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dragoman.expr.scope import Scope
from dragoman.findings import did_you_mean
from dragoman.load.document import Path
from dragoman.plan.amounts import known, resources
from dragoman.plan.context import Context, address_of, as_text
from dragoman.plan.model import Container, EnvSource, Script, Text, Volume
from dragoman.plan.origin import Layer, Source

RESERVED = "DRAGOMAN_"


class Stack(NamedTuple):
    """The layers of one step, highest first, each with the scope of its texts and what puts its inputs in."""

    context: Context
    layers: tuple[Layer, ...]
    scopes: tuple[Scope, ...]
    settle: Callable[[Any], Any]  # replaces references to template inputs by what `with` gave

    def first(self, field: str) -> tuple[Any, Source, Path] | None:
        """The highest layer's value of a field, and its place."""
        for layer in self.layers:
            value = layer.data.get(field)
            if value is not None:
                return value, layer.source, (*layer.path, field)
        return None

    def value(self, field: str) -> Any:
        """The highest layer's value of a field."""
        for layer in self.layers:
            value = layer.data.get(field)
            if value is not None:
                return value
        return None

    def merged(self, field: str) -> dict[str, Any]:
        """A map field: keys of all layers, the highest layer's value of each."""
        result: dict[str, Any] = {}
        for layer in reversed(self.layers):
            block = layer.data.get(field)
            if block:
                result.update({key: value for key, value in block.items() if value is not None})
        return result

    def constant(self, field: str) -> str | None:
        """A string that must be known at render, from the highest layer that has it."""
        found = self.first(field)
        return None if found is None else self.context.constant(*found)

    def constants(self, field: str) -> dict[str, str]:
        """A map of strings that must be known at render: keys of all layers."""
        result: dict[str, str] = {}
        for layer in reversed(self.layers):
            for key, written in (layer.data.get(field) or {}).items():
                result[key] = self.context.constant(written, layer.source, (*layer.path, field, key))
        return result

    def text(self, number: int, written: str, path: Path) -> Text:
        """A string of layer `number`, its expressions checked in that layer's scope."""
        if "${{" not in written:
            return written
        return as_text(self.settle(self.context.string(written, self.layers[number].source, path, self.scopes[number])))

    def texts(self, number: int, field: str) -> tuple[Text, ...] | None:
        """A list of strings of layer `number`."""
        layer = self.layers[number]
        written = layer.data.get(field)
        if written is None:
            return None
        return tuple(self.text(number, item, (*layer.path, field, place)) for place, item in enumerate(written))


DIRECTORY = "/dragoman/outputs"  # what $DRAGOMAN_OUTPUTS names in a container
_EXPRESSION = re.compile(r"(?<!\$)\$\{\{")


def container(stack: Stack, name: str) -> Container:
    """The container; a finding when no layer says which image."""
    context, own = stack.context, stack.layers[0]
    command, args, script = _entrypoint(stack)
    image: Text = ""
    for number, layer in enumerate(stack.layers):
        if layer.data.get("image") is not None:
            image = stack.text(number, layer.data["image"], (*layer.path, "image"))
            if not image:
                context.report(
                    "DRG106", "`image` is empty", layer.source, (*layer.path, "image"), "name the container image"
                )
            break
    else:
        context.report(
            "DRG120",
            f"step `{name}` has no image",
            own.source,
            own.path,
            "set `image` on the step, its template, or in `spec.defaults`",
            key=True,
        )
    volumes = _volumes(stack)
    amounts = resources(context, stack.layers, stack.scopes, stack.settle)
    if amounts.shm is not None and any(volume.mount == "/dev/shm" for volume in volumes):
        _, source, path = stack.first("volumes") or (None, own.source, own.path)
        context.report(
            "DRG118",
            "`resources.shm` and a volume are both mounted at `/dev/shm`",
            source,
            path,
            "keep one of them",
        )
    return Container(
        image=image,
        command=command,
        args=args,
        script=script,
        env=_env(stack),
        volumes=volumes,
        resources=amounts,
        working_dir=stack.constant("workingDir"),
        pull_policy=stack.value("imagePullPolicy"),
        service_account=stack.value("serviceAccount"),
        labels=stack.merged("labels"),
        annotations=stack.constants("annotations"),
    )


def _entrypoint(stack: Stack) -> tuple[tuple[Text, ...] | None, tuple[Text, ...] | None, Script | None]:
    """`command`, `args`, `script` belong together: a layer that sets a command or a script hides those below it."""
    args: tuple[Text, ...] | None = None
    for number, layer in enumerate(stack.layers):
        if args is None:
            args = stack.texts(number, "args")
        script, command = layer.data.get("script"), layer.data.get("command")
        if script is not None and (command is not None or args is not None):
            other = "command" if command is not None else "args"
            stack.context.report(
                "DRG118",
                f"a step has `script` or `{other}`, not both",
                layer.source,
                (*layer.path, "script"),
                "keep the one that runs",
                key=True,
            )
        if script is not None:
            return None, None, _script(stack.context, script, layer.source, (*layer.path, "script"))
        if command is not None:
            return stack.texts(number, "command"), args, None
    return None, args, None


def _script(context: Context, block: Mapping[str, Any], source: Source, path: Path) -> Script:
    text: str = block["source"]
    if _EXPRESSION.search(text):
        context.report(
            "DRG123",
            "a script's source takes no expressions: a value in it could become code",
            source,
            (*path, "source"),
            "hand the value in through `env`, and read the variable in the script; a literal `${{` is written `$${{`",
        )
    return Script(tuple(block["interpreter"]), text.replace("$${{", "${{"))


def _env(stack: Stack) -> dict[str, Text | EnvSource]:
    result: dict[str, Text | EnvSource] = {}
    for number in reversed(range(len(stack.layers))):
        layer = stack.layers[number]
        for name, raw in (layer.data.get("env") or {}).items():
            path = (*layer.path, "env", name)
            if name.startswith(RESERVED):
                stack.context.report(
                    "DRG118",
                    f"`{name}`: names that start with `{RESERVED}` are dragoman's own",
                    layer.source,
                    path,
                    "choose another name",
                    key=True,
                )
            if raw is None:
                result.pop(name, None)
            elif isinstance(raw, dict):
                value = _env_source(stack.context, raw, layer.source, path)
                if value is not None:
                    result[name] = value
            else:
                result[name] = stack.text(number, str(raw), path)
    return result


def _env_source(context: Context, raw: Mapping[str, Any], source: Source, path: Path) -> EnvSource | None:
    kind = _one_of(context, raw, ("secret", "configMap"), source, path)
    if kind == "secret":
        return EnvSource("secret", *raw["secret"].split("/", 1))
    return None if kind is None else EnvSource("configMap", *raw["configMap"].split("/", 1))


def _volumes(stack: Stack) -> tuple[Volume, ...]:
    found = stack.first("volumes")
    if found is None:
        return ()
    raw, source, path = found
    context, volumes = stack.context, []
    mounts: dict[str, int] = {}
    for number, block in enumerate(raw):
        place = (*path, number)
        kind = _one_of(context, block, ("pvc", "secret", "configMap", "emptyDir"), source, place)
        mount = context.constant(block["mount"], source, (*place, "mount")).rstrip("/") or "/"
        if mount in mounts:
            context.report(
                "DRG118",
                f"two volumes are mounted at `{mount}`",
                source,
                (*place, "mount"),
                "mount each at a path of its own",
                related=((source.span((*path, mounts[mount], "mount")), "the other one"),),
            )
        _check_mount(context, mount, block.get("subPath") or "", source, place)
        mounts[mount] = number
        if kind is None:
            continue
        empty = block.get("emptyDir") or {}
        size = empty.get("size")
        volumes.append(
            Volume(
                kind=kind,  # type: ignore[arg-type]
                mount=mount,
                name="" if kind == "emptyDir" else block[kind],
                sub_path=_maybe_constant(context, block.get("subPath"), source, (*place, "subPath")),
                read_only=bool(block.get("readOnly")),
                size=None if size is None else known(context, "disk", size, source, (*place, "emptyDir", "size")),
                medium=empty.get("medium"),
            )
        )
    return tuple(volumes)


def _check_mount(context: Context, mount: str, sub_path: str, source: Source, place: Path) -> None:
    """What Kubernetes refuses in a mount (validation.go, ValidateVolumeMounts), and what is dragoman's own."""
    if mount == DIRECTORY:
        message = f"`{mount}` is where the outputs are written: dragoman mounts it"
        context.report("DRG118", message, source, (*place, "mount"), "mount the volume elsewhere")
    if ":" in mount:
        context.report("DRG106", f"`mount: {mount}` holds a `:`", source, (*place, "mount"), "choose a path without it")
    if ".." in sub_path.split("/") or sub_path.startswith("/"):
        message = f"`subPath: {sub_path}` leaves the volume"
        way_out = "a path inside the volume has no `..`, and no `/` in front"
        context.report("DRG106", message, source, (*place, "subPath"), way_out)


def _maybe_constant(context: Context, written: str | None, source: Source, path: Path) -> str | None:
    return None if written is None else context.constant(written, source, path)


def _one_of(
    context: Context, block: Mapping[str, Any], kinds: tuple[str, ...], source: Source, path: Path
) -> str | None:
    given = [kind for kind in kinds if block.get(kind) is not None]
    if len(given) == 1:
        return given[0]
    names = ", ".join(f"`{kind}`" for kind in kinds)
    context.report(
        "DRG118",
        f"`{address_of(path[-2:])}` has {'none' if not given else 'more than one'} of {names}",
        source,
        path,
        "give exactly one" if given else did_you_mean("", kinds),
    )
    return None
