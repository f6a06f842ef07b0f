"""Trainer processes: results, errors, deaths, cancellation, turns, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from bridge.core.errors import CancelledError, FailedPreconditionError, ResourceExhaustedError, TrainerFailedError
from bridge.jobs.child import Patience
from bridge.jobs.job import Job
from bridge.jobs.process import Trainers
from bridge.jobs.status import JobState
from bridge.jobs.worker import Limits

from . import targets

QUICK = Patience(flag_seconds=0.3, terminate_seconds=0.3)


def trainers_alive() -> list[int]:
    """Trainer processes are the children of the fork server, which is a child of this process."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            command = " ".join(child.parent().cmdline() if child.parent() else [])
        except psutil.NoSuchProcess:
            continue
        if "forkserver" in command:
            found.append(child.pid)
    return found


@pytest.fixture
async def trainers() -> AsyncIterator[Trainers]:
    trainers = Trainers(["numpy"], limits=Limits(niceness=3, threads=1, prepare=targets.prepare), patience=QUICK)
    trainers.start()
    yield trainers
    await trainers.close()
    assert trainers_alive() == [], "a trainer process or zombie was left behind"
    assert (trainers.running, trainers.waiting) == (0, 0)


def job(name: str = "j1", steps: tuple[str, ...] = ("load", "fit")) -> Job:
    return Job(name, "gnn.train", database="neo4j", steps=steps)


async def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in time")


async def test_a_job_returns_what_its_target_returns_and_passes_on_its_progress(trainers: Trainers) -> None:
    """Spec, result and progress are JSON; each run has a process of its own."""
    one = job()
    result = await trainers.run(one, targets.echo, {"seeds": [1, 2], "name": "Amélie"})
    assert result["spec"] == {"seeds": [1, 2], "name": "Amélie"}
    assert [report.figures for report in one.history] == [{"loss": 0.25}, {"loss": 0.125}]
    status = one.status
    assert (status.state, status.step, status.detail, status.progress) == (JobState.RUNNING, "fit", "done", 1.0)
    other = await trainers.run(job("j2"), targets.echo, {})
    assert len({result["pid"], other["pid"], os.getpid()}) == 3


async def test_a_trainer_is_nice_bounded_and_apart_from_the_server(
    trainers: Trainers, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nice, threads by environment and hook, own session, deaf to Ctrl-C, without the server's main script."""
    environment = dict(os.environ)
    found = await trainers.run(job(), targets.surroundings, {})
    assert found == {
        "niceness": os.nice(0) + 3,
        "group": "3" if targets.AUTOGROUP.exists() else "",
        "slices": 1e-4 if targets.SLICES else None,
        "threads": "1",
        "prepared": 1,
        "own_session": True,
        "ignores_interrupt": True,
        "main": None,
        "grpc": False,
    }
    assert "a word" not in capfd.readouterr().out, "stdout belongs to the server"
    assert dict(os.environ) == environment, "the server's environment is as before"


async def test_an_error_of_bridge_arrives_as_it_was_raised(trainers: Trainers) -> None:
    """Class, message, reason and metadata survive the way home."""
    with pytest.raises(FailedPreconditionError) as caught:
        await trainers.run(job(), targets.refuse, {})
    assert caught.value.message == "No relationship of type `RATED`."
    assert (caught.value.reason, caught.value.metadata) == ("EMPTY", {"type": "RATED"})


@pytest.mark.parametrize("target", [targets.stumble, targets.answer_no_json])
async def test_an_unknown_error_leaves_as_an_id_and_the_log_has_the_whole(
    trainers: Trainers, target: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """No Python traceback reaches the user."""
    with pytest.raises(TrainerFailedError) as caught:
        await trainers.run(job(), target, {})
    assert "Traceback" not in caught.value.message
    assert caught.value.metadata["errorId"] in caught.value.message
    assert caught.value.metadata["errorId"] in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "signal 9 (SIGKILL).*memory runs out"),
        (signal.SIGSEGV, "signal 11 (SIGSEGV).*report it"),
        (signal.SIGTERM, "signal 15 (SIGTERM)"),
    ],
)
async def test_a_trainer_that_dies_is_named_with_its_signal(
    trainers: Trainers, number: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The caller learns that the process died, of what, and what to do; the next job runs."""
    with pytest.raises(TrainerFailedError, match=words.replace("(", r"\(").replace(")", r"\)")) as caught:
        await trainers.run(job(), targets.die, {"signal": int(number)})
    assert caught.value.reason == "TRAINER_LOST"
    assert caught.value.metadata["errorId"] in caplog.text
    assert (await trainers.run(job("j2"), targets.echo, {"a": 1}))["spec"] == {"a": 1}


@pytest.mark.parametrize("code", [0, 3])
async def test_a_trainer_that_leaves_without_a_result_has_failed(trainers: Trainers, code: int) -> None:
    """Exit code 0 alone is no success."""
    with pytest.raises(TrainerFailedError, match=f"exit code {code} and no result"):
        await trainers.run(job(), targets.leave, {"code": code})


@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_DATA")
async def test_a_memory_limit_is_named_when_it_is_reached() -> None:
    """Too little memory is an error with the limit in it; without a limit the same work succeeds."""
    limited = Trainers(limits=Limits(memory_bytes=256 * 2**20))
    with pytest.raises(ResourceExhaustedError, match="limit of 256 MiB") as caught:
        await limited.run(job(), targets.fill_memory, {"bytes": 2**28})
    assert caught.value.reason == "OUT_OF_MEMORY"
    free = Trainers()
    assert await free.run(job("j2"), targets.fill_memory, {"bytes": 2**28}) == {"sum": 2.0**28}


async def test_a_cancelled_job_ends_at_its_next_report(trainers: Trainers) -> None:
    """The flag suffices: the process ends by itself, with exit and not by signal."""
    one = job()
    patient = Trainers(patience=Patience(flag_seconds=30, terminate_seconds=30))
    run = asyncio.ensure_future(patient.run(one, targets.report_until_stopped, {}))
    await until(lambda: len(one.history) > 1)
    one.cancel()
    with pytest.raises(CancelledError, match="`j1` was cancelled"):
        await asyncio.wait_for(run, 120)
    assert not psutil.pid_exists(int(one.history[-1].figures["pid"]))


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_job_that_does_not_see_the_flag_is_ended_by_signal_with_all_it_started(
    trainers: Trainers, stubborn: bool
) -> None:
    """SIGTERM after the flag, SIGKILL after SIGTERM; `run` returns when the process is reaped."""
    one = job()
    run = asyncio.ensure_future(trainers.run(one, targets.ignore_the_flag, {"stubborn": stubborn, "helper": True}))
    await until(lambda: len(one.history) == 1)
    pid, helper = int(one.history[0].figures["pid"]), int(one.history[0].figures["helper"])
    one.cancel()
    assert one.state is JobState.CANCELLING
    with pytest.raises(CancelledError):
        await asyncio.wait_for(run, 120)
    assert not psutil.pid_exists(pid)
    await until(lambda: not psutil.pid_exists(helper) or psutil.Process(helper).status() == psutil.STATUS_ZOMBIE)


async def test_a_run_that_takes_too_long_is_ended_and_its_job_can_go_on(trainers: Trainers) -> None:
    """The next run of the same job is as if nothing had been."""
    one = job()
    with pytest.raises(TrainerFailedError, match=r"took more than the 0\.5 s that it may") as caught:
        await asyncio.wait_for(trainers.run(one, targets.ignore_the_flag, {}, most_seconds=0.5), 300)
    assert caught.value.reason == "TRAINER_OVERDUE"
    assert trainers_alive() == []
    assert not one.cancel_requested
    assert (await trainers.run(one, targets.echo, {"a": 1}, most_seconds=60))["spec"] == {"a": 1}


async def test_cancelling_the_awaiting_task_ends_the_process_first(trainers: Trainers) -> None:
    """A client that is gone leaves no trainer behind: asyncio's cancellation comes through after the reaping."""
    one = job()
    run = asyncio.ensure_future(trainers.run(one, targets.ignore_the_flag, {}))
    await until(lambda: len(one.history) == 1)
    run.cancel()
    await asyncio.sleep(0.05)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert not psutil.pid_exists(int(one.history[0].figures["pid"]))
    assert one.cancel_requested


async def test_a_job_that_is_cancelled_while_its_process_starts_ends_too(trainers: Trainers) -> None:
    """No moment of the start is out of cancellation's reach."""
    for delay in (0.0, 0.001, 0.005, 0.02, 0.05):
        one = job()
        run = asyncio.ensure_future(trainers.run(one, targets.report_until_stopped, {}))
        await asyncio.sleep(delay)
        one.cancel()
        with pytest.raises(CancelledError):
            await asyncio.wait_for(run, 120)
        assert trainers_alive() == []


async def test_jobs_take_turns_in_the_order_they_came(trainers: Trainers, tmp_path: Path) -> None:
    """One slot: the others wait, each knowing how many come before it."""
    jobs = [job(f"j{number}") for number in range(4)]
    out = tmp_path / "order"
    runs = []
    for number, one in enumerate(jobs):
        spec = {"path": str(out), "word": one.id, "seconds": 0.2}
        runs.append(asyncio.ensure_future(trainers.run(one, targets.touch, spec)))
        await until(lambda number=number: trainers.running + trainers.waiting == number + 1)  # type: ignore[misc]
    assert [one.status.detail for one in jobs[1:]] == [
        "waiting: 1 job before this one",
        "waiting: 2 jobs before this one",
        "waiting: 3 jobs before this one",
    ]
    assert [one.state for one in jobs[1:]] == [JobState.QUEUED] * 3
    jobs[2].cancel()
    with pytest.raises(CancelledError):
        await runs[2]
    await until(lambda: jobs[3].status.detail in ("waiting: 2 jobs before this one", "waiting: 1 job before this one"))
    await asyncio.gather(runs[0], runs[1], runs[3])
    assert out.read_text().split() == ["j0", "j1", "j3"]


async def test_a_full_queue_refuses_the_next_job(tmp_path: Path) -> None:
    """The refusal says how many there are and what to do, and what waits goes on."""
    small = Trainers(queue=1, patience=QUICK)
    runs = []
    for number in range(2):
        spec = {"path": str(tmp_path / "order"), "word": str(number), "seconds": 0.2}
        runs.append(asyncio.ensure_future(small.run(job(), targets.touch, spec)))
        await asyncio.sleep(0)
    await until(lambda: small.waiting == 1)
    with pytest.raises(ResourceExhaustedError, match=r"1 running and 1 waiting.*Try again") as caught:
        await small.run(job(), targets.echo, {})
    assert caught.value.reason == "QUEUE_FULL"
    await asyncio.gather(*runs)


async def test_a_job_keeps_its_turn_for_several_runs(trainers: Trainers, tmp_path: Path) -> None:
    """Nobody comes between a training and the check of what it wrote."""
    one, other, out = job("one"), job("other"), str(tmp_path / "order")
    async with trainers.turn(one):
        await trainers.run(one, targets.touch, {"path": out, "word": "first"})
        waiting = asyncio.ensure_future(trainers.run(other, targets.touch, {"path": out, "word": "other"}))
        await until(lambda: trainers.waiting == 1)
        await trainers.run(one, targets.touch, {"path": out, "word": "second"})
    await waiting
    assert Path(out).read_text().split() == ["first", "second", "other"]


async def test_one_that_gives_up_waiting_for_its_turn_leaves_the_queue_as_it_was(trainers: Trainers) -> None:
    """By cancelled task or cancelled job, also in the very moment in which its turn comes."""

    async def take(one: Job) -> None:
        async with trainers.turn(one):
            await asyncio.sleep(0)

    for by_task in (True, False):
        for late in (True, False):
            waiter, last = job("waiter"), job("last")
            async with trainers.turn(job("first")):
                waiting = asyncio.ensure_future(take(waiter))
                following = asyncio.ensure_future(take(last))
                await until(lambda: trainers.waiting == 2)
                if not late:
                    _ = waiting.cancel() if by_task else waiter.cancel()  # type: ignore[func-returns-value]
                    await until(lambda: trainers.waiting == 1)
            if late:
                _ = waiting.cancel() if by_task else waiter.cancel()  # type: ignore[func-returns-value]
            with pytest.raises(asyncio.CancelledError if by_task else CancelledError):
                await waiting
            await asyncio.wait_for(following, 120)
            assert (trainers.running, trainers.waiting) == (0, 0)


async def test_two_slots_run_two_jobs_at_once(tmp_path: Path) -> None:
    """Slots are processes at a time."""
    wide = Trainers(slots=2, patience=QUICK)
    jobs = [job(f"j{number}") for number in range(2)]
    runs = [asyncio.ensure_future(wide.run(one, targets.report_until_stopped, {})) for one in jobs]
    await until(lambda: all(one.history for one in jobs))
    assert wide.running == 2
    await wide.close()
    for run in runs:
        with pytest.raises(CancelledError):
            await run
    assert trainers_alive() == []


async def test_a_trainer_ends_when_the_fork_server_is_killed(trainers: Trainers) -> None:
    """The operating system may choose any process; the next job gets a new fork server."""
    one = job()
    run = asyncio.ensure_future(trainers.run(one, targets.ignore_the_flag, {}))
    await until(lambda: len(one.history) == 1)
    pid = int(one.history[0].figures["pid"])
    psutil.Process(pid).parent().kill()  # type: ignore[union-attr]
    with pytest.raises(TrainerFailedError) as caught:
        await asyncio.wait_for(run, 120)
    assert caught.value.reason == "TRAINER_LOST"
    await until(lambda: not psutil.pid_exists(pid))
    assert (await trainers.run(job("j2"), targets.echo, {}))["spec"] == {}


SERVER = """
assert __name__ == "__main__", "a trainer imported the server's script"
import asyncio
from bridge.jobs.process import Trainers
from bridge.jobs.job import Job
from {targets} import {target}

async def main():
    job = Job("j1", "test")
    run = asyncio.ensure_future(Trainers().run(job, {target}, {{}}))
    while not job.history:
        await asyncio.sleep(.01)
    print(int(job.history[0].figures["pid"]), flush=True)
    await run

asyncio.run(main())
"""


@pytest.mark.parametrize("target", [targets.ignore_the_flag, targets.hold_the_interpreter])
def test_trainers_end_when_the_server_is_killed(target: Any, tmp_path: Path) -> None:
    """SIGKILL leaves the server no time to clean up: trainer and fork server end by themselves."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    script = tmp_path / "server.py"
    script.write_text(SERVER.format(targets=targets.__name__, target=target.__name__))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        trainer = psutil.Process(pid)
        family = [trainer, trainer.parent()]
        server.kill()
    end = time.monotonic() + 60
    while any(one is not None and one.is_running() for one in family) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(one is not None and one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)


async def test_a_full_disk_is_named_also_by_those_who_do_not_write_through_python(trainers: Trainers) -> None:
    with pytest.raises(ResourceExhaustedError, match="disk is full") as caught:
        await trainers.run(job(), targets.find_the_disk_full, {})
    assert caught.value.reason == "DISK_FULL"


def test_a_fork_server_that_still_loads_ends_with_its_server(tmp_path: Path) -> None:
    """It would hold up the next server: what it loads takes longer than all else."""
    sign = tmp_path / "loading"
    (tmp_path / "endless.py").write_text(
        "import os, time\n"
        f"open({str(sign) + '.new'!r}, 'w').write(str(os.getpid()))\n"
        f"os.rename({str(sign) + '.new'!r}, {str(sign)!r})\n"
        "while True: time.sleep(1)\n"
    )
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); from bridge.jobs.process import Trainers; "
        "Trainers(['endless']).start(); time.sleep(600)"
    )
    server = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    while not sign.exists():
        assert server.poll() is None
        time.sleep(0.05)
    fork_server = psutil.Process(int(sign.read_text()))
    try:
        server.kill()
        server.wait()
        gone, _ = psutil.wait_procs([fork_server], timeout=30)
        assert gone or fork_server.status() == psutil.STATUS_ZOMBIE
    finally:
        if fork_server.is_running():
            fork_server.kill()


HELD = """
import asyncio, os, sys, time
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from bridge.jobs.job import Job
from bridge.jobs.process import Trainers
from bridge.jobs.worker import Limits
from tests.jobs import targets
trainers = Trainers(['sign'], limits=Limits(niceness=3))
trainers.start(held=True)
time.sleep(1)
early = os.path.exists(sys.argv[3])
if sys.argv[4] == 'load':
    trainers.load()
    trainers.load()
    while not Path(sys.argv[3]).exists():
        time.sleep(.05)
async def work():
    return await trainers.run(Job('j1', 'gnn.train', database='neo4j', steps=('fit',)), targets.surroundings, {})
found = asyncio.run(work())
print(early, Path(sys.argv[3]).read_text(), found['niceness'], os.nice(0))
"""


@pytest.mark.parametrize("word", ["load", "a job"])
def test_a_fork_server_that_is_held_loads_when_told_or_for_a_job(tmp_path: Path, word: str) -> None:
    """Nothing before that; then as nicely as trainers work, and these no nicer for it."""
    sign = tmp_path / "loading"
    (tmp_path / "sign.py").write_text(f"import os\nopen({str(sign)!r}, 'w').write(str(os.nice(0)))\n")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", HELD, str(tmp_path), root, str(sign), word], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    early, loading, working, server = done.stdout.split()[-4:]
    assert early == "False"
    assert int(loading) == int(working) == int(server) + 3
