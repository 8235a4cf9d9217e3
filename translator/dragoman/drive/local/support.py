"""How faithfully this machine runs a flow: its steps as processes, or as containers."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.emitter import Emulated, Native, Refused, Support, Weaker
from dragoman.plan.features import Feature

_NO_MOUNTS = Weaker("processes see this machine's files: nothing is mounted")
_NOT_IN_A_CLUSTER = "leave `--container` out, and read the files where they are on this machine; or run it in a cluster"

# what one machine is not, however its steps run
_ONE_MACHINE: Mapping[Feature, Support] = {
    **dict.fromkeys(Feature, Native()),
    Feature.SECRET_ENV: Emulated("the variable of that name in your own environment"),
    Feature.CONFIG_ENV: Emulated("the variable of that name in your own environment"),
    Feature.ACCELERATOR: Weaker("the kind of GPU is not looked at"),
    Feature.DISK: Weaker("disk is not counted"),
    Feature.RETRY_SPOT: Weaker("this machine does not go away"),
    Feature.SCHEDULE: Weaker("a run starts now"),
    Feature.QUEUE: Weaker("there is no queue"),
    Feature.COMPUTE_KUBERNETES: Weaker("every step runs on this machine"),
    Feature.COMPUTE_BATCH: Refused(
        "AWS Batch is not this machine", "give the step another `compute`, or run it elsewhere"
    ),
    Feature.PATCH: Weaker("there is no object to patch"),
}

PROCESSES: Mapping[Feature, Support] = {
    **_ONE_MACHINE,
    Feature.PVC: _NO_MOUNTS,
    Feature.SECRET_VOLUME: _NO_MOUNTS,
    Feature.CONFIG_VOLUME: _NO_MOUNTS,
    Feature.EMPTY_DIR: _NO_MOUNTS,
    Feature.REQUESTS_AND_LIMITS: Weaker("requests are counted, limits are not enforced"),
    Feature.GPU: Weaker("GPUs are counted, and told in CUDA_VISIBLE_DEVICES"),
    Feature.SHM: Weaker("/dev/shm is this machine's own"),
    Feature.RETRY_OOM: Weaker("a process that was killed counts as out of memory"),
    Feature.SERVICE_ACCOUNT: Weaker("processes run as you"),
    Feature.POD_METADATA: Weaker("processes have no labels"),
    Feature.PULL_POLICY: Weaker("images are not used: commands run on this machine"),
    Feature.WORKING_DIR: Weaker("processes start in this folder"),
}

CONTAINERS: Mapping[Feature, Support] = {
    **_ONE_MACHINE,
    Feature.PVC: Refused("a PersistentVolumeClaim is in a cluster, not on this machine", _NOT_IN_A_CLUSTER),
    Feature.SECRET_VOLUME: Refused("the secret is in a cluster, not on this machine", _NOT_IN_A_CLUSTER),
    Feature.CONFIG_VOLUME: Refused("the ConfigMap is in a cluster, not on this machine", _NOT_IN_A_CLUSTER),
    Feature.EMPTY_DIR: Weaker("an empty folder has no limit on its size unless it is in memory"),
    Feature.REQUESTS_AND_LIMITS: Emulated("the engine's limits of cpu and memory, at most this machine's cores"),
    Feature.SERVICE_ACCOUNT: Weaker("containers have no service account"),
    Feature.POD_METADATA: Weaker("containers have the step's labels, and no annotations"),
}
