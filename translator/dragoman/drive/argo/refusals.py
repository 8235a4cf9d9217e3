"""What a failed call means to the person who started the run: one finding, with the way out."""

from __future__ import annotations

import re

from dragoman.drive.answers import ApiError
from dragoman.drive.argo.reach import Reach
from dragoman.findings import Finding, Findings

_NO_NAMESPACE = re.compile(r'namespaces "([^"]+)" not found')
_NO_TEMPLATE = re.compile(r'(?:cluster)?workflowtemplates?\.argoproj\.io "([^"]+)" not found')
RIGHTS = "docs/run.md lists what a person who runs flows must be allowed to do"


def refused(error: ApiError, reach: Reach, name: str = "") -> Findings:
    """The finding for a call that failed: about the run of that name, or about starting one when there is none yet."""
    message = error.message
    status = error.status
    if status == 0:
        return _one("DRG603", f"{reach.place} cannot be reached: {message}", _unreachable(message))
    if status == 401:
        return _one("DRG604", f"{reach.place} does not know who you are: {message}", reach.login)
    if status == 403:
        return _one("DRG605", f"{reach.place} does not allow it: {message}", RIGHTS)
    if status == 404:
        return _missing(message, reach, name)
    if status in (400, 409, 413, 422):
        return _invalid(message, reach)
    if error.passing:
        way_out = "" if name else "look whether the run was started before you start it again"
        return _one("DRG609", f"{reach.place} failed ({status}): {message}", way_out)
    return _one("DRG603", f"{reach.place} answers what Argo does not ({status}): {message}", "check the address")


def _unreachable(message: str) -> str:
    if "certificate" in message:
        return "trust its certificate authority: the variable SSL_CERT_FILE, or the cluster's entry in the kubeconfig"
    return "check the address, the network, and whether it is up"


def _missing(message: str, reach: Reach, name: str) -> Findings:
    if name:
        return _one("DRG608", f"the run `{name}` is gone from namespace `{reach.namespace}`: {message}", "")
    if _NO_NAMESPACE.search(message):
        way_out = "create it, or say another: `--namespace NAME`"
        return _one("DRG606", f"there is no namespace `{reach.namespace}`", way_out)
    if _NO_TEMPLATE.search(message):
        return _invalid(message, reach)
    way_out = "install Argo Workflows (its CRDs), or choose another cluster: `--context NAME`"
    return _one("DRG606", f"{reach.place} knows no Argo workflows: {message or 'not found'}", way_out)


def _invalid(message: str, reach: Reach) -> Findings:
    way_out = "the cluster's Argo may be older than the flow says: `targets.argo.version`"
    if _NO_TEMPLATE.search(message):
        way_out = "apply the template first (`dragoman render | kubectl apply -f -`), or leave `--from-template` out"
    return _one("DRG607", f"{reach.place} refuses the workflow: {message}", way_out)


def _one(code: str, message: str, way_out: str) -> Findings:
    return Findings([Finding(code, message, None, way_out)], 2)
