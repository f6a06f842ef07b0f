"""The bridge server in the background: start it, know when it answers, stop it."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

from bridge.runtime import configuration
from bridge.runtime.home import USER, Checkout, Home
from bridge.runtime.ports import LOOPBACK, Ports, answers
from bridge.runtime.process import Background

HOME_VARIABLES = frozenset(
    {
        "BRIDGE_HOST", "BRIDGE_PORT", "BRIDGE_DATA", "BRIDGE_PLUGIN_TOKEN", "BRIDGE_NEO4J_URI", "BRIDGE_NEO4J_USER",
        "BRIDGE_NEO4J_PASSWORD_FILE", "BRIDGE_NEO4J_DATABASE", "BRIDGE_ADDRESS", "BRIDGE_TOKEN",
    }
)  # fmt: skip
"""What a home says itself, to the server and (the last two) to the plugin; from a shell, it may be another home's."""

# Where `-m bridge` finds this very package, installed or not.
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]

START_TIMEOUT = timedelta(minutes=2)
"""Loading torch takes 4 to 7 s on a busy machine, and longer the first time."""

STOP_PATIENCE = timedelta(seconds=30)
"""Calls and trainings are told to end first; after this the process is killed."""


def background(home: Home) -> Background:
    """Return the bridge server's place among the processes."""
    return Background("The bridge server", home.run / "bridge.json", home.logs / "bridge.out")


def start(home: Home) -> None:
    """Start `bridge serve` on a home whose `bridge.conf` is written; return at once."""
    command = [sys.executable, "-m", "bridge", "serve", "--home", str(home.root)]
    inherited = {key: value for key, value in os.environ.items() if key not in HOME_VARIABLES}
    background(home).start(command, inherited | environment(home), _PACKAGE_PARENT)


def environment(home: Home) -> dict[str, str]:
    """Return the environment variables (see `bridge.settings`) by which a server serves this home."""
    known = configuration.read(home.bridge_conf) if home.bridge_conf.is_file() else {}
    host, _, port = known.get("address", f"{LOOPBACK}:{Ports().bridge}").rpartition(":")
    says = {"BRIDGE_HOST": host, "BRIDGE_PORT": port, "BRIDGE_DATA": str(home.server)} | _recipes(home)
    return says | ({"BRIDGE_PLUGIN_TOKEN": known["token"]} if "token" in known else {})


def _recipes(home: Home) -> dict[str, str]:
    """Return the variables by which the server runs recipes in the home's Neo4j; none before its first start."""
    if not home.neo4j_conf.is_file():
        return {}
    return {
        "BRIDGE_NEO4J_URI": f"bolt://{configuration.read(home.neo4j_conf)['server.bolt.listen_address']}",
        "BRIDGE_NEO4J_USER": USER,
        "BRIDGE_NEO4J_PASSWORD_FILE": str(home.password),
        "BRIDGE_NEO4J_DATABASE": "neo4j",
        "BRIDGE_RECIPES": os.environ.get("BRIDGE_RECIPES") or str(Checkout.here().recipes),
    }


def wait(home: Home, port: int) -> None:
    """Wait until the server accepts connections, which it does when it can answer.

    Raises FailedPreconditionError with the end of its log when it stops or takes too long.
    """
    background(home).wait_until(lambda: answers(port), START_TIMEOUT)
