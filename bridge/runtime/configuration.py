"""The two configuration files of a home: Neo4j's `neo4j.conf` and the plugin's `bridge.conf`."""

from __future__ import annotations

from pathlib import Path

from bridge.runtime.home import Home, write_private
from bridge.runtime.ports import LOOPBACK, Ports

CONNECT_TIMEOUT_SECONDS = 5
"""How long a `CALL bridge.*` waits for the server before it says that there is none."""


def neo4j_conf(ports: Ports) -> str:
    """Return Neo4j's configuration: loopback alone, authentication on, nothing reported to anybody."""
    settings = {
        "server.default_listen_address": LOOPBACK,
        "server.bolt.listen_address": f"{LOOPBACK}:{ports.bolt}",
        # Browser connects to the advertised address; without this one it tries 7687 whatever the port is.
        "server.bolt.advertised_address": f"{LOOPBACK}:{ports.bolt}",
        "server.http.listen_address": f"{LOOPBACK}:{ports.http}",
        "server.http.advertised_address": f"{LOOPBACK}:{ports.http}",
        "server.https.enabled": "false",
        "server.directories.import": "import",
        "server.memory.pagecache.size": "256m",
        "db.tx_log.preallocate": "false",
        "dbms.security.auth_enabled": "true",
        # For gds.list alone; no bridge.* procedure needs it.
        "dbms.security.procedures.unrestricted": "gds.*",
        # Otherwise an idle Bolt server waits 10 s before it stops. Orderly transactions are waited for before that.
        "internal.server.bolt.thread_pool_shutdown_wait_time": "1s",
        "internal.server.bolt.connection_shutdown_wait_time": "1s",
        "server.bolt.telemetry.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "client.allow_telemetry": "false",
    }
    return "# Written at every start.\n" + _lines(settings)


def bridge_conf(bridge_port: int, token: str | None) -> str:
    """Return the plugin's configuration; the environment's BRIDGE_ADDRESS and BRIDGE_TOKEN go before it."""
    settings = {"address": f"{LOOPBACK}:{bridge_port}", "connect_timeout_seconds": str(CONNECT_TIMEOUT_SECONDS)}
    if token:
        settings["token"] = token
    return "# How the plugin reaches the bridge server. Written at every start.\n" + _lines(settings)


def write(home: Home, ports: Ports, token: str | None) -> None:
    """Write both files; `bridge.conf` may hold a token, so its owner alone can read it."""
    write_private(home.neo4j_conf, neo4j_conf(ports))
    write_private(home.bridge_conf, bridge_conf(ports.bridge, token))


def read(path: Path) -> dict[str, str]:
    """Return the key=value lines of a configuration file; comments and blank lines are passed over."""
    lines = path.read_text(encoding="utf-8").splitlines()
    entries = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, equals, value in entries if equals}


def _lines(settings: dict[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in settings.items())
