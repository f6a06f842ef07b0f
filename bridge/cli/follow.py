"""A job followed to its end, while a person or a log watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from bridge.core.errors import UnavailableError

if TYPE_CHECKING:
    from bridge.client import Client
    from bridge.client.records import Job

EXIT = {"SUCCEEDED": 0, "FAILED": 1, "REJECTED": 4, "CANCELLED": 130}
"""Exit status by how a job ended."""

Show = Callable[["Job"], None]


def follow(client: Client, job: Job) -> Job:
    """Return the job as it ended, whatever happens to the connection; what it does meanwhile goes to stderr.

    Raises:
        UnavailableError: the server was away for too long; the job may go on.
        KeyboardInterrupt: somebody pressed Ctrl-C; the job goes on.
    """
    console = Console(stderr=True, highlight=False)
    try:
        with _bar(console) if console.is_terminal else _lines(console) as show:
            for change in client.trainings.watch_job(job.key):
                job = change.job
                show(job)
    except KeyboardInterrupt:
        raise _Left(job) from None
    except UnavailableError as error:
        raise UnavailableError(f"{error.message} {_goes_on(job)}", reason=error.reason) from error
    return job


class _Left(KeyboardInterrupt):
    """Ctrl-C, with what becomes of the job."""

    def __init__(self, job: Job) -> None:
        super().__init__(_goes_on(job))


def _goes_on(job: Job) -> str:
    return (
        f"The job may go on without this command: `bridge jobs wait {job.key}` waits for it, "
        f"`bridge jobs cancel {job.key}` ends it."
    )


@contextmanager
def _bar(console: Console) -> Iterator[Show]:
    """Show a bar that is gone when the job is."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("waiting", total=1.0)
        yield lambda job: progress.update(task, description=_doing(job), completed=job.progress)


@contextmanager
def _lines(console: Console) -> Iterator[Show]:
    """Print a line when the step or the state changes: a log wants no line an epoch."""
    said: list[str] = []

    def show(job: Job) -> None:
        now = " ".join(word for word in (job.status.lower(), job.step) if word)
        if not said or said[-1] != now:
            said.append(now)
            console.print(Text(f"{job.job_name} {job.job_id}: {now}"), soft_wrap=True)

    yield show


def _doing(job: Job) -> str:
    return ": ".join(word for word in (job.step or job.status.lower(), job.detail) if word)


def ended(job: Job) -> str:
    """Return how a job ended, in a sentence or two."""
    what = f"Job `{job.job_id}` ({job.job_name})"
    made = f" version {job.model_version} of `{job.model_name}`" if job.model_name and job.model_version else ""
    match job.status:
        case "SUCCEEDED":
            return f"{what} succeeded{f' and made{made}' if made else ''}."
        case "REJECTED":
            return f"{what} was rejected{f', and{made} is kept' if made else ''}: {job.error}"
        case "FAILED":
            return f"{what} failed: {job.error}"
        case "CANCELLED":
            return f"{what} was cancelled. {job.error}".rstrip()
    return f"{what} is {job.status.lower()}."
