"""The keys of well-known services, recognised by how they look.

Only shapes with a mark of their own are listed, mostly a prefix. There is no rule for bare hex and
none for "looks random": they find every commit hash (4,494 false alarms per MB of ordinary text for
one well-known tool), and a text full of placeholders is of no use to a model. Keys without a mark
must be named (`register_value`).

Where a prefix is also the end of an ordinary word (`task-`, `disk_`), the character ahead of it
decides how much variety the rest needs. Tokens of GitHub and npm end in a CRC-32 in base 62; a right
one settles the matter, but a token without one passes if it is varied, because servers of one's own
and later formats do without: one placeholder too many is better than a token too many.
"""

from __future__ import annotations

import re
from binascii import crc32

from .automaton import SecretPattern

NOT_IN_NAMES = re.compile(r'[\]"\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
"""What a placeholder, a line, JSON or UTF-8 could not have in a name."""

STAND_INS = frozenset(
    ("dummy-key", "lm-studio", "no-key-required", "not-needed", "ollama", "sk-no-key-required")
)
"""What servers on this machine, which ask for no key, are given as one, by whatever name."""
_SAY_NONE = frozenset((
    "a", "an", "any", "anything", "api", "bar", "change", "changeme", "default", "demo", "dummy", "empty",
    "example", "fake", "foo", "here", "ignore", "ignored", "insert", "is", "key", "keyless", "lm", "local",
    "localhost", "me", "mock", "my", "n", "needed", "no", "nokey", "none", "not", "nothing", "null",
    "ollama", "placeholder", "replace", "required", "sample", "set", "sk", "some", "studio", "test",
    "testing", "this", "todo", "unneeded", "unset", "unused", "vllm", "whatever", "x", "your",
))  # fmt: skip
"""Words of which values are made that only fill the place of a key."""
_ENDS_AS_KEY = re.compile(r"(?:api[-_]?key|_authorization)$", re.IGNORECASE)
_OF_PROVIDER = re.compile(r"[^.]+[-_]api[-_]?key", re.IGNORECASE)
_ONE_WORD = re.compile(r"[a-z]{1,15}")
_SIGN_AGAIN = re.compile(r"(.)\1{2,}")
_DIGITS = "1234567890"

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6
_VARIED = 10

# Ahead stands nothing, a sign, or an escape such as \n (JSON) or %3D (URL).
_FREE = r"(?:^|[^0-9A-Za-z_-]|\\[nrtbf]|%[0-9A-Fa-f]{2})$"
# Ahead stands a word, as in `task-`; not the middle of an image in base64url.
_WORD = r"(?:^|[^0-9A-Za-z])[a-z_-]+$"

_LINE_END = r"(?:\s|\\[nrt])"
_PEM_WORDS = r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_PEM = (
    rf"-----BEGIN {_PEM_WORDS}{_LINE_END}*(?:[A-Za-z-]+: [^\n\\]+{_LINE_END}+)*"
    rf"[A-Za-z0-9+/=]{{16,}}(?:{_LINE_END}+[A-Za-z0-9+/=]{{16,}})*"
    rf"(?:{_LINE_END}*(?:[A-Za-z0-9+/=]{{1,15}}{_LINE_END}*){{0,2}}-----END {_PEM_WORDS})?"
)


def stands_in(name: str, value: str | bytes) -> bool:
    """Tell whether what a provider is let in by only fills the place of a key, and may stand in any text.

    That is a value made of words that say so (`no-key`, `your_api_key_here`), of one sign or of digits that
    count (`sk-1234`), for what is a key by its name; and, for the key of a provider, any one lower-case word
    of fewer than 16 letters: no service gives such a key.
    """
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if value in STAND_INS or (_OF_PROVIDER.fullmatch(name) and _ONE_WORD.fullmatch(value)):
        return True
    return _ENDS_AS_KEY.search(name) is not None and all(map(_says_none, re.split("[-_. ]+", value.lower())))


def _says_none(part: str) -> bool:
    return part in _SAY_NONE or _DIGITS.startswith(part) or _SIGN_AGAIN.fullmatch(part) is not None


def has_checksum(token: str) -> bool:
    """Tell whether a token ends in the CRC-32 of its random part, in base 62 (GitHub, npm)."""
    body, tail = token.split("_", 1)[1][:-_CHECKSUM_LENGTH], token[-_CHECKSUM_LENGTH:]
    number, digits = crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_BASE62))
        digits = _BASE62[digit] + digits
    return digits == tail


def _checked(match: str, _before: str) -> bool:
    return has_checksum(match) or len(set(match.split("_", 1)[1])) >= _VARIED


def _has(expression: str, text: str) -> bool:
    return re.search(expression, text) is not None


def _mixed(match: str) -> bool:
    return _has("[0-9]", match) and _has("[a-z]", match) and _has("[A-Z]", match)


def _free_or_mixed(match: str, before: str) -> bool:
    """Within a word (`desk_test_...`), digits, small and capital letters are asked for."""
    return _has(_FREE, before) or _mixed(match)


def _short_mark(match: str, before: str) -> bool:
    """A mark of three or four characters is weak: within a word the rest must be mixed."""
    return _has(_FREE, before) or (_has(_WORD, before) and _mixed(match))


def _worded(match: str, before: str) -> bool:
    """The rest may be words with hyphens: ask for a digit, and within a word for all kinds."""
    return _has("[0-9]", match) and _free_or_mixed(match, before)


def _short_and_worded(match: str, before: str) -> bool:
    """Both: an image in base64url has such a mark in every megabyte."""
    return _has("[0-9]", match) and _short_mark(match, before)


DEFAULT_SECRET_PATTERNS: tuple[SecretPattern, ...] = (
    SecretPattern("anthropic-key", r"sk-ant-[A-Za-z0-9_-]{20,}", _worded),
    SecretPattern("openrouter-key", r"sk-or-v1-[a-f0-9]{32,}"),
    SecretPattern("openai-key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}", _worded),
    SecretPattern("openai-key", r"sk-[A-Za-z0-9]{20,}", _short_mark),
    SecretPattern("github-token", r"gh[pousr]_[A-Za-z0-9]{36,}", _checked),
    SecretPattern("github-token", r"github_pat_[A-Za-z0-9_]{36,}"),
    SecretPattern("gitlab-token", r"glpat-[A-Za-z0-9_-]{20,}"),
    SecretPattern("aws-access-key-id", r"A(?:KIA|SIA)[A-Z0-9]{16}"),
    SecretPattern("google-key", r"AIza[A-Za-z0-9_-]{35}", _short_mark),
    SecretPattern("google-oauth-secret", r"GOCSPX-[A-Za-z0-9_-]{24,}"),
    SecretPattern("google-oauth-token", r"ya29\.[A-Za-z0-9_-]{30,}"),
    SecretPattern("slack-token", r"xox[abeoprs]-[A-Za-z0-9-]{10,}", _short_and_worded),
    SecretPattern("slack-token", r"xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    SecretPattern("stripe-key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}", _free_or_mixed),
    SecretPattern("stripe-webhook-secret", r"whsec_[A-Za-z0-9+/]{24,}"),
    SecretPattern("npm-token", r"npm_[A-Za-z0-9]{36,}", _checked),
    SecretPattern("pypi-token", r"pypi-AgE[A-Za-z0-9_-]{40,}"),
    SecretPattern("huggingface-token", r"hf_[A-Za-z0-9]{30,}", _short_mark),
    SecretPattern("groq-key", r"gsk_[A-Za-z0-9]{40,}", _free_or_mixed),
    SecretPattern("xai-key", r"xai-[A-Za-z0-9]{60,}"),
    SecretPattern("perplexity-key", r"pplx-[A-Za-z0-9]{40,}"),
    SecretPattern("replicate-token", r"r8_[A-Za-z0-9]{37,}", _short_mark),
    SecretPattern("sendgrid-key", r"SG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}", _free_or_mixed),
    SecretPattern("digitalocean-token", r"do[opr]_v1_[a-f0-9]{64}"),
    SecretPattern("shopify-token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    SecretPattern("vault-token", r"hv[bs]\.[A-Za-z0-9_-]{24,}", _worded),
    SecretPattern("jwt", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    SecretPattern("private-key", _PEM),
)
"""What `secret_patterns="default"` looks for; `SecretRegistry.register_defaults` takes them all."""
