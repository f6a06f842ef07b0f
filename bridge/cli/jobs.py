"""The command about jobs: list them, look at one, wait for it, end it."""

from __future__ import annotations

import argparse
from itertools import islice
from textwrap import shorten
from typing import TYPE_CHECKING

from bridge.cli.arguments import Subparsers, add, count, json_option
from bridge.cli.follow import EXIT, ended, follow
from bridge.cli.server import connected, server_options
from bridge.cli.tables import print_facts, print_json, print_table
from bridge.core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from bridge.client.records import Job

STATES = (
    "QUEUED", "RUNNING", "EVALUATING", "PUBLISHING", "CANCELLING", "SUCCEEDED", "REJECTED", "FAILED", "CANCELLED",
)  # fmt: skip

MOST_WORD_CHARACTERS = 100
"""Of why a job ended, in the list: `bridge jobs JOB` has the whole."""

USAGE = "Give nothing to list all, a JOB to look at it, or `wait JOB` or `cancel JOB`."


def add_commands(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = add(
        commands, "jobs", jobs, "list the jobs of all users, look at one, wait for it, cancel it",
        json_option(), server_options(),
    )  # fmt: skip
    parser.usage = "bridge jobs [-h] [options] [JOB | wait JOB | cancel JOB]"
    parser.add_argument(
        "words", nargs="*", metavar="JOB", help="id or key of a job, after `wait` or `cancel` to do that; all if none"
    )
    parser.add_argument(
        "--state", action="append", default=[], choices=STATES, type=str.upper, metavar="STATE",
        help=f"list only jobs in it: {', '.join(STATES)}; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=count, default=20, metavar="N", help="list the newest N, 20 if not said otherwise"
    )


def jobs(options: argparse.Namespace) -> int:
    """Do what the words say."""
    match options.words:
        case []:
            return _list(options)
        case [job]:
            return _show(options, job)
        case ["wait", job]:
            return _wait(options, job)
        case ["cancel", job]:
            return _cancel(options, job)
    raise InvalidArgumentError(f"`bridge jobs {' '.join(options.words)}` is no command. {USAGE}", reason="BAD_COMMAND")


def _list(options: argparse.Namespace) -> int:
    with connected(options) as client:
        found = list(islice(client.trainings.list_jobs(options.state), options.limit))
    if options.json:
        print_json(found)
    elif not found:
        print("There are no jobs.")
    else:
        headings = ("job", "what", "status", "done", "model", "user", "asked for", "took", "word")
        print_table(headings, [_row(each) for each in found], numbers=("done", "took"))
    return 0


def _show(options: argparse.Namespace, job: str) -> int:
    with connected(options) as client:
        found = client.trainings.get_job(job)
    _print(options, found)
    return 0


def _wait(options: argparse.Namespace, job: str) -> int:
    with connected(options) as client:
        found = follow(client, client.trainings.get_job(job))
    return print_end(options, found)


def _cancel(options: argparse.Namespace, job: str) -> int:
    with connected(options) as client:
        found = client.trainings.cancel_job(job)
    if options.json:
        print_json(found)
    elif found.finished and found.status != "CANCELLED":
        print(f"Job `{found.job_id}` had ended before: {found.status.lower()}.")
    else:
        print(f"Job `{found.job_id}` is {found.status.lower()}.")
    return 0


def print_end(options: argparse.Namespace, job: Job) -> int:
    """Print how a job ended; return the exit status that says it."""
    if options.json:
        print_json(job)
    else:
        print(ended(job))
    return EXIT.get(job.status, 1)


def _print(options: argparse.Namespace, job: Job) -> None:
    if options.json:
        print_json(job)
        return
    print_facts({
        "job": job.job_id, "key": job.key, "what": job.job_name, "status": job.status, "step": job.step,
        "done": _percent(job), "word": job.detail, "error": job.error, "reason": job.reason, "model": _model(job),
        "figures": job.figures, "user": job.user, "database": job.database, "asked for": job.time_created,
        "started": job.time_started, "ended": job.time_finished, "configuration": job.configuration,
    })  # fmt: skip


def _row(job: Job) -> tuple[object, ...]:
    word = shorten(job.error or ("" if job.finished else job.detail), MOST_WORD_CHARACTERS, placeholder=" …")
    return (
        job.job_id, job.job_name, job.status, _percent(job), _model(job), job.user, job.time_created, _took(job), word,
    )  # fmt: skip


def _percent(job: Job) -> str:
    return f"{job.progress:.0%}"


def _model(job: Job) -> str:
    return f"{job.model_name} {job.model_version or ''}".strip()


def _took(job: Job) -> str:
    """Return how long it ran, as 1:02:03."""
    if not (job.time_started and job.time_finished):
        return ""
    return str(job.time_finished - job.time_started).partition(".")[0]
