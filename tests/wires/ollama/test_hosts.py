"""Addresses as Ollama's own client reads them, and whom a key is sent to."""

import pytest

from voxagent.errors import ConfigError
from voxagent.providers import OllamaProvider

ADDRESSES = {
    "": "http://127.0.0.1:11434",
    "   ": "http://127.0.0.1:11434",
    "localhost": "http://localhost:11434",
    "example.com": "http://example.com:11434",
    "example.com:56789": "http://example.com:56789",
    "http://example.com": "http://example.com",
    "https://example.com": "https://example.com",
    "https://example.com:8443": "https://example.com:8443",
    "http://example.com:11434/": "http://example.com:11434",
    "https://example.com/ollama/": "https://example.com/ollama",
    "example.com:11434/api": "http://example.com:11434",
    "http://example.com/v1": "http://example.com",
    ":1234": "http://127.0.0.1:1234",
    "1.2.3.4": "http://1.2.3.4:11434",
    "0.0.0.0": "http://127.0.0.1:11434",
    "0.0.0.0:1234": "http://127.0.0.1:1234",
    "::1": "http://[::1]:11434",
    "[::1]": "http://[::1]:11434",
    "[::1]:1234": "http://[::1]:1234",
    "::": "http://[::1]:11434",
    "[::]:1234": "http://[::1]:1234",
    "http://[2001:db8::1]": "http://[2001:db8::1]",
    "'example.com:1'": "http://example.com:1",
    '"https://example.com"': "https://example.com",
    "ollama.com": "https://ollama.com",
    "https://ollama.com": "https://ollama.com",
}


def url_of(provider: OllamaProvider) -> str:
    return repr(provider).partition("url='")[2].removesuffix("/api/chat')")


@pytest.mark.parametrize(("host", "base"), ADDRESSES.items())
def test_an_address_is_read_as_ollama_reads_it(host: str, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert url_of(OllamaProvider("m")) == base
    monkeypatch.delenv("OLLAMA_HOST")
    assert url_of(OllamaProvider("m", base_url=host)) == base


def test_an_address_that_is_handed_in_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "env")
    assert url_of(OllamaProvider("m", base_url="given:1")) == "http://given:1"


@pytest.mark.parametrize(
    "host",
    ["ftp://example.com", "unix:///run/ollama", "example.com:port", "example.com:99999", "http://[::1x"],
)
def test_what_is_no_address_is_an_error_that_names_it(host: str) -> None:
    with pytest.raises(ConfigError, match="of Ollama") as caught:
        OllamaProvider("m", base_url=host)
    assert repr(host) in str(caught.value)


NEEDED = {
    "https://ollama.com": True,
    "ollama.com": True,
    "https://api.ollama.com": True,
    "https://notollama.com": False,
    "localhost": False,
}


@pytest.mark.parametrize(("host", "needed"), NEEDED.items())
def test_only_the_cloud_needs_a_key(host: str, needed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_API_KEY", raising=False)
    provider = OllamaProvider("m", base_url=host)
    if not needed:
        provider.check_key()
        return
    with pytest.raises(ConfigError, match="OLLAMA_API_KEY"):
        provider.check_key()
    OllamaProvider("m", "key", host).check_key()
    monkeypatch.setenv("OLLAMA_API_KEY", "key")
    provider.check_key()
