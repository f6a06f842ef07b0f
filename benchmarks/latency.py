"""What a prediction over gRPC costs (one user, the ten best movies), alone and beside other work.

The other work is a training, Neo4j busy with itself, and `recommend` for all users. MovieLens latest-small, a ranking
model; the client, and whoever has the other work done, are processes of their own. Each round has a window of each
kind, one after the other, so that what else the machine does is in all of them alike.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event

import grpc
import neo4j
import numpy as np

from benchmarks import movielens
from benchmarks.database import Database, started
from benchmarks.figure import Figure, Other, main, say
from bridge.settings import Settings
from bridge.v1 import model_service_pb2, value_pb2
from bridge.v1 import prediction_service_pb2 as predictions
from bridge.v1 import prediction_service_pb2_grpc as prediction_service
from bridge.v1 import training_service_pb2 as trainings
from bridge.v1 import training_service_pb2_grpc as training_service

TITLE = "prediction over gRPC: one user, top 10"

MOST_MILLIS = 3.0
"""Of the median, on an idle server."""

MOST_GROWTH = 1.5
"""Of the 99th percentile, beside other work."""

ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", 10))
REQUESTS = 400
"""In a window."""
WARM = 20
"""Requests before a window that are not measured."""
WARM_CALLS = 50
"""Runs of each statement before the first window: until then Java compiles what it runs, on both processors."""

NICENESS = Settings.model_fields["trainer_niceness"].default

SEED = 7

ALL_USERS = "CALL bridge.recommend.stream('movies', {modelName: $name}) YIELD rank RETURN count(*) AS rows"

ALONE = "MATCH (movie:Movie) RETURN sum(size(movie.title)) AS rows"
"""Keeps a processor busy with Neo4j and asks nothing of the server: what the machine itself costs a prediction."""

ENDLESS = {"epochs": 1_000_000, "patience": 1_000_000}

Window = list[float]
"""Milliseconds of each request."""

Login = tuple[str, str]
"""User and password."""


class Asker:
    """A client of the services for operators."""

    def __init__(self, address: str, model_name: str, users: list[int]) -> None:
        self._channel = grpc.insecure_channel(address)
        self._predictions = prediction_service.PredictionServiceStub(self._channel)
        self._trainings = training_service.TrainingServiceStub(self._channel)
        self._name = model_service_pb2.ModelReference(database="neo4j", model=model_name)
        self._users = users
        self._random = np.random.default_rng(SEED)

    def window(self) -> Window:
        """Ask for one user after the other; return the milliseconds of each."""
        times = []
        for user in self._random.choice(self._users, WARM + REQUESTS).tolist():
            request = predictions.RecommendRequest(name=self._name, sources=[value_pb2.Value(integer=user)], top_k=10)
            began = time.perf_counter()
            answer = self._predictions.Recommend(request)
            times.append((time.perf_counter() - began) * 1000)
            assert len(answer.lists[0].targets) == 10
        return times[WARM:]

    @contextmanager
    def training(self) -> Iterator[None]:
        """Have a training at work in a trainer process."""
        configuration = value_pb2.MapValue(
            fields={name: value_pb2.Value(integer=value) for name, value in ENDLESS.items()}
        )
        request = trainings.CreateTrainingRequest(
            name=self._name, configuration=configuration, request_id=str(uuid.uuid4())
        )
        job = self._trainings.CreateTraining(request).job
        try:
            while not (now := self._trainings.GetJob(trainings.GetJobRequest(job=job.key)).job).figures:
                assert not now.finished_millis, now.error
                time.sleep(0.2)
            yield
        finally:
            self._trainings.CancelJob(trainings.CancelJobRequest(job=job.key))
            self._trainings.WaitJob(trainings.WaitJobRequest(job=job.key))


@contextmanager
def repeating(bolt_uri: str, auth: Login, statement: str, model_name: str) -> Iterator[None]:
    """Have Neo4j run a statement over and over.

    A process of its own asks, so that the client that is measured has its interpreter to itself.
    """
    spawn = multiprocessing.get_context("spawn")
    begun, done = spawn.Event(), spawn.Event()
    asking = spawn.Process(target=_repeat, args=(bolt_uri, auth, statement, model_name, begun, done))
    asking.start()
    try:
        assert begun.wait(240), "the statement was not answered"
        yield
    finally:
        done.set()
        asking.join()
    assert asking.exitcode == 0, "the statement failed"


def _repeat(bolt_uri: str, auth: Login, statement: str, model_name: str, begun: Event, done: Event) -> None:
    with neo4j.GraphDatabase.driver(bolt_uri, auth=auth) as driver:
        while not done.is_set():
            found = driver.execute_query(neo4j.Query(statement), {"name": model_name}, database_="neo4j")
            assert found.records[0]["rows"], "the statement found nothing"
            begun.set()


def measure() -> Iterator[Figure]:
    """Train a model, then yield the latencies of all windows by kind."""
    with started(trainer_niceness=NICENESS) as database:
        movielens.load(database, encode=False)
        yield from latencies(database, "random0")


def latencies(database: Database, split: str) -> Iterator[Figure]:
    """Yield them for a model of the loaded movies."""
    configuration = {"objective": "ranking", "relevantThreshold": 4.0, "baselines": "none", "epochs": 10}
    name = str(movielens.train(database, split, configuration)["modelName"])
    users = [row["userId"] for row in database.rows("MATCH (user:User) RETURN user.userId AS userId")]
    running = database.running
    asker = Asker(running.bridge_address, name, users)
    windows: dict[str, list[Window]] = {"idle": [], "training": [], "neo4j": [], "recommend": []}
    for statement in WARM_CALLS * (ALONE, ALL_USERS):
        database.rows(statement, name=name)
    server, spent = database.bridge_process(), 0.0
    for number in range(ROUNDS):
        before = server.cpu_times()
        windows["idle"].append(asker.window())
        spent += sum(server.cpu_times()[:2]) - sum(before[:2])
        with asker.training():
            windows["training"].append(asker.window())
        for kind, statement in (("neo4j", ALONE), ("recommend", ALL_USERS)):
            with repeating(running.bolt_uri, (running.user, running.password), statement, name):
                windows[kind].append(asker.window())
        say(f"round {number + 1}: " + ", ".join(f"{kind} {_told(each[-1])}" for kind, each in windows.items()))
    yield from figures(windows)
    yield Figure("CPU of the server a request, idle", spent * 1000 / (ROUNDS * (WARM + REQUESTS)), "ms", "lower")


def figures(windows: dict[str, list[Window]]) -> Iterator[Figure]:
    """Yield median and 99th percentile over all windows of each kind."""
    yield Figure("p50, idle", _percentile(windows["idle"], 50), "ms", "lower", bar=MOST_MILLIS)
    yield Figure("p99, idle", _percentile(windows["idle"], 99), "ms", "lower")
    yield Figure("p99, while Neo4j alone works", _percentile(windows["neo4j"], 99), "ms", "lower")
    idle = Other("idle", _percentile(windows["idle"], 99))
    for kind, what in (("training", "while a job trains"), ("recommend", "while recommend scores all users")):
        yield Figure(f"p50, {what}", _percentile(windows[kind], 50), "ms", "lower")
        p99 = _percentile(windows[kind], 99)
        yield Figure(f"p99, {what}", p99, "ms", "lower", against=idle, bar=1 / MOST_GROWTH)


def _percentile(windows: list[Window], share: float) -> float:
    return float(np.percentile(np.concatenate(windows), share))


def _told(window: Window) -> str:
    return f"{np.percentile(window, 50):.2f} / {np.percentile(window, 99):.2f} ms"


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
