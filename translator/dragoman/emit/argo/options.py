"""The model of `targets.argo`: settings that only Argo Workflows has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dragoman.emit.patch_options import Patch
from dragoman.spec.fields import BY_SHAPE, LARGEST, MAP, STRING, Duration, Model, ObjectName


class ArgoTtl(Model):
    """How long finished runs are kept, by how they ended."""

    completion: Duration | None = None
    """However it ended."""
    success: Duration | None = None
    """After a success."""
    failure: Duration | None = None
    """After a failure."""


class ArgoOptions(Model):
    """Settings of the argo target."""

    version: Literal["3.6", "3.7", "4.0", "4.1"] | None = None
    """The Argo Workflows minor version that reads the manifests; 4.1 when absent."""
    kind: Literal["WorkflowTemplate", "ClusterWorkflowTemplate", "Workflow"] | None = None
    """What is emitted: a template to start runs from (the default), or one run, named by its content."""
    crds: Literal["full", "minimal"] | None = None
    """Which CRDs the cluster has: Argo 4's `full` ones (the default) have limits that `minimal` ones have not."""
    serviceAccount: ObjectName | None = None  # noqa: N815
    """The service account of every pod that names none."""
    executorServiceAccount: ObjectName | None = None  # noqa: N815
    """The service account of Argo's own containers; the pods' own token is then not mounted."""
    imagePullSecrets: list[ObjectName] | None = None  # noqa: N815
    """Secrets to pull images with."""
    podSecurity: Literal["restricted", "none"] | None = None  # noqa: N815
    """`restricted` (the default) meets the Pod Security Standard of that name; `none` sets nothing."""
    runAsUser: Annotated[int, Field(ge=1, le=LARGEST)] | None = None  # noqa: N815
    """The user, group and volume group of restricted pods; 1000 when absent."""
    ttl: Annotated[Annotated[Duration, STRING] | Annotated[ArgoTtl, MAP], BY_SHAPE] | None = None
    """How long finished runs are kept."""
    podGC: Literal["OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"] | None = None  # noqa: N815
    """When pods are deleted; never, when absent."""
    priorityClass: ObjectName | None = None  # noqa: N815
    """The priority class of every pod."""
    archiveLogs: bool | None = None  # noqa: N815
    """Whether logs go to the artifact repository."""
    accept: list[str] | None = None
    """Features whose weaker translation is fine, by their names in `dragoman targets argo`."""
    patch: list[Patch] | None = None
    """JSON Patches on the emitted objects."""
