"""The command that has a recipe run."""

from __future__ import annotations

import argparse
import json
import uuid

from bridge.cli.arguments import Subparsers, add, json_option
from bridge.cli.follow import follow
from bridge.cli.jobs import print_end
from bridge.cli.server import connected, server_options
from bridge.cli.tables import print_json, print_table
from bridge.core.errors import InvalidArgumentError, UnavailableError

EPILOG = """\
Exit status with --wait: 0 what was trained serves (or was only to be kept), 4 the gate rejected it, 1 it failed,
130 it was cancelled, or this command was interrupted. Without: 0 when the job was accepted. 3 when no server answers.
"""


def add_commands(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = add(
        commands, "retrain", retrain, "run a recipe, a named Cypher script, in the database", json_option(),
        server_options(),
    )  # fmt: skip
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    option = parser.add_argument
    option("recipe", nargs="?", metavar="RECIPE", help="its name; the recipes are listed if there is none")
    option(
        "-p", "--parameter", action="append", default=[], type=_parameter, metavar="NAME=VALUE",
        help="a Cypher parameter that goes before the recipe's own; the value is JSON, or a string if it is none",
    )  # fmt: skip
    option("--request-id", metavar="ID", help="makes it safe to ask again: the same id is the same job")
    option("--wait", action="store_true", help="wait for the end of the job; the exit status tells how it ended")


def retrain(options: argparse.Namespace) -> int:
    """Start the job; with `--wait` follow it to its end."""
    if not options.recipe:
        return _list(options)
    request_id = options.request_id or uuid.uuid4().hex
    with connected(options) as client:
        try:
            job = client.trainings.retrain(options.recipe, dict(options.parameter), request_id=request_id)
        except UnavailableError as error:
            again = f"It is safe to ask again by `--request-id {request_id}`: a job that was begun is found by it."
            raise UnavailableError(f"{error.message} {again}", reason=error.reason) from error
        if options.wait:
            return print_end(options, follow(client, job))
    if options.json:
        print_json(job)
    else:
        print(f"Job `{job.job_id}` is {job.status.lower()}. `bridge jobs wait {job.key}` waits for its end.")
    return 0


def _list(options: argparse.Namespace) -> int:
    if options.parameter or options.request_id or options.wait:
        raise InvalidArgumentError(
            "No recipe was named. Give its name before the options; `bridge retrain` alone lists the recipes.",
            reason="NO_RECIPE",
        )
    with connected(options) as client:
        found = client.trainings.list_recipes()
    if options.json:
        print_json(found)
    elif not found:
        print("The server has no recipes.")
    else:
        print_table(("recipe", "what it does", "parameters"), [
            (each.name, each.description, _written(each.parameters)) for each in found
        ])  # fmt: skip
    return 0


def _written(parameters: object) -> str:
    return json.dumps(parameters, ensure_ascii=False, default=str)


def _parameter(text: str) -> tuple[str, object]:
    """Read NAME=VALUE."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"`{text}` is no parameter: give it as NAME=VALUE, such as epochs=20")
    try:
        return name, json.loads(value, parse_constant=_no_constant)
    except ValueError:
        return name, value


def _no_constant(word: str) -> object:
    raise ValueError(f"{word} is not JSON")
