"""What an application sets: the parameters that the plugin announces, their values, their defaults.

A parameter of the application wins over `env` of its plugin block (DRAGOMAN_TARGET, which reaches us as
ARGOCD_ENV_DRAGOMAN_TARGET), and that over the same variable of the sidecar: the platform's own default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman.findings import Finding, Findings, did_you_mean

Shape: TypeAlias = Literal["string", "array", "map"]
Value: TypeAlias = str | tuple[str, ...] | dict[str, str]
OWN = "params."  # how the flow's own parameters are named among ours
PREFIX = "ARGOCD_ENV_"  # Argo CD's, on what an application says under `plugin.env`
VARIABLE = "DRAGOMAN_"


class Parameter(NamedTuple):
    """An announced parameter; `dynamic` ones are announced for the application's folder, not in plugin.yaml."""

    name: str
    title: str
    tooltip: str
    shape: Shape = "string"
    item: str = "string"
    default: str = ""
    dynamic: bool = False

    @property
    def variable(self) -> str:
        """The variable that says the same."""
        words = "".join(f"_{letter}" if letter.isupper() else letter for letter in self.name)
        return f"{VARIABLE}{words.upper()}"


PARAMETERS = (
    Parameter("target", "Target", "The engine, instead of the flow's own: argo, kubernetes or batch"),
    Parameter("environment", "Environment", "An environment of the flows", dynamic=True),
    Parameter("set", "Values", "Values of the spec, as --set takes them: steps.train.resources.cpu and 8", "map"),
    Parameter(
        "policies",
        "Policies",
        "Policy files of this repository, beside the platform's own; counted from the application's folder, or from "
        "the repository with a leading /",
        "array",
    ),
    Parameter("strict", "Strict", "true: a weaker translation is an error", item="boolean", default="false"),
    Parameter(
        "allowEmpty",
        "Allow an empty result",
        "true: no flows is no error, and everything that the application has is pruned",
        item="boolean",
        default="false",
    ),
    Parameter("extVars", "Jsonnet: external variables", "For std.extVar, as text", "map"),
    Parameter("tlas", "Jsonnet: top-level arguments", "For a flow that is a function, as text", "map"),
)
KNOWN = {parameter.name: parameter for parameter in PARAMETERS}


class Settings(NamedTuple):
    """The values, one field for each parameter; `params` are the flow's own, as `--set params.NAME=` takes them."""

    target: str = ""
    environment: str = ""
    set: Mapping[str, str] = {}
    policies: tuple[str, ...] = ()
    strict: bool = False
    allowEmpty: bool = False  # noqa: N815
    extVars: Mapping[str, str] = {}  # noqa: N815
    tlas: Mapping[str, str] = {}
    params: Mapping[str, str] = {}


def announcement(parameter: Parameter) -> dict[str, Any]:
    """The parameter as Argo CD is told of it (reposerver/repository/repository.proto, ParameterAnnouncement)."""
    return {
        "name": parameter.name,
        "title": parameter.title,
        "tooltip": parameter.tooltip,
        "required": False,
        "itemType": parameter.item,
        "collectionType": parameter.shape,
        parameter.shape: {"string": parameter.default, "array": [], "map": {}}[parameter.shape],
    }


def settings(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment says; raises `Findings` for what is no setting of ours."""
    findings: list[Finding] = []
    variables = {parameter.variable: parameter for parameter in PARAMETERS}
    given: dict[str, Value] = {}
    for prefix in ("", PREFIX):
        for variable, known in variables.items():
            text = environment.get(prefix + variable, "")
            if text.strip():
                given[known.name] = _of_variable(known, prefix + variable, text, findings)
    for name in sorted(environment):
        if name.startswith(PREFIX + VARIABLE) and name.removeprefix(PREFIX) not in variables:
            hint = did_you_mean(name.removeprefix(PREFIX), variables)
            findings.append(_wrong(f"`{name.removeprefix(PREFIX)}` is no setting of the plugin", hint))
    own: dict[str, str] = {}
    for entry in _entries(environment.get("ARGOCD_APP_PARAMETERS", ""), findings):
        name = entry["name"]
        parameter = KNOWN.get(name)
        if name.startswith(OWN) and name != OWN:
            parameter = Parameter(name, name, "")
        if parameter is None:
            findings.append(_wrong(f"the plugin has no parameter `{name}`", _known(name)))
            continue
        value = _of_entry(parameter, entry, findings)
        if value is not None and name.startswith(OWN):
            own[name.removeprefix(OWN)] = str(value)
        elif value is not None:
            given[name] = value
    read: dict[str, Any] = {
        name: _truth(name, value, findings) if KNOWN[name].item == "boolean" else value for name, value in given.items()
    }
    if findings:
        raise Findings(dict.fromkeys(findings))
    return Settings(**read, params=own)


def _entries(text: str, findings: list[Finding]) -> Iterable[dict[str, Any]]:
    """The entries of ARGOCD_APP_PARAMETERS; Argo CD writes `null` where an application has none."""
    import json

    try:
        entries = json.loads(text) if text.strip() else None
    except ValueError:
        findings.append(
            _wrong("ARGOCD_APP_PARAMETERS is not JSON", 'for example [{"name": "strict", "string": "true"}]')
        )
        return []
    if entries is None:
        return []
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        findings.append(_wrong("ARGOCD_APP_PARAMETERS is no list of parameters", "each is an object with a `name`"))
        return []
    return entries


def _of_entry(parameter: Parameter, entry: Mapping[str, Any], findings: list[Finding]) -> Value | None:
    """A parameter's value; None where it says nothing, as a field that was emptied does."""
    shapes: dict[Shape, type] = {"string": str, "array": list, "map": dict}
    said: dict[Shape, Any] = {shape: entry[shape] for shape in shapes if entry.get(shape)}
    if not said:
        return None
    value = said.get(parameter.shape)
    fits = isinstance(value, shapes[parameter.shape])
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if len(said) > 1 or not fits or not all(isinstance(i, str) for i in inner):
        example = {"string": "string: text", "array": "array: [text]", "map": "map: {key: text}"}[parameter.shape]
        message = f"the parameter `{parameter.name}` is {' and '.join(f'`{shape}`' for shape in said)}"
        findings.append(_wrong(message, f"say `{example}`, in quotes what would not be text"))
        return None
    if isinstance(value, list):
        return tuple(value)
    return None if isinstance(value, str) and not value.strip() else value


def _of_variable(parameter: Parameter, variable: str, text: str, findings: list[Finding]) -> Value:
    """The value of a variable: what is a list or a map has an entry a line."""
    if parameter.shape == "string":
        return text.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if parameter.shape == "array":
        return tuple(lines)
    pairs = [line.partition("=") for line in lines]
    for name, equals, _ in pairs:
        if not equals or not name:
            findings.append(_wrong(f"`{variable}` has the line `{name}`", "each line is `name=value`"))
    return {name: value for name, _, value in pairs}


def _truth(name: str, value: Value, findings: list[Finding]) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        findings.append(_wrong(f"the parameter `{name}` is `{value}`", "say `true` or `false`"))
    return text == "true"


def _known(name: str) -> str:
    hint = did_you_mean(name, KNOWN)
    return hint if hint.startswith("did") else f"{hint}; the flow's own are named `{OWN}NAME`"


def _wrong(message: str, help: str) -> Finding:
    return Finding("DRG672", message, None, help)
