"""Servers that want to know who calls. Nothing is connected before a run needs it."""

from collections.abc import Mapping
from typing import Any

from voxagent import RunContext
from voxagent.mcp import InMemoryTokenStorage, MCPServerHTTP, client_credentials


def headers(run: RunContext[Any] | None) -> Mapping[str, str]:
    return {} if run is None else {"Authorization": f"Bearer {run.metadata['token']}"}


crm = MCPServerHTTP("https://crm.example/mcp", headers=headers)

url = "https://erp.example/mcp"
auth = client_credentials(
    url,
    client_id="nightly-report",
    client_secret="never shown",
    issuer="https://login.example",
    storage=InMemoryTokenStorage(),
)
erp = MCPServerHTTP(url, auth=auth, name="erp")

print(crm, erp)
