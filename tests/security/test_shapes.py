"""The keys of well-known services are found, and ordinary text is left alone."""

import base64
import hashlib
import random
import string
import sysconfig
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from voxagent.security import NAMED_PLACEHOLDER, RedactionFilter, SecretRegistry, StreamFilter
from voxagent.security.shapes import has_checksum

ALNUM = string.ascii_letters + string.digits
MB = 1_000_000


def drawn(size: int, letters: str = ALNUM) -> str:
    return "".join(random.Random(size).choices(letters, k=size))


def pem(kind: str, lines: int, end: str = "\n") -> str:
    body = end.join([*[drawn(64)] * lines, "Qx7=="])
    return f"-----BEGIN {kind}-----{end}{body}{end}-----END {kind}-----"


KEYS = [
    ("anthropic-key", "sk-ant-api03-" + drawn(93, ALNUM + "-_") + "AA"),
    ("openai-key", "sk-proj-" + drawn(120, ALNUM + "-_")),
    ("openai-key", "sk-" + drawn(48)),
    ("openai-key", "sk-" + drawn(32, "0123456789abcdef")),
    ("openrouter-key", "sk-or-v1-" + drawn(64, "0123456789abcdef")),
    ("github-token", "ghp_" + drawn(36)),
    ("github-token", "ghs_" + drawn(36)),
    ("github-token", "github_pat_" + drawn(22) + "_" + drawn(59)),
    ("gitlab-token", "glpat-" + drawn(20)),
    ("aws-access-key-id", "AKIAIOSFODNN7EXAMPLE"),
    ("aws-access-key-id", "ASIAIOSFODNN7EXAMPLE"),
    ("google-key", "AIza" + drawn(35, ALNUM + "-_")),
    ("google-oauth-secret", "GOCSPX-" + drawn(28)),
    ("google-oauth-token", "ya29." + drawn(80, ALNUM + "-_")),
    ("slack-token", "xoxb-" + drawn(12, string.digits) + "-" + drawn(24)),
    ("slack-token", "xapp-1-A0123456789-" + drawn(13, string.digits) + "-" + drawn(64)),
    ("stripe-key", "sk_live_" + drawn(24)),
    ("stripe-key", "rk_live_" + drawn(24)),
    ("stripe-webhook-secret", "whsec_" + drawn(32)),
    ("npm-token", "npm_" + drawn(36)),
    ("pypi-token", "pypi-AgEIcHlwaS5vcmc" + drawn(120, ALNUM + "-_")),
    ("huggingface-token", "hf_" + drawn(34)),
    ("groq-key", "gsk_" + drawn(52)),
    ("xai-key", "xai-" + drawn(80)),
    ("perplexity-key", "pplx-" + drawn(48)),
    ("replicate-token", "r8_" + drawn(37)),
    ("sendgrid-key", "SG." + drawn(22) + "." + drawn(43)),
    ("digitalocean-token", "dop_v1_" + drawn(64, "0123456789abcdef")),
    ("shopify-token", "shpat_" + drawn(32, "0123456789abcdef")),
    ("vault-token", "hvs." + drawn(90)),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + drawn(43, ALNUM + "-_")),
    ("private-key", pem("RSA PRIVATE KEY", 25)),
    ("private-key", pem("PRIVATE KEY", 1)),
    ("private-key", pem("OPENSSH PRIVATE KEY", 100)),
    ("private-key", pem("EC PRIVATE KEY", 3, end="\\n")),
    ("private-key", pem("PGP PRIVATE KEY BLOCK", 9).replace("-----\n", "-----\nVersion: GnuPG v2\n\n", 1)),
]


@pytest.fixture(scope="module")
def registry() -> SecretRegistry:
    registry = SecretRegistry()
    registry.register_defaults()
    return registry


@pytest.mark.parametrize(("name", "key"), KEYS)
@pytest.mark.parametrize("ahead", ["", "key=", '"', "\\n", "Bearer ", "%3D"])
def test_a_well_known_key_is_found_whole(registry: SecretRegistry, ahead: str, name: str, key: str) -> None:
    text = f"{ahead}{key}', and so on"
    expected = f"{ahead}[REDACTED:{name}]', and so on"
    assert RedactionFilter(registry, NAMED_PLACEHOLDER).redact(text) == expected
    stream = StreamFilter(registry, placeholder=NAMED_PLACEHOLDER)
    assert "".join([*map(stream.process_chunk, text), stream.flush()]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "task-d41d8cd98f00b204e9800998ecf8427e",
        "risk-internationalization of the task-sk-learn",
        "desk-admin-panel-navigation-wrapper-component",
        "disk_test_configurationmanagement",
        "sk-ant-colony-optimization-library",
        "-----BEGIN PRIVATE KEY-----\\n' + body",
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 64,
        "ghp_" + "x" * 36,
        "eyJhbGciOiJIUzI1NiJ9.payload.signature",
        "AKIA-IS-THE-PREFIX, AIza too",
        "npm_config_registry, hf_hub_download_with_a_long_name_of_a_function",
    ],
)
def test_what_only_looks_like_a_key_stays(registry: SecretRegistry, text: str) -> None:
    assert RedactionFilter(registry).redact(text) == text


def test_a_right_checksum_makes_a_token_of_little_variety_one(registry: SecretRegistry) -> None:
    token = f"ghp_{'a' * 30}{checksum('a' * 30)}"
    assert (has_checksum(token), has_checksum("ghp_" + "a" * 36)) == (True, False)
    assert registry.find_secrets(f"{token}. ghp_{'a' * 36}.") == [(token, 0, 40)]


def checksum(body: str) -> str:
    letters = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number = zlib.crc32(body.encode())
    return "".join(letters[number // 62**place % 62] for place in range(5, -1, -1))


def standard_library() -> str:
    folder = Path(sysconfig.get_paths()["stdlib"])
    text = "".join(path.read_text("utf-8", "ignore") for path in sorted(folder.glob("*.py")))
    return text[: 2 * MB]


def prose() -> str:
    source = random.Random(11)
    words = [
        "".join(source.choices(string.ascii_lowercase, k=source.randint(1, 14))) for _ in range(4000)
    ] + ["task", "risk-averse", "I", "The", "ask-me", "npm", "Hugging", "key-value", "desk", "2026", "xoxo"]
    return " ".join(source.choices(words, k=160_000))[:MB]


def identifiers() -> str:
    source = random.Random(12)
    return "".join(f"task-{uuid.UUID(int=source.getrandbits(128))}\n" for _ in range(MB // 42))


def hashes() -> str:
    digests = (hashlib.sha256(str(number).encode()).hexdigest() for number in range(MB // 110))
    return "".join(f"disk-{digest} {digest[:40].upper()}\n" for digest in digests)


def image() -> str:
    return base64.b64encode(random.Random(13).randbytes(2 * MB)).decode()


def url_safe_image() -> str:
    return base64.urlsafe_b64encode(random.Random(13).randbytes(2 * MB)).decode()


@pytest.mark.slow
@pytest.mark.parametrize("corpus", [standard_library, prose, identifiers, hashes, image, url_safe_image])
def test_there_is_less_than_one_false_alarm_per_megabyte(corpus: Callable[[], str]) -> None:
    registry = SecretRegistry()
    registry.register_defaults()
    for number in range(50):
        registry.register_value(f"value-{number}", drawn(12 + number))
    text = corpus()
    hits = registry.find_secrets(text)
    assert len(hits) * MB < len(text), hits
