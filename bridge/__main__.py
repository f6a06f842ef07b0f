"""The `bridge` command."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from bridge import __version__
from bridge.cli import export, jobs, local, models, retrain
from bridge.cli.arguments import Run
from bridge.cli.local import NOT_RUNNING
from bridge.core.errors import BridgeError, UnavailableError

INTERRUPTED = 128 + signal.SIGINT
"""Exit status after Ctrl-C, as shells have it."""

READER_GONE = 128 + signal.SIGPIPE
"""Exit status when nobody reads the output any more, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 when it failed, 2 for bad arguments, 3 for "not running"."""
    options = command_line(os.environ).parse_args(arguments)
    run: Run = options.run
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
        return NOT_RUNNING if isinstance(error, UnavailableError) else 1
    except KeyboardInterrupt as interruption:
        more = f". {interruption}" if str(interruption) else ""
        print(f"bridge: interrupted{more}", file=sys.stderr)
        return INTERRUPTED


def command_line(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Return the parser of all commands; `environment` supplies the options' defaults."""
    parser = argparse.ArgumentParser(
        prog="bridge", description="Graph machine learning for Neo4j, driven from the database."
    )
    parser.add_argument("--version", action="version", version=f"bridge {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    local.add_commands(commands, environment)
    for family in (models, jobs, retrain):
        family.add_commands(commands)
    export.add_commands(commands, environment)
    local.add_neo4j(commands, environment)
    return parser


if __name__ == "__main__":
    sys.exit(main())
