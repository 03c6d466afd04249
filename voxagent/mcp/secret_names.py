"""Which values are secrets: by the words of their name, or by their form."""

from __future__ import annotations

import re

_NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_NUMBER = re.compile(r"(?<=[a-z])[0-9]+$")
_KIND_OF_KEY = r"access|account|api|app|auth|encryption|license|master|private|secret|service|signing"
_SAYS_SECRET = re.compile(
    rf"""(?:^|_)(?:
        [a-z0-9]*(?:token|secrets?|passwords?|passwd|passphrases?|passcode|pwd|credentials?)
        | (?:db|my|pg|smtp|ssh|user)?pass | pw
        | [a-z0-9]*(?:{_KIND_OF_KEY})_?keys?
        | (?!(?:don|hoc|joc|mic|mon|tur|whis)keys?(?:_|$)) [a-z0-9]*(?:key | keys$)
        | [a-z0-9]*tokens$
        | o?auth | authentication | authorization | bearer | cookies? | creds?
        | dsn | jwt | pat | sig | signature
    )(?:_|$)""",
    re.VERBOSE,
)
_IS_ABOUT_ONE = re.compile(
    r"(?:max|min|n|num)_?(?:[a-z]+_)??tokens?"
    r"|(?:completion|context|input|output|prompt|total)_?tokens"
    r"|(?:foreign|hot|partition|primary|sort)_?keys?|(?:disable|no|skip|without)_[a-z]+"
    r"|.*_(?:age|algorithm|column|count|dir|directory|domain|enabled|endpoint|file|folder|format|host|issuer"
    r"|length|limit|method|mode|name|path|prefix|provider|scopes?|size|sock|timeout|ttl|type|uri|url)"
)
"""Where it is, of what kind it is, how much of it there may be, or another thing that is called so."""
_FOLDERS = frozenset({"PWD", "OLDPWD"})
_FOLDER = re.compile(r"(?:/|~|[A-Za-z]:[/\\]).*", re.DOTALL)
_FILE = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?[/\\][^\s?&#]*\.(?:cer|crt|env|ini|json|key|p12|pem|pfx|txt|toml|ya?ml)"
)
_LOOKS_SECRET = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.~+=:-]{16,}")
"""Long, letters and digits mixed, no path and no sentence."""
_JOINT = re.compile(r"[-_.:+]+")
_WORD = re.compile(r"[A-Za-z]{1,20}|[0-9]{1,14}|")
_SHORT = 5
"""Characters of a part such as "4o" or "eu1", which mixes letters and digits and is no key yet."""
_PLAIN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9]{8}T[0-9]{6}(?:[.,][0-9]+)?(?:Z|[+-][0-9:]+)?"
    r"|(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,20}(?::[0-9]{1,5})?"
)
"""A UUID, a time without dashes, the name of a host."""
_LETS_IN = re.compile(r"bearer\s+\S{6,}|basic\s+(?=\S*[0-9=])\S{6,}", re.IGNORECASE)
_PRIVATE_KEY = "PRIVATE KEY-----"


def names_secret(name: str) -> bool:
    """Whether what has this name is a secret: one of its words says so, and none what is told of a secret.

    Words end at a sign or where a capital letter begins one, and numbers behind them do not count: "apiKey",
    "DB_PASS2".
    """
    split = _NEW_WORD.sub("_", name).strip("_").lower().split("_")
    each = [word if word == "auth0" else _NUMBER.sub("", word) for word in split if not word.isdigit()]
    words = "_".join(each)
    return bool(_SAYS_SECRET.search(words)) and not _IS_ABOUT_ONE.fullmatch(words)


def looks_secret(value: str) -> bool:
    """Whether a value has the form of a secret."""
    return (bool(_LOOKS_SECRET.fullmatch(value)) and not _is_plain(value)) or is_key(value)


def is_key(value: str) -> bool:
    """Whether a value can be nothing but a secret: a private key, or what `lets_in`."""
    return lets_in(value) or _PRIVATE_KEY in value


def lets_in(value: str) -> bool:
    """Whether a value is a word such as "Bearer" and a token."""
    return bool(_LETS_IN.fullmatch(value))


def is_named(name: str, value: str) -> bool:
    """Whether a value is a secret by its name, and no path of a file with one."""
    folder = name in _FOLDERS and _FOLDER.fullmatch(value)
    return names_secret(name) and not folder and not _FILE.fullmatch(value)


def says_secret(name: str, value: str) -> bool:
    """Whether a value is a secret by its name, or looks like one."""
    return looks_secret(value) or is_named(name, value)


def are_words(value: str) -> bool:
    """Whether a value is of words and numbers with signs between them, such as "gpt-4o-mini-2024-07-18"."""
    parts = _JOINT.split(value)
    mixed = [part for part in parts if not _WORD.fullmatch(part)]
    return len(mixed) * 2 <= len(parts) and all(len(part) <= _SHORT for part in mixed)


def _is_plain(value: str) -> bool:
    return are_words(value) or bool(_PLAIN.fullmatch(value))
