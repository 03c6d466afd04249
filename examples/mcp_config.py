"""The servers of a file that desktop programs and editors use as well."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from voxagent import ConfigError
from voxagent.mcp import load_mcp_servers

SERVERS = {
    "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "${ROOT:-/tmp}"]},
    "search": {"url": "https://example.com/mcp", "headers": {"Authorization": "Bearer ${SEARCH_TOKEN}"}},
    "old": {"command": "old", "disabled": True},
}

with TemporaryDirectory() as folder:
    file = Path(folder) / "mcp.json"
    file.write_text(json.dumps({"mcpServers": SERVERS}))
    try:
        load_mcp_servers(file)
    except ConfigError as error:
        print(str(error).rpartition(", ")[2])
    os.environ["SEARCH_TOKEN"] = "a-token-of-this-example"
    for server in load_mcp_servers(file, required=False, connect_timeout=10):
        print(server, server.state)
