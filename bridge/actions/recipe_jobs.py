"""The jobs that a recipe's own CALLs are: their progress, their versions, what became of these."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.jobs.job import Job
from bridge.jobs.status import JobState
from bridge.jobs.table import Jobs

LOOK_SECONDS = 0.5
"""How often the recipe's job is told how far its statement is."""


class RecipeJobs:
    """Knows the jobs of one run by the names of their projections, and tells them to the run's own job."""

    def __init__(self, job: Job, mark: str, jobs: Jobs) -> None:
        self._job = job
        self._mark = mark
        self._jobs = jobs
        self._seen: dict[str, Job] = {}
        """By key, in the order in which they came."""
        self._reports: dict[str, int] = {}
        """By key, the number of the last report that was passed on."""

    @asynccontextmanager
    async def followed(self, place: int) -> AsyncIterator[None]:
        """Pass on the progress of the jobs that begin in this block; `place` is the statement's."""
        watch = asyncio.create_task(self._watch(place))
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            self._look(place)

    def name_versions(self) -> None:
        """Say what the run has made, however it ends; of several versions the last."""
        for each in self._seen.values():
            record = each.record
            if record.model_version is not None:
                self._job.made(record.model_name, record.model_version)

    def conclude(self) -> None:
        """End the run's job as REJECTED if one of its versions was."""
        rejected = [each.status for each in self._seen.values() if each.state is JobState.REJECTED]
        if rejected:
            self._job.reject(" ".join(status.error for status in rejected), rejected[0].reason)

    def cancel(self) -> None:
        """End the jobs that go on without their call."""
        for each in self._seen.values():
            each.cancel()

    async def _watch(self, place: int) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._look(place)

    def _look(self, place: int) -> None:
        for each in self._jobs.on_graphs(self._mark):
            if each.key not in self._seen or not self._seen[each.key].state.finished:
                self._seen[each.key] = each
                self._tell(each, place)

    def _tell(self, inner: Job, place: int) -> None:
        status = inner.status
        detail = " ".join(word for word in (f"{inner.name}: {status.step}", status.detail) if word)
        for report in list(inner.history):
            if report.number > self._reports.get(inner.key, 0):
                self._reports[inner.key] = report.number
                self._job.note(place, status.progress, detail, report.figures)
        self._job.note(place, status.progress, detail)
