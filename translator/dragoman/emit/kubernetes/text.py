"""Text of the spec in a container: the kubelet reads `$(NAME)` in command, args and env, and `$$` as one `$`."""

from __future__ import annotations

import re

_DOLLARS = re.compile(r"\$+(?=\()|\${2,}")


def escape(text: str) -> str:
    """Literal text for a container, which the kubelet gives back letter by letter.

    >>> escape("$(HOME) $HOME $$")
    '$$(HOME) $HOME $$$$'
    """
    return _DOLLARS.sub(lambda found: found[0].replace("$", "$$"), text) if "$" in text else text
