"""The model of `targets.kubernetes`: settings that only plain Jobs have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dragoman.emit.patch_options import Patch
from dragoman.spec.fields import LARGEST, Duration, Meanings, Model, ObjectName


class KubernetesOptions(Model):
    """Settings of the kubernetes target."""

    version: (
        Literal["1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"]
        | None
    ) = None
    """The Kubernetes minor version that reads the manifests; 1.33 when absent."""
    ordering: (
        Annotated[
            Literal["auto", "coordinator", "waves", "jobset", "chain", "none"],
            Meanings(
                auto="the plainest that can say the flow: none, then waves where Argo CD delivers, then coordinator",
                coordinator="a small Job that starts the others when their turn comes; can say everything",
                waves="sync waves of Argo CD; only Argo CD looks at them",
                jobset="one JobSet, whose Jobs depend on each other; needs its controller, 0.9 or newer",
                chain="one pod, whose containers run one after the other",
                none="Jobs that all start when they are applied; only where no step needs another",
            ),
        ]
        | None
    ) = None
    """How Jobs are kept in order; `auto` when absent."""
    delivery: Literal["kubectl", "argocd"] | None = None
    """Who applies the manifests; `kubectl` (or whatever else does) when absent."""
    healthOverride: bool | None = None  # noqa: N815
    """Whether Argo CD has the health checks of `plugins/argocd`, which know Jobs that were suspended, and JobSets."""
    image: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The image of dragoman, for the coordinator and its sidecars; dragoman's own of this version when absent."""
    serviceAccount: ObjectName | None = None  # noqa: N815
    """The service account of every pod that names none."""
    coordinatorServiceAccount: ObjectName | None = None  # noqa: N815
    """A service account that may already do what the coordinator does; one with its Role is made when absent."""
    imagePullSecrets: list[ObjectName] | None = None  # noqa: N815
    """Secrets to pull images with."""
    podSecurity: Literal["restricted", "none"] | None = None  # noqa: N815
    """`restricted` (the default) meets the Pod Security Standard of that name; `none` sets nothing."""
    runAsUser: Annotated[int, Field(ge=1, le=LARGEST)] | None = None  # noqa: N815
    """The user, group and volume group of restricted pods; 1000 when absent."""
    ttl: Duration | None = None
    """How long Jobs are kept after they have ended; for good when absent, and always where Argo CD tracks them."""
    priorityClass: ObjectName | None = None  # noqa: N815
    """The priority class of every pod."""
    indexedFrom: Annotated[int, Field(ge=2, le=100_000)] | None = None  # noqa: N815
    """From how many items on a loop is an Indexed Job where it can be; 50 when absent."""
    itemFile: bool | None = None  # noqa: N815
    """Whether a loop's item is also the file `/dragoman/item` of its container."""
    runId: Annotated[str, Field(max_length=253)] | None = None  # noqa: N815
    """Part of every name's hash: another one runs everything again."""
    accept: list[str] | None = None
    """Features whose weaker translation is fine, by their names in `dragoman targets kubernetes`."""
    patch: list[Patch] | None = None
    """JSON Patches on the emitted objects."""
