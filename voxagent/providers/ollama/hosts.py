"""Where Ollama is asked, read as Ollama's own client reads `OLLAMA_HOST`.

The scheme, the port and the host itself may be left out. Without a scheme the port is Ollama's own, with one
it is the scheme's; `ollama.com` alone is the cloud. An address that a server listens at but nobody can be
asked at (0.0.0.0, ::) means this machine.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from ...errors import ConfigError

CLOUD = "ollama.com"
PORT = 11434
PORTS = {"http": 80, "https": 443}
LOCAL = ("127.0.0.1", "localhost", "::1")


def base_of(host: str) -> str:
    """The address without a slash at its end, such as "http://127.0.0.1:11434".

    Raises:
        ConfigError: it is no address that can be asked over HTTP.
    """
    text = host.strip().strip("\"'").strip()
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = ("https" if _is_cloud(text) else "http"), text
    if scheme not in PORTS:
        raise ConfigError(f"the address {host!r} of Ollama is not http:// or https://")
    name, port, path = _parts(rest.rstrip("/"), host)
    standard = PORTS[scheme]
    port = port or (standard if separator or scheme == "https" else PORT)
    shown = "" if port == standard else f":{port}"
    return f"{scheme}://{name}{shown}{path}"


def is_cloud(base: str) -> bool:
    """Whether an address is that of Ollama's own service, which needs a key."""
    name = urlsplit(base).hostname or ""
    return name == CLOUD or name.endswith(f".{CLOUD}")


def may_carry_key(base: str) -> bool:
    """Whether a key that was not handed in for this address is sent there: not in the open over a network."""
    split = urlsplit(base)
    return split.scheme == "https" or split.hostname in LOCAL


def _is_cloud(text: str) -> bool:
    return text.partition("/")[0].lower() == CLOUD


def _parts(rest: str, host: str) -> tuple[str, int | None, str]:
    """Name, port and path of what follows the scheme."""
    address = _as_address(rest.strip("[]"))
    if address is not None:  # a bare IPv6 address has colons that are no port's
        return address, None, ""
    try:
        split = urlsplit(f"//{rest}")
        name, port = split.hostname or "127.0.0.1", split.port
    except ValueError as error:
        raise ConfigError(f"the address {host!r} of Ollama cannot be read: {error}") from error
    path = split.path.rstrip("/").removesuffix("/api").removesuffix("/v1")
    return _as_address(name) or name, port, path


def _as_address(name: str) -> str | None:
    try:
        address = ip_address(name)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return "[::1]" if address.is_unspecified else f"[{address}]"
    return "127.0.0.1" if address.is_unspecified else str(address)
