"""The plan: a flow with every default applied and every reference typed, in terms that know no engine.

All of it is frozen and plain: tuples, mappings that nobody changes, and the expression trees of `dragoman.expr`.
Amounts are whole numbers in the units of `quantity.SCALE`, or expressions while they are known only at run time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from dragoman.expr.text import Template
from dragoman.expr.tree import Expr
from dragoman.expr.types import Type
from dragoman.plan.origin import Layer, Origin, Source

Text: TypeAlias = str | Template
Amount: TypeAlias = int | Template
Address: TypeAlias = tuple[str, ...]  # a step's names from the outermost group inwards


class Reference(NamedTuple):
    """What an expression's leaf points to: the target of `expr.tree.Ref`.

    output  a step's output         step = its address, name = the output
    item    a loop's item           step = the looping step's address
    index   a loop's counter, from 0
    param   a parameter that may change when a run is started
    run     a fact of the run       name = id | name | status
    attempt the attempt's number, from 1
    input   a template's input; none is left in a plan
    """

    kind: Literal["output", "item", "index", "param", "run", "attempt", "input"]
    step: Address = ()
    name: str = ""


class Accelerator(NamedTuple):
    """How a policy says that a kind of GPU is asked for."""

    resource: str = "nvidia.com/gpu"
    node_selector: Mapping[str, str] = {}
    tolerations: tuple[Mapping[str, str], ...] = ()


class Resources(NamedTuple):
    """What a container needs; keys are `cpu memory gpu disk`."""

    requests: Mapping[str, Amount] = {}
    limits: Mapping[str, Amount] = {}
    bounds: Mapping[str, int] = {}
    shm: int | None = None
    accelerator: str | None = None
    placement: Accelerator | None = None


class Escalation(NamedTuple):
    """One resource that is multiplied by `factor` with each retry, up to `maximum`."""

    resource: str
    factor: float
    maximum: int


class Backoff(NamedTuple):
    """The wait between attempts, in seconds."""

    delay: int
    factor: int
    maximum: int | None


class Retry(NamedTuple):
    """`causes` is empty when every failure is worth a retry."""

    limit: int
    backoff: Backoff | None = None
    causes: tuple[str | int, ...] = ()
    escalate: tuple[Escalation, ...] = ()


class Output(NamedTuple):
    """A step's output: a file, stdout, or (of a group) a value computed from its steps' outputs.

    `default` is the text a reader gets when the step was skipped or the file is missing; None when there is none.
    """

    name: str
    type: Type
    path: str | None = None
    stdout: bool = False
    default: str | None = None
    value: Expr | None = None


class Foreach(NamedTuple):
    """A loop over a list, over every combination of the lists of a matrix, or over 0 … `size` - 1.

    What is known at render is a `Literal`. `type` is the item's.
    """

    kind: Literal["list", "range", "matrix"]
    variable: str
    type: Type
    items: Expr | None = None
    size: Expr | None = None
    axes: tuple[tuple[str, Expr], ...] = ()
    parallelism: int | None = None
    max_items: int | None = None
    tolerate: int | Literal["all"] | None = None


class Need(NamedTuple):
    """A step of the same graph that comes first, and what must have become of it."""

    step: str
    condition: Literal["succeeded", "failed", "completed"] = "succeeded"


class Script(NamedTuple):
    """A program of the spec and the command that runs its file."""

    interpreter: tuple[str, ...]
    source: str


class EnvSource(NamedTuple):
    """A value that the engine looks up in a secret or a ConfigMap."""

    kind: Literal["secret", "configMap"]
    name: str
    key: str


class Volume(NamedTuple):
    """A directory in the container; `name` is the claim's, secret's or ConfigMap's, `size` in bytes."""

    kind: Literal["pvc", "secret", "configMap", "emptyDir"]
    mount: str
    name: str = ""
    sub_path: str | None = None
    read_only: bool = False
    size: int | None = None
    medium: str | None = None


class Container(NamedTuple):
    """What runs: `command` and `args` have Kubernetes' meaning; None leaves the image's own."""

    image: Text
    command: tuple[Text, ...] | None = None
    args: tuple[Text, ...] | None = None
    script: Script | None = None
    env: Mapping[str, Text | EnvSource] = {}
    volumes: tuple[Volume, ...] = ()
    resources: Resources = Resources()
    working_dir: str | None = None
    pull_policy: str | None = None
    service_account: str | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class Step(NamedTuple):
    """One unit of work (`container`) or a group (`steps`); times in seconds.

    `target_resources` are the explicit amounts of the step's block for the chosen target, for the policy's max-of.
    `layers` are the mappings it was made of, highest first; `origins` adds who set a value (by its path in the step,
    `resources.requests.cpu`) that none of them did: see `plan.origins.origin`.
    """

    address: Address
    container: Container | None = None
    steps: tuple[Step, ...] = ()
    needs: tuple[Need, ...] = ()
    when: Expr | None = None
    foreach: Foreach | None = None
    outputs: Mapping[str, Output] = {}
    retry: Retry | None = None
    timeout: int | None = None
    compute: str | None = None
    queue: str | None = None
    parallelism: int | None = None
    fail_fast: bool = True
    target_resources: Resources = Resources()
    layers: tuple[Layer, ...] = ()
    origins: Mapping[str, Origin] = {}

    @property
    def name(self) -> str:
        """The step's own name."""
        return self.address[-1]


class Param(NamedTuple):
    """A parameter with its value; `runtime` ones may get another when a run is started."""

    name: str
    type: Type
    value: Any
    runtime: bool = False
    enum: tuple[Any, ...] = ()
    description: str | None = None


class Schedule(NamedTuple):
    """When the flow runs by itself; `starting_deadline` in seconds."""

    cron: tuple[str, ...]
    timezone: str
    concurrency: str
    suspend: bool
    starting_deadline: int | None
    history: int | None


class Plan(NamedTuple):
    """One flow for one target."""

    name: str
    target: str
    steps: tuple[Step, ...]
    source: Source
    namespace: str | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    params: tuple[Param, ...] = ()
    on_exit: tuple[Step, ...] = ()
    schedule: Schedule | None = None
    parallelism: int | None = None
    timeout: int | None = None
    fail_fast: bool = True
    options: Mapping[str, Any] = {}
