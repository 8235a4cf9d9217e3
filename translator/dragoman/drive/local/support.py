"""How faithfully this machine runs a flow: its steps are processes, not containers."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.emitter import Emulated, Native, Refused, Support, Weaker
from dragoman.plan.features import Feature

_NO_MOUNTS = Weaker("processes see this machine's files: nothing is mounted")
_ENVIRONMENT = Emulated("the variable of that name in your own environment")

SUPPORT: Mapping[Feature, Support] = {
    **dict.fromkeys(Feature, Native()),
    Feature.SECRET_ENV: _ENVIRONMENT,
    Feature.CONFIG_ENV: _ENVIRONMENT,
    Feature.PVC: _NO_MOUNTS,
    Feature.SECRET_VOLUME: _NO_MOUNTS,
    Feature.CONFIG_VOLUME: _NO_MOUNTS,
    Feature.EMPTY_DIR: _NO_MOUNTS,
    Feature.REQUESTS_AND_LIMITS: Weaker("requests of cpu and memory are counted, limits are not enforced"),
    Feature.GPU: Weaker("GPUs are not counted"),
    Feature.ACCELERATOR: Weaker("the kind of GPU is not looked at"),
    Feature.DISK: Weaker("disk is not counted"),
    Feature.SHM: Weaker("/dev/shm is this machine's own"),
    Feature.RETRY_SPOT: Weaker("this machine does not go away"),
    Feature.SCHEDULE: Weaker("a run starts now"),
    Feature.QUEUE: Weaker("there is no queue"),
    Feature.COMPUTE_BATCH: Refused(
        "AWS Batch is not this machine", "give the step another `compute`, or run it elsewhere"
    ),
    Feature.SERVICE_ACCOUNT: Weaker("processes run as you"),
    Feature.POD_METADATA: Weaker("processes have no labels"),
    Feature.PULL_POLICY: Weaker("images are not used: commands run on this machine"),
    Feature.WORKING_DIR: Weaker("processes start in this folder"),
    Feature.PATCH: Weaker("there is no object to patch"),
}
