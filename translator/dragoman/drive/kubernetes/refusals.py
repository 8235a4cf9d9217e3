"""What a failed call means to the person who runs a flow on a cluster: one finding, with the way out."""

from __future__ import annotations

from dragoman.drive.answers import ApiError
from dragoman.drive.cluster import LOGIN, Connection
from dragoman.findings import Finding, Findings

RIGHTS = "docs/run.md lists what a person who runs flows must be allowed to do"


def refused(error: ApiError, place: Connection) -> Findings:
    """The finding for a call that failed."""
    status, message = error.status, error.message
    if status == 0:
        way_out = "check the address, the network, and whether it is up"
        if "certificate" in message:
            way_out = "trust its certificate authority: the cluster's entry in the kubeconfig"
        return _one("DRG603", f"{place.place} cannot be reached: {message}", way_out)
    if status == 401:
        return _one("DRG604", f"{place.place} does not know who you are: {message}", LOGIN)
    if status == 403:
        return _one("DRG605", f"{place.place} does not allow it: {message}", RIGHTS)
    if status == 404:
        way_out = "create it, or say another: `--namespace NAME`"
        return _one("DRG606", f"there is no namespace `{place.namespace}`: {message}", way_out)
    if error.passing:
        return _one("DRG609", f"{place.place} failed ({status}): {message}", "try again later")
    if status in (400, 409, 413, 422):
        return _one("DRG621", f"{place.place} refuses the run: {message}", "change what it names")
    return _one("DRG603", f"{place.place} answers what Kubernetes does not ({status}): {message}", "check the address")


def lost(error: ApiError, place: Connection, name: str, id_: str) -> Findings:
    """The same for a run that has begun: its Jobs go on, and nothing new starts."""
    [finding] = refused(error, place).findings
    again = f"the Jobs that run go on, nothing new starts: `--run-id {id_}` goes on with the run `{name}`"
    return Findings([finding._replace(help="; ".join(filter(None, (finding.help, again))))], 2)


def gone(place: Connection, name: str) -> Findings:
    """The finding for a run that was deleted while it was driven."""
    message = f"the run `{name}` was deleted from namespace `{place.namespace}` while it ran, and its Jobs with it"
    return _one("DRG622", message, "")


def _one(code: str, message: str, way_out: str) -> Findings:
    return Findings([Finding(code, message, None, way_out)], 2)
