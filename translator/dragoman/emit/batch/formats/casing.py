"""One shape in two spellings: Batch's API has `jobName`, where CloudFormation and Step Functions have `JobName`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

# maps whose keys are the user's; a list of these names (`tags` of a state machine) has fields like any other
OWN_KEYS = frozenset({"parameters", "tags", "options", "labels", "annotations", "limits", "requests"})


def pascal(value: Any) -> Any:
    """The value with its fields as CloudFormation spells them.

    >>> pascal({"jobName": "a", "parameters": {"rowCount": "1"}})
    {'JobName': 'a', 'Parameters': {'rowCount': '1'}}
    """
    return _recast(value, lambda key: key[:1].upper() + key[1:])


def camel(value: Any) -> Any:
    """The value with its fields as Batch's API spells them.

    >>> camel({"JobName": "a", "Environment": [{"Name": "ROWS"}]})
    {'jobName': 'a', 'environment': [{'name': 'ROWS'}]}
    """
    return _recast(value, _lower)


def _lower(key: str) -> str:
    return key[:1].lower() + key[1:]


def _recast(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {
            change(key): dict(item) if _lower(key) in OWN_KEYS and isinstance(item, Mapping) else _recast(item, change)
            for key, item in value.items()
        }
    return [_recast(item, change) for item in value] if isinstance(value, list | tuple) else value
