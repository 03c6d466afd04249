"""A megabyte each of what looks like secrets and is none: the model reads its text as it is. `R-A13`.

In base64url, which has every letter and both signs, chance writes the mark of a service with a word ahead of
it, about once in six megabytes.
"""

import base64
import hashlib
import random
import sysconfig
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.leaks.hidden import IN_DEPS, NAMED
from voxagent import Agent
from voxagent.providers import OpenAIProvider
from voxagent.security import SecretRegistry
from voxagent.testing import FunctionProvider

MEGABYTE = 1_000_000
WORDS = (
    "the quick key of a token was passed on to us by an old lady who had the best secret of all in her bag "
    "while we asked for a password and got a task-list, a disk_image and some risk-free sk-eletons instead"
)
KEY_OF_AN_ACCOUNT = "\n".join([
    "token_uri: https://oauth2.example.com/token",
    "=" * 80,
    "-----BEGIN KEY-----",
    base64.b64encode(random.Random(9).randbytes(48)).decode(),
    "-----END KEY-----",
])  # fmt: skip


def code() -> str:
    folder = Path(sysconfig.get_path("stdlib"))
    pieces: list[str] = []
    for path in sorted(folder.glob("*.py")):
        pieces.append(path.read_text("utf-8", "replace"))
        if sum(map(len, pieces)) >= MEGABYTE:
            break
    return "".join(pieces)[:MEGABYTE]


def prose() -> str:
    chance = random.Random(7)
    sentences = [" ".join(chance.choices(WORDS.split(), k=chance.randint(4, 18))) for _ in range(24_000)]
    return ". ".join(sentences)[:MEGABYTE]


def uuids() -> str:
    chance = random.Random(7)
    return "\n".join(str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(27_100))[:MEGABYTE]


def hashes() -> str:
    kinds = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
    return " ".join(kinds[n % 4](str(n).encode()).hexdigest() for n in range(18_000))[:MEGABYTE]


def images() -> str:
    chance = random.Random(7)
    made = [base64.b64encode(b"\x89PNG\r\n\x1a\n" + chance.randbytes(30_000)).decode() for _ in range(26)]
    return "\n".join(f"data:image/png;base64,{each}" for each in made)[:MEGABYTE]


def images_for_urls() -> str:
    return images().replace("+", "-").replace("/", "_")


MATERIAL = (code, prose, uuids, hashes, images, images_for_urls)


@pytest.mark.parametrize("material", MATERIAL, ids=lambda each: each.__name__)
def test_nothing_is_taken_for_a_secret(material: Callable[[], str]) -> None:
    text = material()
    assert len(text) == MEGABYTE
    values, patterns = SecretRegistry(), SecretRegistry()
    for number, value in enumerate((*NAMED.values(), *IN_DEPS)):
        values.register_value(f"v{number}", value)
    patterns.register_defaults()
    assert values.find_secrets(text) == []
    assert len(patterns.find_secrets(text)) <= (material is images_for_urls)


@pytest.mark.parametrize(
    "key", ["ollama", "unused", "placeholder", "no-key", "test-key", "sk-1234", "anything"]
)
def test_what_a_server_on_this_machine_is_given_as_a_key_is_no_secret_of_a_run(key: str) -> None:
    class Local(FunctionProvider):
        def known_secrets(self) -> Sequence[tuple[str, str]]:
            return OpenAIProvider(model="m", api_key=key, base_url="http://127.0.0.1:1/v1").known_secrets()

    agent = Agent(Local(lambda messages, request: f"You said: {messages[-1].text}"))
    asked = f"How do I install {key} on Linux?"
    assert agent.run_sync(asked).output == f"You said: {asked}"


def test_parts_of_a_key_of_several_lines_are_found_in_no_ordinary_text() -> None:
    registry = SecretRegistry()
    registry.register_value("account", KEY_OF_AN_ACCOUNT)
    for made in MATERIAL:
        assert registry.find_secrets(made()) == []
    assert registry.find_secrets("https://oauth2.example.com/token " + "=" * 80 + "-----BEGIN KEY-----") == []
