"""Composition root of the server: makes the parts, hands them to each other, runs until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from bridge import __version__
from bridge.actions import CONTRACT, PROCEDURES
from bridge.actions.origin_log import OriginLog
from bridge.actions.provenance import Provenance
from bridge.actions.reconcile import outcome_of
from bridge.actions.retraining import Retraining
from bridge.actions.services import Services
from bridge.actions.unhurried import Unhurried
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.jobs.all_jobs import AllJobs
from bridge.jobs.process import Trainers
from bridge.jobs.store import JobStore
from bridge.jobs.table import Jobs
from bridge.jobs.worker import Limits
from bridge.models.device import bound_threads
from bridge.projection.snapshots import Snapshots
from bridge.registry import files
from bridge.registry.live import Live
from bridge.registry.resolved import Resolved
from bridge.registry.store import Store
from bridge.registry.vocabularies import Vocabularies
from bridge.retrain.account import Account
from bridge.retrain.ledger import Ledger
from bridge.retrain.recipes import Recipes
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from bridge.settings import Settings

MIB = 2**20

LOCK = "server.lock"
"""The file that a server holds while it works in a data folder."""

SWITCH_SECONDS = 0.0005
"""How long a thread may go on in Python while another waits. Python's own 5 ms are longer than a prediction takes."""

OURS = (LOCK, "store.lock")
"""Files by which a data folder is known as one."""

_log = logging.getLogger("bridge")


def serve(settings: Settings, *, ready: Callable[[int], None] = lambda port: None) -> None:
    """Run the server in this process until SIGTERM or SIGINT; `ready` gets the port once it answers.

    Raises:
        InvalidArgumentError: an address that may not, or can not, be listened on; a TLS file that can not be read.
        FailedPreconditionError: another server works in the same data folder.
    """
    endpoint = _endpoint(settings)
    endpoint.check()
    logging.basicConfig(
        level=settings.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Before torch is loaded anywhere: threads that wait for each other by spinning starve beside a busy process.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.setswitchinterval(SWITCH_SECONDS)
    trainers = Trainers(
        ["bridge.trainer"],
        slots=settings.trainer_slots,
        queue=settings.trainer_queue,
        limits=Limits(
            niceness=settings.trainer_niceness,
            threads=settings.threads,
            memory_bytes=_bytes(settings.trainer_memory_mib),
        ),
    )
    with claimed(settings.data):
        trainers.start(held=True)  # before any gRPC object exists: its threads do not survive a fork
        asyncio.run(_serve(settings, endpoint, trainers, ready))


async def _serve(settings: Settings, endpoint: Endpoint, trainers: Trainers, ready: Callable[[int], None]) -> None:
    services = make_services(settings, trainers)
    server = Server(services, endpoint)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        await services.compute(services.store.verify_aliased)
        # What is loaded by now stays: half a million objects, through which the collector would go now and then while
        # every answer waits.
        gc.freeze()
        port = await server.start()
        _log.info("bridge server %s on %s:%d, models in %s", __version__, settings.host, port, settings.data)
        services.retraining.start()
        ready(port)
        trainers.load()  # only now: who waits for an answer after a restart should not wait for this
        await stopped.wait()
        _log.info("stopping: running calls get %.0f s", settings.stop_seconds)
    finally:
        services.all_jobs.stop()
        await services.retraining.close()
        await server.stop(timedelta(seconds=settings.stop_seconds))
        await services.jobs.background.close()
        await trainers.close()
        await services.jobs.close()
        services.answering.shutdown(wait=True, cancel_futures=True)
        services.scoring.close()
        services.executor.shutdown(wait=True, cancel_futures=True)  # a publish must not lose its staging folder
        services.store.close()


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Hold the data folder: a server wipes snapshots and scratch when it starts, which must be nobody else's.

    Raises:
        FailedPreconditionError: another server holds it, or the folder is somebody else's.
    """
    _refuse_strange(data)
    files.make_folder(data)
    lock = files.take_lock(data / LOCK)
    if lock is None:
        raise FailedPreconditionError(
            f"Another bridge server works in the folder {data}. Stop it, or give this one a folder of its own with "
            "BRIDGE_DATA.",
            reason="DATA_IN_USE",
        )
    try:
        yield
    finally:
        os.close(lock)


def _refuse_strange(data: Path) -> None:
    if data.is_dir() and any(data.iterdir()) and not any((data / name).exists() for name in OURS):
        raise FailedPreconditionError(
            f"The folder {data} has files in it and was never a bridge server's. A server empties parts of its folder: "
            "set BRIDGE_DATA to one that is new or empty.",
            reason="NOT_OUR_FOLDER",
        )


def make_services(settings: Settings, trainers: Trainers) -> Services:
    """Make everything that actions need."""
    data = settings.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(data, _bytes(settings.store_mib))
    job_store = JobStore(data / "jobs.sqlite", days=settings.job_days, outcome=partial(outcome_of, store=store))
    jobs = Jobs(job_store)
    return Services(
        procedures=PROCEDURES,
        contract=CONTRACT,
        store=store,
        live=Live(settings.loaded_models),
        resolved=Resolved(store),
        served=Live(settings.loaded_models),
        snapshots=Snapshots(data / "snapshots", settings.snapshot_mib * MIB),
        jobs=jobs,
        all_jobs=AllJobs(jobs, job_store),
        trainers=trainers,
        vocabularies=Vocabularies(data / "vocabularies"),
        provenance=Provenance(OriginLog(data / "origins.jsonl")),
        retraining=Retraining(_account(settings), Recipes(settings.recipes), Ledger(data / "recipes"), jobs),
        scratch=_emptied(data / "scratch"),
        executor=_executor(settings, "compute"),
        answering=_executor(settings, "answer"),
        scoring=Unhurried(_executor(settings, "score", settings.trainer_niceness)),
        threads=settings.threads,
    )


def _executor(settings: Settings, name: str, niceness: int = 0) -> ThreadPoolExecutor:
    """Make the threads that compute: together they use as many CPUs as one training may."""
    each = max(1, settings.threads // settings.executor_threads)
    return ThreadPoolExecutor(
        settings.executor_threads, thread_name_prefix=name, initializer=_bound, initargs=(each, niceness)
    )


def _bound(threads: int, niceness: int) -> None:
    """Let the calling thread use so many threads, so nicely."""
    bound_threads(threads)
    if sys.platform == "linux":  # elsewhere it is the whole process that has a niceness
        os.nice(niceness)


def _account(settings: Settings) -> Account:
    return Account(
        uri=settings.neo4j_uri,
        user=settings.neo4j_user,
        password_file=settings.neo4j_password_file,
        database=settings.neo4j_database,
    )


def _endpoint(settings: Settings) -> Endpoint:
    return Endpoint(
        host=settings.host,
        port=settings.port,
        tokens=Tokens(settings.plugin_token, settings.operator_token),
        certificate=_content(settings.tls_certificate, "BRIDGE_TLS_CERTIFICATE"),
        private_key=_content(settings.tls_key, "BRIDGE_TLS_KEY"),
        insecure=settings.insecure,
    )


def _content(path: Path | None, variable: str) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise InvalidArgumentError(
            f"{variable} was `{path}`, but that file can not be read: {error.strerror}.", reason="SETTINGS"
        ) from error


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _bytes(mib: int | None) -> int | None:
    return None if mib is None else mib * MIB
