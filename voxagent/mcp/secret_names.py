"""Which values are secrets: by the words of their name, or by their form."""

from __future__ import annotations

import re

_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_KIND_OF_KEY = r"access|account|api|app|auth|encryption|license|master|private|secret|service|signing"
_SAYS_SECRET = re.compile(
    rf"""(?:^|_)(?:
        [a-z0-9]*(?:token|secrets?|passwords?|passwd|passphrases?|passcode|pwd|credentials?)
        | (?:db|my|pg|smtp|ssh|user)?pass
        | [a-z0-9]*(?:{_KIND_OF_KEY})_?keys?
        | key | o?auth | authentication | authorization | bearer | cookies? | creds?
        | dsn | jwt | pat | signature
    )(?:_|$)""",
    re.VERBOSE,
)
_IS_ABOUT_ONE = re.compile(
    r"(?:max|min)_.*"
    r"|.*_(?:algorithm|count|dir|directory|endpoint|file|folder|format|length|limit|method|mode|name"
    r"|path|prefix|size|sock|timeout|ttl|type|uri|url)"
)
"""Where it is, of what kind it is, how much of it there may be."""
_FOLDERS = frozenset({"PWD", "OLDPWD"})
_FILE = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][^\s?&#]*\.(?:cer|crt|env|ini|json|key|p12|pem|pfx|txt|toml|ya?ml)"
)
_LOOKS_SECRET = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~+=:-]{16,}")
"""Long, letters and digits mixed, no path and no sentence."""
_LETS_IN = re.compile(r"bearer\s+\S{6,}|basic\s+(?=\S*[0-9=])\S{6,}", re.IGNORECASE)
_PRIVATE_KEY = "PRIVATE KEY-----"


def names_secret(name: str) -> bool:
    """Whether what has this name is a secret: one of its words says so, and none what is told of a secret.

    Words end at a sign or where a capital letter begins one: "apiKey", "DB_PASS".
    """
    words = _NEW_WORD.sub("_", name).strip("_").lower()
    return name not in _FOLDERS and bool(_SAYS_SECRET.search(words)) and not _IS_ABOUT_ONE.fullmatch(words)


def looks_secret(value: str) -> bool:
    """Whether a value has the form of a secret."""
    return bool(_LOOKS_SECRET.fullmatch(value)) or lets_in(value) or _PRIVATE_KEY in value


def lets_in(value: str) -> bool:
    """Whether a value is a word such as "Bearer" and a token."""
    return bool(_LETS_IN.fullmatch(value))


def says_secret(name: str, value: str) -> bool:
    """Whether a value is a secret by its name, or looks like one."""
    return looks_secret(value) or (names_secret(name) and not _FILE.fullmatch(value))
