"""The commands of the local runtime: start it, stop it, look at it."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from bridge.cli.arguments import Subparsers, add, home_option, json_option, port
from bridge.runtime import Runtime, Status, WantedPorts, server
from bridge.runtime.database import DEFAULT_JAVA_OPTIONS
from bridge.runtime.home import Checkout, Home
from bridge.runtime.ports import Ports

PORT_VARIABLES = {"bolt": "BRIDGE_BOLT_PORT", "http": "BRIDGE_HTTP_PORT", "bridge": "BRIDGE_PORT"}
"""The environment variable behind each port option."""

NOT_RUNNING = 3
"""Exit status when something asked about or asked is not running, as service scripts have it."""


def add_commands(commands: Subparsers, environment: Mapping[str, str]) -> None:
    """Add the commands to the parser; `environment` supplies the options' defaults."""
    where, how = home_option(environment), _start_options(environment)
    for parser in (
        add(commands, "up", up, "start Neo4j and the bridge server in the background", where, how),
        add(commands, "down", down, "stop both", where),
        add(commands, "status", status, "say what runs, and where", where, json_option()),
    ):
        parser.set_defaults(bridge=True)
    _add_listening(add(commands, "serve", serve, "run the bridge server in the foreground", where))
    shows = add(commands, "demo", demo, "start both and run cypher/*.cypher, statement by statement", where, how)
    shows.add_argument("--user-id", type=int, default=1, metavar="ID", help="whose recommendations to show (default 1)")


def add_neo4j(commands: Subparsers, environment: Mapping[str, str]) -> None:
    """Add the same commands for Neo4j alone."""
    where, how = home_option(environment), _start_options(environment)
    alone = commands.add_parser("neo4j", help="the same for Neo4j alone", description="Neo4j alone, with the plugin.")
    parts = alone.add_subparsers(metavar="COMMAND", required=True)
    for parser in (
        add(parts, "up", up, "start Neo4j in the background", where, how),
        add(parts, "down", down, "stop Neo4j", where),
        add(parts, "status", status, "say whether Neo4j runs, and where", where, json_option()),
    ):
        parser.set_defaults(bridge=False)


def up(options: argparse.Namespace) -> int:
    """Start what was named and say where it is."""
    _show(_runtime(options).up(bridge=options.bridge), options)
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop what was named; stopping what does not run is no error."""
    stopped = Runtime(options.home).down(bridge=options.bridge)
    print(f"Stopped {' and '.join(stopped)}." if stopped else "Nothing was running.")
    return 0


def status(options: argparse.Namespace) -> int:
    """Say what runs and where."""
    found = Runtime(options.home).status()
    if options.json:
        print(json.dumps(found.as_json(), indent=2))
    else:
        _show(found, options)
    return 0 if found.pid and (found.bridge_pid or not options.bridge) else NOT_RUNNING


def serve(options: argparse.Namespace) -> int:
    """Run the server until it is told to stop, on the home's address and data.

    Options go before the environment, and that before what the home says; with BRIDGE_DATA set no home is looked for.
    """
    # torch takes seconds to load, and no other command needs it.
    from bridge import app
    from bridge.settings import Settings

    environment = dict(os.environ)
    if "BRIDGE_DATA" not in environment:
        home = Home.at(options.home or Checkout.here().default_home)
        environment = server.environment(home) | environment
    app.serve(Settings.read(environment, host=options.host, port=options.port, insecure=options.insecure or None))
    return 0


def demo(options: argparse.Namespace) -> int:
    """Run the scripts and show what came out; what was started stays up."""
    # It brings the neo4j driver, which takes a second to load, and no other command needs it.
    from bridge.runtime import demo as demonstration

    console = Console(highlight=False)
    runtime = _runtime(options)
    found = runtime.up()
    demonstration.run(found, console, user_id=options.user_id)
    console.print(
        f"Look at it in Neo4j Browser: {found.browser_uri}\n"
        f"  user {found.user}, password: cat {found.password_file}\n"
        f"  try: MATCH path = (:User {{userId: {options.user_id}}})-[:RECOMMENDED]->(:Movie) RETURN path\n"
        f"Neo4j and the bridge server go on running. To stop them: {_again('down', options)}",
        soft_wrap=True,
    )
    return 0


def _again(command: str, options: argparse.Namespace) -> str:
    """Return a command line that reaches the same home."""
    return f"{program()} {command}" + (f" --home {shlex.quote(options.home)}" if options.home else "")


def program() -> str:
    """Return what starts this very command in a shell. Many a Linux has another `bridge`, of iproute2, on its path."""
    ours = Path(sys.executable).with_name("bridge")
    if shutil.which("bridge") == str(ours):
        return "bridge"
    return shlex.quote(str(ours)) if ours.exists() else shlex.join([sys.executable, "-m", "bridge"])


def _show(found: Status, options: argparse.Namespace) -> None:
    neo4j = f"running (process {found.pid})" if found.pid else "not running"
    bridge = f"running (process {found.bridge_pid})" if found.bridge_pid else "not running"
    lines = [
        f"Neo4j          {neo4j}",
        f"  Browser      {found.browser_uri}",
        f"  Bolt         {found.bolt_uri}",
        f"  user         {found.user}, password in {found.password_file}",
    ]
    if options.bridge:
        lines.append(f"Bridge server  {bridge}\n  address      {found.bridge_address}")
    print("\n".join([*lines, f"Home           {found.home}"]))


def _runtime(options: argparse.Namespace) -> Runtime:
    wanted = WantedPorts(options.bolt_port, options.http_port, options.bridge_port)
    return Runtime(options.home, ports=wanted, java_options=options.java_options, plugin=options.plugin)


def _start_options(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the options of whatever starts something, as a parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    defaults = Ports().as_dict()
    for name, variable in PORT_VARIABLES.items():
        options.add_argument(
            f"--{name}-port",
            type=port,
            default=environment.get(variable),
            metavar="PORT",
            help=f"0 picks a free one (default {defaults[name]}; environment {variable})",
        )
    options.add_argument(
        "--java-options",
        default=environment.get("BRIDGE_JAVA_OPTIONS", DEFAULT_JAVA_OPTIONS),
        metavar="OPTIONS",
        help="of Neo4j's Java, with an equals sign and quotes "
        f'(default --java-options="{DEFAULT_JAVA_OPTIONS}"; environment BRIDGE_JAVA_OPTIONS)',
    )
    options.add_argument("--no-plugin", dest="plugin", action="store_false", help="Neo4j without the bridge plugin")
    return options


def _add_listening(parser: argparse.ArgumentParser) -> None:
    option = parser.add_argument
    option("--host", metavar="ADDRESS", help="listen here (default 127.0.0.1; environment BRIDGE_HOST)")
    option(
        "--port",
        type=port,
        metavar="PORT",
        help="default: where the home's Neo4j looks for it; environment BRIDGE_PORT",
    )
    option("--insecure", action="store_true", help="listen beyond this machine without token or TLS")
