"""How faithfully AWS Batch and Step Functions say each feature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dragoman.emit.batch.build import graphs
from dragoman.emit.batch.settings import settings
from dragoman.emit.batch.trying import by_machine, by_state
from dragoman.emitter import Emulated, Native, Refused, Support, Weaker
from dragoman.lower.matrix import expand_matrix
from dragoman.plan.features import Feature, starts_beside_failures
from dragoman.plan.model import Plan, Step
from dragoman.plan.references import steps_of

_COUNTED = Emulated("states that count the attempts")
_NOT_LIMITED = Refused("Step Functions does not count the jobs of a graph", "limit each loop: `foreach.parallelism`")

SUPPORT: Mapping[Feature, Support] = {
    Feature.ORDER: Emulated("states one after the other, or beside each other"),
    Feature.ON_FAILURE: Emulated("a Choice that asks how the step ended"),
    Feature.ON_COMPLETION: Emulated("a Choice that asks how the step ended"),
    Feature.WHEN: Native(),
    Feature.GROUP: Native(),
    Feature.GROUP_PARALLELISM: _NOT_LIMITED,
    Feature.FAIL_FAST: Weaker("what runs beside a failed step is stopped"),
    Feature.GO_ON_AFTER_FAILURE: Emulated("a Choice that asks how the steps ended"),
    Feature.FOREACH_STATIC: Native(),
    Feature.FOREACH_OUTPUT: Native(),
    Feature.FOREACH_RANGE: Native(),
    Feature.FOREACH_MATRIX: Emulated("one list of the combinations", by=expand_matrix),
    Feature.FOREACH_MATRIX_OUTPUT: Refused(
        "a Map loops over one list", "let a step produce the combinations, and loop over its output"
    ),
    Feature.FOREACH_PARALLELISM: Native(),
    Feature.FOREACH_MAX_ITEMS: Emulated("a Choice before the loop"),
    Feature.FOREACH_INDEX: Native(),
    Feature.TOLERATE_ALL: Emulated("each item's failure is caught"),
    Feature.TOLERATE_COUNT: Emulated("each item's failure is caught, and they are counted at the end"),
    Feature.OUTPUT_FILE: Emulated(
        "a second container (on EC2 of 1 vCPU) writes them to S3, and the state machine reads them"
    ),
    Feature.OUTPUT_STDOUT: Refused("a job's log can be read only some time after it", "write a file"),
    Feature.OUTPUT_DEFAULT: Native(),
    Feature.OUTPUT_LIST: Native(),
    Feature.RUNTIME_TEXT: Native(),
    Feature.RUNTIME_PARAM: Weaker("the input of an execution is not checked against the parameter's type and range"),
    Feature.COMMAND: Weaker("an image's own entrypoint stays: the command is what it is given"),
    Feature.SCRIPT: Weaker("an argument of the interpreter, which is what the image's own entrypoint is given"),
    Feature.SECRET_ENV: Emulated("the secret or parameter that `targets.batch.secrets` names"),
    Feature.CONFIG_ENV: Emulated("the secret or parameter that `targets.batch.secrets` names"),
    Feature.PVC: Emulated("the file system that `targets.batch.volumes` names"),
    Feature.SECRET_VOLUME: Refused("Batch has no files from secrets", "read it as a variable: `env`"),
    Feature.CONFIG_VOLUME: Refused("Batch has no files from ConfigMaps", "put them into the image"),
    Feature.EMPTY_DIR: Native(),
    Feature.REQUESTS_AND_LIMITS: Weaker("memory has one number, the larger; a limit of cpu is not enforced"),
    Feature.DYNAMIC_RESOURCES: Native(),
    Feature.BOUNDS: Weaker("an amount beyond its bound is not stopped"),
    Feature.GPU: Native(),
    Feature.ACCELERATOR: Emulated("the queue that `targets.batch.accelerators` names"),
    Feature.DISK: Weaker("an instance's disk is nobody's own"),
    Feature.SHM: Native(),
    Feature.RETRY: Native(),
    Feature.BACKOFF: _COUNTED,
    Feature.RETRY_EXIT_CODE: Native(),
    Feature.RETRY_OOM: Native(),
    Feature.RETRY_SPOT: Native(),
    Feature.ESCALATE: _COUNTED,
    Feature.ATTEMPT: _COUNTED,
    Feature.TIMEOUT: Native(),
    Feature.FLOW_TIMEOUT: Native(),
    Feature.FLOW_PARALLELISM: _NOT_LIMITED,
    Feature.ON_EXIT: Emulated("the flow as one branch, whose failure is caught"),
    Feature.SCHEDULE: Native(),
    Feature.QUEUE: Native(),
    Feature.COMPUTE_KUBERNETES: Refused(
        "Batch runs jobs in its own machines", "give the step `compute: batch`, or render for `kubernetes`"
    ),
    Feature.COMPUTE_BATCH: Native(),
    Feature.SERVICE_ACCOUNT: Refused("Batch knows roles, not service accounts", "say `targets.batch.jobRole`"),
    Feature.POD_METADATA: Refused("a job has tags, which are the flow's `metadata.labels`", "label the flow"),
    Feature.PULL_POLICY: Weaker("Batch pulls an image as its instances are set up to"),
    Feature.WORKING_DIR: Refused("Batch starts programs where the image says", "change the directory in the command"),
    Feature.PATCH: Native(),
}


def narrow(plan: Plan) -> Mapping[Feature, Support]:
    """What this plan, or the platform it runs on, makes better or worse than the table says."""
    options = settings(plan.options)
    changed: dict[Feature, Support] = {}
    if not any(starts_beside_failures(steps) for steps, fail_fast in graphs(plan) if fail_fast) and not any(
        step.foreach is not None and step.foreach.parallelism is not None for step in steps_of(plan)
    ):
        changed[Feature.FAIL_FAST] = Native()
    if plan.timeout is not None and plan.on_exit:
        changed[Feature.FLOW_TIMEOUT] = Weaker("`onExit` does not run when the flow takes too long")
    if plan.schedule is not None and (plan.schedule.concurrency != "Allow" or plan.schedule.history is not None):
        changed[Feature.SCHEDULE] = Weaker("a run starts whether or not the last one has ended, and is kept 90 days")
    if options.platform == "FARGATE":
        changed.update(_fargate())
    if any(step.timeout is not None and _retried_by_batch(step) for step in steps_of(plan)):
        changed[Feature.TIMEOUT] = Weaker("Batch does not retry a job that took too long")
    return changed


def _retried_by_batch(step: Step) -> bool:
    return step.retry is not None and step.retry.limit > 0 and not by_machine(step) and by_state(step) is None


def _fargate() -> Iterator[tuple[Feature, Support]]:
    yield Feature.DISK, Native()
    yield Feature.GPU, Refused("Fargate has no GPUs", "say `targets.batch.platform: EC2`")
    yield Feature.SHM, Refused("Fargate has no shared memory to set", "say `targets.batch.platform: EC2`")
