"""bridge/app.py: the server as a process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import pytest
import torch
from threadpoolctl import threadpool_info

from bridge.app import claimed, make_services, serve
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError
from bridge.jobs.process import Trainers
from bridge.registry.store import Store
from bridge.settings import Settings
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service
from tests.registry.examples import FILE, publish


def test_a_data_folder_has_one_server(tmp_path: Path) -> None:
    """A second one would wipe the snapshots of the first while it trains."""
    with claimed(tmp_path / "data"):
        with pytest.raises(FailedPreconditionError, match="BRIDGE_DATA") as raised, claimed(tmp_path / "data"):
            pass
        assert raised.value.reason == "DATA_IN_USE"
    with claimed(tmp_path / "data"):
        pass


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    """A server empties snapshots, scratch and trash when it starts: not where holidays may be."""
    holiday = tmp_path / "snapshots" / "holiday.txt"
    holiday.parent.mkdir()
    holiday.write_text("sea")
    with pytest.raises(FailedPreconditionError, match="never a bridge server's") as raised, claimed(tmp_path):
        pass
    assert raised.value.reason == "NOT_OUR_FOLDER"
    assert holiday.read_text() == "sea"
    assert not (tmp_path / "server.lock").exists()


def test_what_a_killed_server_left_in_scratch_is_cleared_and_for_the_owner_only(tmp_path: Path) -> None:
    left = tmp_path / "scratch" / "job"
    left.mkdir(parents=True)
    (left / "texts.json").write_text("[]")
    services = make_services(Settings(data=tmp_path), Trainers())
    assert list(services.scratch.iterdir()) == []
    assert stat.S_IMODE(services.scratch.stat().st_mode) == 0o700
    services.store.close()


@pytest.mark.parametrize(("threads", "computations", "each"), [(4, 2, 2), (1, 2, 1), (3, 1, 3)])
def test_computations_of_the_server_share_the_threads_it_may_use(
    tmp_path: Path, threads: int, computations: int, each: int
) -> None:
    """In every thread of the executor, for torch and for the libraries of linear algebra alike."""
    settings = Settings(data=tmp_path, threads=threads, executor_threads=computations)
    services = make_services(settings, Trainers())
    together = threading.Barrier(computations)

    def bounds() -> set[int]:
        together.wait(30)
        return {torch.get_num_threads(), *(pool["num_threads"] for pool in threadpool_info())}

    found = [services.executor.submit(bounds) for _ in range(computations)]
    assert [future.result(30) for future in found] == [{each}] * computations
    services.executor.shutdown()
    services.store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has a niceness of its own on Linux alone")
def test_what_scores_whole_projections_is_as_nice_as_a_training(tmp_path: Path) -> None:
    """Only that: who waits for one prediction, or for a version to load, does not wait longer."""
    services = make_services(Settings(data=tmp_path, trainer_niceness=3), Trainers())
    # A new thread is as nice as the one that makes it.
    here = os.nice(0)
    assert asyncio.run(services.scoring.compute(os.nice(0) for _ in range(1))) == [here + min(3, 19 - here)]
    services.scoring.close()
    for each in (services.executor, services.answering):
        assert each.submit(os.nice, 0).result(30) == here
        each.shutdown()
    services.store.close()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"host": "0.0.0.0"}, "needs a plugin token"),
        ({"tls_certificate": "/none.pem", "tls_key": "/none.pem"}, "BRIDGE_TLS_CERTIFICATE was `/none.pem`"),
        ({"tls_certificate": __file__}, "only one of them was set"),
    ],
)
def test_an_address_that_may_not_be_listened_on_stops_the_server_before_it_touches_anything(
    tmp_path: Path, settings: dict[str, str], text: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=text):
        serve(Settings.model_validate({"data": tmp_path / "data", **settings}))
    assert not (tmp_path / "data").exists()


def test_a_server_says_when_it_answers_and_ends_at_sigterm(tmp_path: Path) -> None:
    """It leaves its models and no process."""
    program = (
        "import sys; from pathlib import Path; from bridge.app import serve; from bridge.settings import Settings; "
        "serve(Settings(data=Path(sys.argv[1]), port=0), ready=lambda port: print(port, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "data")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert int(process.stdout.readline()) > 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 0
    assert (tmp_path / "data" / "models").is_dir()
    for _ in range(6_000):  # a fork server notices when it has loaded its modules
        if not _group_lives(process.pid):
            return
        time.sleep(0.05)
    pytest.fail("the fork server outlived its server")


def test_whoever_watches_a_job_is_sent_to_the_next_server_when_this_one_begins_to_stop(tmp_path: Path) -> None:
    """A stream that stays open would hold the stop for as long as running calls may take, and tell nothing."""
    (tmp_path / "look.cypher").write_text("RETURN 1;")
    program = (
        "import sys; from pathlib import Path; from bridge.app import serve; from bridge.settings import Settings; "
        "given = dict(data=Path(sys.argv[1]), port=0, recipes=Path(sys.argv[2]), neo4j_uri=sys.argv[3]); "
        "serve(Settings(**given), ready=lambda port: print(port, flush=True))"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a database that never answers keeps the job at work
        uri = f"bolt://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "data"), str(tmp_path), uri],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
                stub = service.TrainingServiceStub(channel)
                job = stub.Retrain(wire.RetrainRequest(recipe="look", request_id="one")).job
                states = stub.WatchJob(wire.WatchJobRequest(job=job.key), timeout=60)
                assert next(states).job.key == job.key
                process.send_signal(signal.SIGTERM)
                with pytest.raises(grpc.RpcError, match="server is being stopped") as raised:
                    list(states)
                assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        finally:
            process.kill()
            process.communicate(timeout=300)


def test_damage_is_found_before_the_server_answers(tmp_path: Path) -> None:
    """Its log says which version of which model, and which one answers instead, before the port is known."""
    store = Store(tmp_path / "data")
    publish(store)
    path = publish(store).path / FILE
    store.close()
    path.write_bytes(path.read_bytes()[:-1])
    program = (
        "import sys; from pathlib import Path; from bridge.app import serve; from bridge.settings import Settings; "
        "serve(Settings(data=Path(sys.argv[1]), port=0), ready=lambda _: print('ready', file=sys.stderr, flush=True))"
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "data")], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    lines = []
    while (line := process.stderr.readline()) != "ready\n":
        assert line, f"the server has ended: {lines}"
        lines.append(line)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=300)
    (line,) = [line for line in lines if "is damaged" in line]
    assert "model ratings: Version 2 of model `ratings` is damaged: `model.safetensors` has" in line
    assert line.endswith("Version 1 answers meanwhile.\n")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
