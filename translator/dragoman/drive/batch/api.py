"""What a driver needs of an AWS account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from dragoman.drive.answers import ApiError

Body: TypeAlias = Mapping[str, Any]  # an object as the API gives and takes it

THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
UNKNOWN = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "AuthFailure",
        "InvalidAccessKeyId",
        "OptInRequired",
        "NotAuthorized",
    }
)
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
NO_LOGIN, NO_SETTINGS = "NotLoggedIn", "NotConfigured"  # what is found before AWS is asked
NO_EXECUTION, TAKEN = "ExecutionDoesNotExist", "ExecutionAlreadyExists"


class AwsError(ApiError):
    """A call that failed: what was attempted (`states:StartExecution`), AWS's name of the error, and its words."""

    def __init__(self, action: str, code: str, message: str, status: int = 0) -> None:
        super().__init__(status, message)
        self.action, self.code = action, code

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later."""
        return self.code in THROTTLED or super().passing

    @property
    def denied(self) -> bool:
        """Whether AWS knows who asks, and does not allow it."""
        return self.code in DENIED or (self.status == 403 and self.code not in UNKNOWN)


class Event(NamedTuple):
    """One event of an execution's history; `before` is the id of the event that led to it, `time` since 1970."""

    id: int
    before: int
    type: str
    time: float
    details: Body


class Counts(NamedTuple):
    """The items of a loop that has histories of its own."""

    total: int
    done: int
    failed: int


class Aws(Protocol):
    """Batch, Step Functions and CloudWatch Logs in one region of an account; every method may raise `AwsError`.

    place   the account's services in a sentence
    region  the region that they are in
    """

    place: str
    region: str

    def queues(self, names: Sequence[str]) -> dict[str, str]:
        """The state (ENABLED, DISABLED) of each queue that is there, by the name or ARN that it was asked for."""

    def register(self, definition: Body) -> bool:
        """Register a job definition, unless its newest active revision is the same; whether it did."""

    def deploy(self, machine: Body) -> str:
        """Create or update a state machine; the ARN whose executions run just this definition."""

    def start(self, machine: str, name: str, input: str) -> str:
        """Start an execution; its ARN. A running one of that name and input is taken for it."""

    def history(self, execution: str, after: int) -> list[Event]:
        """The events behind that one, in their order."""

    def items(self, map_run: str) -> Counts:
        """How far a loop is that has histories of its own."""

    def lost(self, map_run: str) -> list[str]:
        """Some executions of such a loop's items that failed."""

    def jobs(self, ids: Sequence[str]) -> dict[str, Body]:
        """The descriptions of jobs, by their ids; those that are forgotten are left out."""

    def children(self, job: str) -> list[str]:
        """The ids of some children of an array that failed."""

    def log(self, group: str, stream: str) -> str:
        """The last lines of a log; empty when there is none."""

    def stop(self, execution: str) -> None:
        """Stop an execution, and with it the jobs that it waits for."""
