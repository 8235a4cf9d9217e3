"""What moto 5.2 lacks to execute a state machine of Batch jobs, put in from outside.

- arguments in PascalCase (getmoto/moto#10076), JSONata (getmoto/moto#10105), texts with quotes in JSONata's variables, divisions,
  `$string` of letters and of small floats
- Batch itself: jobs are the processes of `aws.jobs`, `ecsProperties` are taken
- no member of SubmitJob is dropped in silence; S3's errors have AWS's names
- what a branch or an iteration failed with may be one of `States.…`
- a job whose task is aborted or timed out is terminated
- a second of Step Functions lasts as long as one of the jobs
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import boto3
import jsonata
from botocore.config import Config
from jsonata.functions import Functions
from moto import backends
from moto.batch.exceptions import ClientException
from moto.batch.responses import BatchResponse
from moto.settings import moto_server_port
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.intrinsic import jsonata as intrinsic
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_batch,
    state_task_service_callback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.jsonata import jsonata as evaluation

from aws import rules
from aws.jobs import Jobs


class Now(NamedTuple):
    """What the patched parts work for."""

    jobs: Jobs
    second: float


_NOW: list[Now] = []
_CLIENTS = threading.Lock()


def work_for(now: Now | None) -> None:
    _NOW[:] = [] if now is None else [now]


def _jobs() -> Jobs:
    if not _NOW:
        raise ClientException("no test is running")
    return _NOW[0].jobs


def _second() -> float:
    return _NOW[0].second if _NOW else 0.0


# Batch.


def _register(self: Any) -> str:
    return json.dumps(_jobs().register(json.loads(self.body)))


def _submit(self: Any) -> str:
    body = json.loads(self.body)
    queue = self.batch_backend.get_job_queue(body.get("jobQueue", ""))
    if queue is None:
        raise ClientException(f"Job queue {body.get('jobQueue')} does not exist")
    return json.dumps(_jobs().submit(body, queue.name))


def _terminate(self: Any) -> str:
    body = json.loads(self.body)
    _jobs().terminate(body["jobId"], body["reason"])
    return "{}"


BATCH: dict[str, Callable[[Any], str]] = {
    "registerjobdefinition": _register,
    "describejobdefinitions": lambda self: json.dumps(_jobs().describe_definitions(json.loads(self.body))),
    "submitjob": _submit,
    "describejobs": lambda self: json.dumps(_jobs().describe(json.loads(self.body)["jobs"])),
    "listjobs": lambda self: json.dumps(_jobs().listed(json.loads(self.body))),
    "terminatejob": _terminate,
    "canceljob": _terminate,
}


# Step Functions: the names of arguments and results.


def pascal(name: str) -> str:
    return name[:1].upper() + name[1:]


def to_api(value: Any, wanted: Any, place: str = "") -> Any:
    """Arguments of a task, named as the service names them. What a map's keys are is the user's."""
    if wanted.type_name == "structure" and isinstance(value, dict):
        names = {pascal(name): name for name in wanted.members}
        unknown = [name for name in value if name not in names]
        if unknown:
            raise ValueError(f'The field "{unknown[0]}" is not supported by Step Functions{place and f", at {place}"}')
        return {
            names[name]: to_api(inner, wanted.members[names[name]], f"{place}.{name}") for name, inner in value.items()
        }
    if wanted.type_name == "list" and isinstance(value, list):
        return [to_api(inner, wanted.member, f"{place}[{index}]") for index, inner in enumerate(value)]
    if wanted.type_name == "map" and isinstance(value, dict):
        return {name: to_api(inner, wanted.value, f"{place}[{name}]") for name, inner in value.items()}
    if wanted.type_name == "string" and not isinstance(value, str):
        raise ValueError(f'The value for the field "{place}" must be a STRING')
    if wanted.type_name == "blob" and not isinstance(value, bytes):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return value


def _operation(self: Any, service: str | None, action: str | None) -> Any:
    wanted = self._get_boto_service_action(action).replace("_", "")
    known = rules.model(self._get_boto_service_name(service))
    return next(known.operation_model(name) for name in known.operation_names if name.lower() == wanted)


def _named_arguments(
    self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    wanted = _operation(self, boto_service_name, service_action_name).input_shape
    named = to_api(parameters, wanted)
    parameters.clear()
    parameters.update(named)


def _named_result(
    self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    self._from_boto_response(response, _operation(self, boto_service_name, service_action_name).output_shape)


@cache
def _client(port: str, region: str, service: str) -> Any:
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, max_pool_connections=64)
    return boto3.session.Session().client(
        service,
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=region,
        aws_access_key_id="a",
        aws_secret_access_key="s",
        config=config,
    )


def _client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    with _CLIENTS:
        return _client(moto_server_port(), region, service)


def _supported(self: Any) -> set[str] | None:
    """The arguments of `batch:submitJob`; there is no other action."""
    if self.resource.api_action != "submitJob":
        return None
    return {pascal(name) for name in rules.shape("batch", "SubmitJob").members}


def _attached(parameters: dict[str, Any]) -> None:
    """What Step Functions adds to the jobs that it waits for."""
    overrides = parameters.setdefault("ContainerOverrides", {})
    entries = overrides.setdefault("Environment", [])
    entries.append({"Name": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"})


# Step Functions: JSONata.


def _evaluate(expression: str) -> Any:
    try:
        parsed = jsonata.Jsonata(expression)
        for name, function in FUNCTIONS.items():
            parsed.register_lambda(name, function)
        return _numbers(json.loads(json.dumps(parsed.evaluate(None), allow_nan=False)))
    except Exception as error:
        raise evaluation.JSONataException("UNKNOWN", str(error)) from error


class _Encoder(Functions.Encoder):  # type: ignore[misc]
    """JSON as JavaScript writes it: letters as they are, 1e-7."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})

    def iterencode(self, value: Any, _one_shot: bool = False) -> Iterator[str]:
        """Without the encoder that is written in C, which knows no other floats."""
        for part in super().iterencode(value, _one_shot=False):
            yield re.sub(r"e([+-])0(\d)$", r"e\1\2", part) if FLOAT.fullmatch(part.strip("[,{:")) else part


FLOAT = re.compile(r"-?[0-9.]+e[+-][0-9]+")


def _numbers(value: Any) -> Any:
    """4.0 is 4, as in JavaScript."""
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    if isinstance(value, dict):
        return {key: _numbers(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _range(first: float, last: float, step: float) -> list[float]:
    found = []
    while (first <= last) if step > 0 else (first >= last):
        found.append(first)
        first += step
    return found


def _hash(value: Any, algorithm: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "parse": lambda text: json.loads(text),
    "partition": lambda items, size: [items[at : at + size] for at in range(0, len(items), size)],
    "range": _range,
    "hash": _hash,
    "uuid": lambda: str(uuid.uuid4()),
    "randomSeeded": lambda seed: random.Random(seed).random(),
}


# moto takes what stands between two divisions for a regular expression, and finds no variables there
REFERENCES = re.compile(
    r"(?:(?<=[(,])|(?<=[(,] ))/(?:\\.|[^\\/])*/[a-z]*"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|(\$\$|\$[A-Za-z0-9_$]+(?:\.[A-Za-z0-9_][A-Za-z0-9_$]*)*|\$)"
)


def _declared(bindings: dict[str, Any]) -> str:
    return "".join(
        f"{name}:={json.dumps(value, ensure_ascii=False, separators=(',', ':'), default=str)};"
        for name, value in bindings.items()
    )


# Step Functions: waiting.


def _sync_resolver(self: Any, env: Any, *args: Any, **kwargs: Any) -> Callable[[], Any]:
    """Asks for a job when it has ended; ends it when nobody waits any more."""
    job_id = env.stack[-1]["JobId"]
    resolve = _SYNC_RESOLVER(self, env, *args, **kwargs)
    job = _jobs().jobs[job_id]
    job.given = env.states.get_input()

    def wait() -> Any:
        ended = job.ended.wait(0.02)
        return resolve() if ended else None

    wait.job = job_id  # type: ignore[attr-defined]
    return wait


def _eval_sync(self: Any, env: Any, sync_resolver: Any, *args: Any, **kwargs: Any) -> Any:
    if not hasattr(sync_resolver, "job"):
        return _EVAL_SYNC(self, env, sync_resolver, *args, **kwargs)
    while env.is_running():
        found = sync_resolver()
        if found:
            return found
    if _NOW:
        _jobs().terminate(sync_resolver.job, "the task was aborted")
    return None


def _wait_interval(self: Any, env: Any, wait_seconds: float) -> None:
    end = time.monotonic() + wait_seconds * _second()
    while env.is_running() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.01))


class _Event(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(None if timeout is None else min(timeout * _second(), threading.TIMEOUT_MAX))


class _Thread(threading.Thread):
    def join(self, timeout: float | None = None) -> None:
        super().join(None if timeout is None else timeout * _second())


class _Threading:
    """The module, with seconds of AWS."""

    def __init__(self, **instead: Any) -> None:
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return self._instead[name] if name in self._instead else getattr(threading, name)


class _Time:
    def sleep(self, seconds: float) -> None:
        time.sleep(seconds * _second())


_BATCH = state_task_service_batch.StateTaskServiceBatch
_CALLBACK = state_task_service_callback.StateTaskServiceCallback
_SYNC_RESOLVER = _BATCH._build_sync_resolver
_EVAL_SYNC = _CALLBACK._eval_sync


def _error(error_name: str | None) -> Any:
    """What a branch or an iteration failed with, as its Parallel or Map fails with it."""
    known = error_name is not None and error_name.startswith("States.")
    return StatesErrorName.from_name(error_name) if known else CustomErrorName(error_name)


def install() -> None:
    """Put it all in."""
    modules = tuple(backends.list_of_moto_modules())  # which reads a directory for every request
    backends.list_of_moto_modules = lambda: modules
    for name, function in BATCH.items():
        setattr(BatchResponse, name, function)
    StateTaskService._normalise_parameters = _named_arguments
    StateTaskService._normalise_response = _named_result
    for module in (state_task_service_batch, state_task_service_aws_sdk):
        module.boto_client_for = _client_for
    state_task_service_aws_sdk._SERVICE_ERROR_NAMES["s3"] = "S3"
    _BATCH._get_supported_parameters = _supported
    _BATCH._attach_aws_environment_variables = staticmethod(_attached)
    _BATCH._build_sync_resolver = _sync_resolver
    _CALLBACK._eval_sync = _eval_sync
    state_task_service_callback._DELAY_SECONDS_SYNC_CONDITION_CHECK = 0.0
    evaluation._eval_jsonata = _evaluate
    Functions.Encoder = _Encoder
    evaluation._PATTERN_VARIABLE_REFERENCE = REFERENCES
    intrinsic._DECLARATION_BY_VARIABLE_REFERENCE.clear()
    evaluation.encode_jsonata_variable_declarations = _declared
    variable_store.encode_jsonata_variable_declarations = _declared
    states.encode_jsonata_variable_declarations = _declared
    branches_decl.CustomErrorName = iteration_worker.CustomErrorName = _error
    retrier_decl.time = _Time()
    WaitFunction._wait_interval = _wait_interval
    execute_state.threading = _Threading(Event=_Event)
    program.threading = _Threading(Thread=_Thread)
