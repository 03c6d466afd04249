"""What of the environment a program is given: what it needs to run, and what is its own; nothing else.

The rest of a process's environment holds keys of other services, and a program that runs commands for a model
would hand them on to those.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

ALLOWED = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "NO_COLOR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"),
    )
)
ALLOWED_BEGINNINGS = ("LC_", "XDG_")


def environment(own: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program.

    Args:
        own: How the names of the program's own variables begin.
        given: Variables to add; they win.
    """
    beginnings = (*ALLOWED_BEGINNINGS, *own)
    kept = {
        name: value for name, value in os.environ.items() if name in ALLOWED or name.startswith(beginnings)
    }
    return {**kept, **given}
