"""The forms of strings in Kubernetes objects: what a name, a key of a label, a path may be.

From `apimachinery/pkg/util/validation` and `pkg/apis/core/validation` of Kubernetes 1.37.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

NAME = 253  # a subdomain: the names of objects
LABEL = 63  # a DNS label, a label's value

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_label = re.compile(_LABEL).fullmatch
_label_1035 = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?").fullmatch
_subdomain = re.compile(rf"{_LABEL}(?:\.{_LABEL})*").fullmatch
_word = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?").fullmatch
_config_key = re.compile(r"[-._a-zA-Z0-9]+").fullmatch
_domain_path = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+").fullmatch
_header = re.compile(r"[-A-Za-z0-9]+").fullmatch
_port = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch
_variable = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*").fullmatch
_printable = re.compile(r"[ -<>-~]+").fullmatch  # ASCII without `=`


class Format(NamedTuple):
    """A form of strings: the test, what such a string is called, how to write one."""

    fits: Callable[[str], bool]
    name: str
    help: str


def label(text: str) -> bool:
    """A DNS label of RFC 1123.

    >>> label("main-2"), label("Main"), label("a.b")
    (True, False, False)
    """
    return len(text) <= LABEL and _label(text) is not None


def label_1035(text: str) -> bool:
    """A DNS label that begins with a letter: the name of a service."""
    return len(text) <= LABEL and _label_1035(text) is not None


def subdomain(text: str) -> bool:
    """DNS labels with dots between them."""
    return len(text) <= NAME and _subdomain(text) is not None


def label_key(text: str) -> bool:
    """A name, with or without the domain of who it belongs to.

    >>> label_key("app"), label_key("example.com/app"), label_key("a/b/c"), label_key("")
    (True, True, False, False)
    """
    prefix, slash, name = text.rpartition("/")
    return len(name) <= LABEL and _word(name) is not None and (not slash or subdomain(prefix))


def label_value(text: str) -> bool:
    """What a label may say; nothing is fine."""
    return not text or (len(text) <= LABEL and _word(text) is not None)


def config_key(text: str) -> bool:
    """A key of a ConfigMap or a Secret: it can be a file's name."""
    return len(text) <= NAME and _config_key(text) is not None and text != "." and not text.startswith("..")


def variable(text: str) -> bool:
    """The name of an environment variable before Kubernetes 1.32."""
    return _variable(text) is not None and text != "." and not text.startswith("..")


def printable(text: str) -> bool:
    """The name of an environment variable since Kubernetes 1.32."""
    return _printable(text) is not None


def path_inside(text: str) -> bool:
    """A path without a step up."""
    return bool(text) and ".." not in text.split("/")


def path_below(text: str) -> bool:
    """A relative path without a step up; nothing is fine."""
    return not text.startswith("/") and ".." not in text.split("/")


def local_path(text: str) -> bool:
    """A relative path of a file in a volume; names that begin with two dots are the kubelet's."""
    return bool(text) and path_below(text) and not text.startswith("..")


def path_segment(text: str) -> bool:
    """The name of an RBAC object: one part of a URL."""
    return bool(text) and text not in {".", ".."} and "/" not in text and "%" not in text


def _domain_prefixed(text: str) -> bool:
    domain, slash, path = text.partition("/")
    return len(text) <= LABEL and subdomain(domain) and bool(slash) and _domain_path(path) is not None


def _port_name(text: str) -> bool:
    return len(text) <= 15 and _port(text) is not None and not text.replace("-", "").isdigit()


def _finalizer(text: str) -> bool:
    return text in {"kubernetes", "orphan", "foregroundDeletion"} or ("/" in text and label_key(text))


def _domain(text: str) -> bool:
    return text == "." or subdomain(text.removesuffix(".").replace("_", "a"))


def _address(text: str) -> bool:
    from ipaddress import ip_address

    try:
        ip_address(text)
    except ValueError:
        return False
    return True


_LABEL_HELP = "use lower-case letters, digits and `-`, begin and end with a letter or digit, 63 characters at most"
_WORD_HELP = "use letters, digits, `-`, `_` and `.`, begin and end with a letter or digit, 63 characters at most"
_KEY_HELP = f"{_WORD_HELP}; a domain and `/` may stand before it"
_PATH_HELP = "give a path relative to the volume"

FORMATS = {
    "nonempty": Format(bool, "a value", "give a value, or leave the field out"),
    "label": Format(label, "a DNS label", _LABEL_HELP),
    "label-1035": Format(label_1035, "a DNS label that begins with a letter", f"{_LABEL_HELP}; begin with a letter"),
    "subdomain": Format(
        subdomain,
        "a name of an object",
        "use lower-case letters, digits, `-` and `.`, begin and end with a letter or digit, 253 characters at most",
    ),
    "label-key": Format(label_key, "a qualified name", _KEY_HELP),
    "label-key-or-none": Format(lambda text: not text or label_key(text), "a qualified name", _KEY_HELP),
    "annotation-key": Format(lambda text: label_key(text.lower()), "a qualified name", _KEY_HELP),
    "finalizer": Format(_finalizer, "a finalizer", "write it as `example.com/name`"),
    "domain": Format(_domain, "a domain", "write it as `example.com`"),
    "label-value": Format(
        label_value, "a value of a label", f"{_WORD_HELP}; what is longer or freer fits in an annotation"
    ),
    "config-key": Format(
        config_key, "a key of a ConfigMap or Secret", "use letters, digits, `-`, `_` and `.`, 253 characters at most"
    ),
    "domain-path": Format(
        _domain_prefixed, "a domain and a path", "write it as `example.com/name`, 63 characters at most"
    ),
    "printable": Format(printable, "a name of a variable", "use printable ASCII characters, but no `=`"),
    "port-name": Format(
        _port_name,
        "a name of a port",
        "use lower-case letters, digits and single `-`, at least one letter, 15 characters at most",
    ),
    "header-name": Format(lambda text: _header(text) is not None, "a name of a header", "use letters, digits and `-`"),
    "ip": Format(_address, "an IP address", "write it as `10.0.0.1` or `2001:db8::1`"),
    "absolute": Format(lambda text: text.startswith("/"), "an absolute path", "begin it with `/`"),
    "path-inside": Format(path_inside, "a path without `..`", "give the path itself"),
    "path-below": Format(path_below, "a relative path without `..`", _PATH_HELP),
    "local-path": Format(local_path, "a relative path without `..`", _PATH_HELP),
    "path-segment": Format(path_segment, "a name of an RBAC object", "leave out `/` and `%`"),
}
