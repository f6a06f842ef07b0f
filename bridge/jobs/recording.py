"""What a job expects of whoever writes it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bridge.jobs.job import Job


class Recorder(Protocol):
    """Writes down what becomes of a job. Its methods return at once and may be called from any thread."""

    def note(self, job: Job, *, now: bool) -> None:
        """Write the job down: at once, or together with what else changes in the next moment."""
        ...

    def end(self, job: Job) -> None:
        """Write the job's end down; when it is on disk, call `job.show_end`."""
        ...
