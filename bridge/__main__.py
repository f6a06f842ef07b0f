"""The `bridge` command: the local runtime, the server, the demo."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from bridge import __version__
from bridge.core.errors import BridgeError
from bridge.runtime import Runtime, Status, WantedPorts, server
from bridge.runtime import demo as demonstration
from bridge.runtime.database import DEFAULT_JAVA_OPTIONS
from bridge.runtime.home import Checkout, Home
from bridge.runtime.ports import Ports

PORT_VARIABLES = {"bolt": "BRIDGE_BOLT_PORT", "http": "BRIDGE_HTTP_PORT", "bridge": "BRIDGE_PORT"}
"""The environment variable behind each port option."""

NOT_RUNNING = 3
"""Exit status of `status` when something asked about is not running, as service scripts have it."""

READER_GONE = 128 + signal.SIGPIPE
"""Exit status when nobody reads the output any more, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 when it failed, 2 for bad arguments, 3 for "not running"."""
    options = command_line(os.environ).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        done = run(options)
        sys.stdout.flush()  # at the end of the process it would be too late to do without a reader
        return done
    except BrokenPipeError:  # `bridge status | head -1` has what it wanted
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return READER_GONE
    except BridgeError as error:
        print(f"bridge: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bridge: interrupted", file=sys.stderr)
        return 130


def command_line(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser of all commands; `environment` supplies the options' defaults."""
    parser = argparse.ArgumentParser(
        prog="bridge", description="Graph machine learning for Neo4j, driven from the database."
    )
    parser.add_argument("--version", action="version", version=f"bridge {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    where, how = _home_option(environment), _start_options(environment)

    _add(commands, "up", up, "start Neo4j and the bridge server in the background", where, how)
    _add(commands, "down", down, "stop both", where)
    _add_json(_add(commands, "status", status, "say what runs, and where", where))
    _add_listening(_add(commands, "serve", serve, "run the bridge server in the foreground", where))
    shows = _add(commands, "demo", demo, "start both and run cypher/*.cypher, statement by statement", where, how)
    shows.add_argument("--user-id", type=int, default=1, metavar="ID", help="whose recommendations to show (default 1)")

    exports = commands.add_parser("export", help="write a hosted model's files", description="A hosted model's files.")
    kinds = exports.add_subparsers(metavar="WHAT", required=True)
    summary = "write embeddings for the Embedding Projector, with a map and the loss curve"
    _add_export(_add(kinds, "projector", export_projector, summary, where))

    alone = commands.add_parser("neo4j", help="the same for Neo4j alone", description="Neo4j alone, with the plugin.")
    parts = alone.add_subparsers(metavar="COMMAND", required=True)
    _add(parts, "up", up, "start Neo4j in the background", where, how).set_defaults(bridge=False)
    _add(parts, "down", down, "stop Neo4j", where).set_defaults(bridge=False)
    _add_json(_add(parts, "status", status, "say whether Neo4j runs, and where", where)).set_defaults(bridge=False)
    return parser


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


def export_projector(options: argparse.Namespace) -> int:
    """Write a hosted model's embeddings and pictures of them, and say which files hold what."""
    # The drawing libraries take a second to load, and no other command needs them.
    from bridge.runtime import export

    if options.uri:
        address = export.Address.at(options.uri, options.user, options.password_file)
    else:
        address = export.Address.of_home(options.home)
    wanted = export.ProjectorExport(
        model=options.model,
        out=Path(options.out).expanduser(),
        graph=options.graph,
        columns=options.columns,
        limit=options.limit,
        version=options.model_version,
        highlight=tuple(options.highlight),
    )
    print("\n".join(export.run(address, wanted, Console(stderr=True))))
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


def _home_option(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the option that every command has, as a parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument(
        "--home",
        default=environment.get("BRIDGE_HOME"),
        metavar="DIR",
        help="folder of the database, its configuration and its logs "
        "(default .bridge/home in the project; environment BRIDGE_HOME)",
    )
    return options


def _start_options(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the options of whatever starts something, as a parent parser."""
    options = argparse.ArgumentParser(add_help=False)
    defaults = Ports().as_dict()
    for name, variable in PORT_VARIABLES.items():
        options.add_argument(
            f"--{name}-port",
            type=_port,
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


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"`{text}` is not a port: give a number from 0 to 65535; 0 picks a free one")
    return int(text)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    *options: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    description = f"{summary[0].upper()}{summary[1:]}."
    parser = commands.add_parser(name, help=summary, description=description, parents=options)
    parser.set_defaults(run=run, bridge=True)
    return parser


def _add_listening(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add = parser.add_argument
    add("--host", metavar="ADDRESS", help="listen here (default 127.0.0.1; environment BRIDGE_HOST)")
    add(
        "--port",
        type=_port,
        metavar="PORT",
        help="default: where the home's Neo4j looks for it; environment BRIDGE_PORT",
    )
    add("--insecure", action="store_true", help="listen beyond this machine without token or TLS")
    return parser


def _add_export(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    add = parser.add_argument
    add("model", metavar="MODEL", help="name of the hosted model")
    add("--out", required=True, metavar="DIR", help="folder of the files; those of an earlier export are replaced")
    add("--graph", metavar="NAME", help="projection with the nodes (default: the one the model was trained on)")
    add(
        "--columns",
        type=_names,
        metavar="A,B",
        help="property keys, `labels` or `nodeId`; the first is the title (default: all of one value, strings first)",
    )
    add("--limit", type=_count, metavar="N", help="at most so many nodes, those with most relationships first")
    add("--highlight", nargs="+", default=(), metavar="WORDS", help="name the nodes whose title has these words")
    add("--model-version", type=_count, metavar="N", help="default: the newest")
    add("--uri", metavar="URI", help="any Neo4j instead of the home's, as bolt://host:7687")
    add("--user", default="neo4j", metavar="NAME", help="at --uri (default neo4j)")
    add("--password-file", metavar="FILE", help="at --uri; default: none, for a database without authentication")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"`{text}` names no column: give property keys with commas between them")
    return names


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"`{text}` is not a count: give a whole number from 1 on")
    return int(text)


def _add_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
