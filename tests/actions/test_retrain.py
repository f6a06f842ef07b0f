"""bridge/actions/retrain.py: recipes over gRPC, without a database; what became of what a recipe's CALLs made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest

from bridge.actions import retraining as retraining_module
from bridge.actions.recipe_jobs import RecipeJobs
from bridge.actions.retrain import retrain
from bridge.actions.retraining import MOST_WAITING, Retraining
from bridge.actions.services import Services
from bridge.core.errors import FailedPreconditionError, UnavailableError
from bridge.jobs.job import Job
from bridge.jobs.status import JobState
from bridge.jobs.table import Jobs, NewJob
from bridge.retrain.account import Account
from bridge.retrain.connection import REFUSED, Connection
from bridge.retrain.ledger import Ledger
from bridge.retrain.recipes import Recipes
from bridge.rpc.auth import Tokens
from bridge.rpc.convert import to_map
from bridge.rpc.server import Endpoint, Server
from bridge.runtime.ports import pick_free
from bridge.v1 import training_service_pb2 as wire
from bridge.v1 import training_service_pb2_grpc as service

MARK = "nightly_0123456789ab"


@pytest.fixture
async def stub(services: Services, tmp_path: Path) -> AsyncIterator[service.TrainingServiceStub]:
    """A server with one recipe and an account at an address where no database is."""
    (tmp_path / "nightly.cypher").write_text(":param topK => 1;\n// Look\nRETURN $topK;")
    account = Account(f"bolt://127.0.0.1:{pick_free(1)[0]}")
    ledger = Ledger(tmp_path / "ledger")
    services = replace(services, retraining=Retraining(account, Recipes(tmp_path), ledger, services.jobs))
    server = Server(services, Endpoint("127.0.0.1", 0, Tokens()))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{await server.start()}") as channel:
        yield service.TrainingServiceStub(channel)
    await services.retraining.close()
    await server.stop(timedelta(seconds=1))


async def refused(call: grpc.aio.UnaryUnaryCall) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return raised.value.code(), raised.value.details() or ""


async def test_the_recipes_are_listed_with_their_parameters(stub: service.TrainingServiceStub) -> None:
    """As the file on the server has them now."""
    (found,) = (await stub.ListRecipes(wire.ListRecipesRequest())).recipes
    assert (found.name, found.parameters) == ("nightly", to_map({"topK": 1}))


async def test_without_an_account_the_missing_settings_are_named(channel: grpc.aio.Channel) -> None:
    """A server that was told of no database runs no recipe."""
    request = wire.RetrainRequest(recipe="nightly", request_id="one")
    code, text = await refused(service.TrainingServiceStub(channel).Retrain(request))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "BRIDGE_NEO4J_URI" in text


@pytest.mark.parametrize(
    ("request_", "code", "says"),
    [
        (wire.RetrainRequest(recipe="nightly"), grpc.StatusCode.INVALID_ARGUMENT, "`request_id` was empty"),
        (wire.RetrainRequest(recipe="../x", request_id="1"), grpc.StatusCode.INVALID_ARGUMENT, "a recipe's name has"),
        (wire.RetrainRequest(recipe="nightl", request_id="1"), grpc.StatusCode.NOT_FOUND, "Did you mean `nightly`?"),
        (
            wire.RetrainRequest(recipe="nightly", request_id="1", parameters=to_map({"topK": "many"})),
            grpc.StatusCode.INVALID_ARGUMENT,
            "must be of type `Integer`",
        ),
    ],
)
async def test_a_wrong_request_starts_nothing(
    stub: service.TrainingServiceStub, request_: wire.RetrainRequest, code: grpc.StatusCode, says: str
) -> None:
    """Neither a job nor a connection."""
    found, text = await refused(stub.Retrain(request_))
    assert (found, says in text) == (code, True), text
    assert not (await stub.ListJobs(wire.ListJobsRequest())).jobs


async def test_a_database_that_does_not_answer_fails_the_job_and_leaves_nothing_to_clean_up(
    stub: service.TrainingServiceStub, tmp_path: Path
) -> None:
    """The text names the setting to look at. Who never got in has made nothing, and does not try again for ever."""
    asked = wire.RetrainRequest(recipe="nightly", request_id="one")
    job = (await stub.Retrain(asked)).job
    ended = (await stub.WaitJob(wire.WaitJobRequest(job=job.key))).job
    assert (ended.state, ended.reason) == (wire.JOB_STATE_FAILED, "DATABASE_UNREACHABLE")
    assert "`nightly` stopped before its first statement: the database can not be reached" in ended.error
    assert "BRIDGE_NEO4J_URI" in ended.error
    assert Ledger(tmp_path / "ledger").marks() == []
    assert (await stub.Retrain(asked)).job.key == job.key, "asked again, it is not run again"


async def test_a_database_that_goes_away_leaves_the_cleaning_for_later(
    stub: service.TrainingServiceStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure names the statement."""

    async def sign_in(connection: Connection) -> None:
        """Was let in a moment ago."""

    monkeypatch.setattr(Connection, "sign_in", sign_in)
    job = (await stub.Retrain(wire.RetrainRequest(recipe="nightly", request_id="one"))).job
    ended = (await stub.WaitJob(wire.WaitJobRequest(job=job.key))).job
    assert "stopped at statement 1 of 1 (Look): the database can not be reached" in ended.error
    assert len(Ledger(tmp_path / "ledger").marks()) == 1


async def test_an_account_that_is_refused_is_not_used_again_and_again(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database locks accounts that ask by a wrong password, and this one may be somebody's own."""
    monkeypatch.setattr(retraining_module, "FIRST_PAUSE_SECONDS", 0.01)
    ledger = Ledger(tmp_path / "ledger")
    for name in "abc":
        ledger.note(f"{name}_{'0' * 12}")
    retraining = Retraining(Account(), Recipes(None), ledger, services.jobs)
    tried: list[str] = []

    async def clean(mark: str) -> None:
        tried.append(mark[0])
        raise FailedPreconditionError("the database refused the service account", reason=REFUSED)

    monkeypatch.setattr(retraining, "_clean", clean)
    retraining.start()
    await asyncio.sleep(0.3)
    await retraining.close()
    assert tried == ["a"]
    assert len(ledger.marks()) == 3


async def test_a_request_id_of_another_request_is_refused_without_its_values(
    stub: service.TrainingServiceStub,
) -> None:
    """They may be secrets: the text has the names alone."""
    await stub.Retrain(wire.RetrainRequest(recipe="nightly", request_id="one", parameters=to_map({"topK": 31337})))
    other = wire.RetrainRequest(recipe="nightly", request_id="one", parameters=to_map({"topK": 2}))
    code, text = await refused(stub.Retrain(other))
    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert "The request id `one` was used before, with other values of `parameters.topK`. Give this" in text
    assert "31337" not in text


async def test_a_run_that_finds_the_line_full_is_refused_and_its_request_id_is_free(
    stub: service.TrainingServiceStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told to try again later must not get the refused run's job then."""
    at_work, over = asyncio.Event(), asyncio.Event()

    async def sign_in(connection: Connection) -> None:
        at_work.set()
        await over.wait()

    monkeypatch.setattr(Connection, "sign_in", sign_in)
    asked = [wire.RetrainRequest(recipe="nightly", request_id=str(number)) for number in range(MOST_WAITING + 2)]
    begun = [(await stub.Retrain(asked[0])).job]
    await at_work.wait()
    begun += [(await stub.Retrain(each)).job for each in asked[1:-1]]
    code, text = await refused(stub.Retrain(asked[-1]))
    assert (code, "`bridge jobs`" in text) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True), text
    assert len((await stub.ListJobs(wire.ListJobsRequest())).jobs) == len(begun)
    assert (await stub.Retrain(asked[1])).job.key == begun[1].key, "the others are still known"
    await stub.CancelJob(wire.CancelJobRequest(job=begun[-1].key))
    await stub.WaitJob(wire.WaitJobRequest(job=begun[-1].key))
    assert (await stub.Retrain(asked[-1])).job.state == wire.JOB_STATE_QUEUED
    over.set()


async def test_a_server_that_stops_sends_runs_to_the_next_one(services: Services, tmp_path: Path) -> None:
    """By an error that clients ask again after, and without a job that would keep the request id."""
    (tmp_path / "nightly.cypher").write_text("RETURN 1;")
    retraining = Retraining(Account("bolt://127.0.0.1:1"), Recipes(tmp_path), Ledger(tmp_path / "l"), services.jobs)
    await retraining.close()
    with pytest.raises(UnavailableError, match="Ask the next one"):
        await retrain("nightly", {}, "one", replace(services, retraining=retraining))
    assert await services.jobs.of_request("", "retrain one") is None


@pytest.mark.parametrize("text", [":param topK => 1;\nRETURN nothing", ":param other => 1;\nRETURN $other;", None])
async def test_a_repeated_request_is_the_same_job_whatever_became_of_its_recipe(
    stub: service.TrainingServiceStub, tmp_path: Path, text: str | None
) -> None:
    """Changed, faulty or removed: a client that did not hear the answer asks again, and must hear of its job."""
    asked = wire.RetrainRequest(recipe="nightly", request_id="one", parameters=to_map({"topK": 3}))
    job = (await stub.Retrain(asked)).job
    file = tmp_path / "nightly.cypher"
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert (await stub.Retrain(asked)).job.key == job.key
    code, said = await refused(stub.Retrain(wire.RetrainRequest(recipe="gone", request_id="one")))
    assert (code, "other values of `parameters.topK`, `recipe`" in said) == (grpc.StatusCode.ALREADY_EXISTS, True), said


async def test_a_run_that_can_not_be_cleaned_up_keeps_no_other_from_it(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again and again, whatever the fault; the projections of the others do not wait for that."""
    monkeypatch.setattr(retraining_module, "FIRST_PAUSE_SECONDS", 0.01)
    ledger = Ledger(tmp_path / "ledger")
    for mark in (f"a_{'0' * 12}", f"b_{'0' * 12}", f"c_{'0' * 12}"):
        ledger.note(mark)
    retraining = Retraining(Account(), Recipes(None), ledger, services.jobs)
    tried: list[str] = []

    async def clean(mark: str) -> None:
        tried.append(mark[0])
        if mark[0] != "c":
            raise OSError("unreadable") if mark[0] == "a" else ValueError("unforeseen")
        ledger.strike(mark)

    monkeypatch.setattr(retraining, "_clean", clean)
    retraining.start()
    async with asyncio.timeout(30):
        while len(tried) < 5:
            await asyncio.sleep(0.01)
    await retraining.close()
    assert tried[:5] == ["a", "b", "c", "a", "b"]
    assert [mark[0] for mark in ledger.marks()] == ["a", "b"]


@pytest.fixture
async def jobs() -> Jobs:
    """A table in memory."""
    return Jobs()


async def entered(jobs: Jobs, graph: str) -> Job:
    return await jobs.create(NewJob("gnn.train", "ada", "neo4j", steps=("read", "fit"), graph_name=graph))


async def test_what_a_recipe_s_own_calls_report_is_its_jobs_report(jobs: Jobs) -> None:
    """Each figure once, at the statement's share of the whole; others' jobs are not its own."""
    job = await jobs.create(NewJob("retrain.nightly", "ada", "neo4j", steps=("Project", "Train")))
    seen = RecipeJobs(job, MARK, jobs)
    own, other = await entered(jobs, f"{MARK}_people"), await entered(jobs, "nightly")
    async with seen.followed(1):
        other.report(0, 0.1, figures={"loss": 9.0})
        own.report(1, 0.0, "epoch 1", {"loss": 2.0})
        own.report(1, 0.5, "epoch 2", {"loss": 1.0})
    assert [each.figures["loss"] for each in job.history] == [2.0, 1.0]
    assert (job.status.progress, job.status.detail) == (0.875, "gnn.train: fit epoch 2")


@pytest.mark.parametrize(("rejected", "state"), [(False, JobState.SUCCEEDED), (True, JobState.REJECTED)])
async def test_one_rejected_version_rejects_the_run(jobs: Jobs, rejected: bool, state: JobState) -> None:
    """With its text and reason; a run whose versions all serve has succeeded."""
    with await jobs.create(NewJob("retrain.nightly", "ada", "neo4j")) as job:
        seen = RecipeJobs(job, MARK, jobs)
        for name, worse in (("ratings", rejected), ("recommender", False)):
            with await entered(jobs, MARK) as own:
                async with seen.followed(0):
                    own.made(name, 2)
                    if worse:
                        own.reject("It is worse.", "WORSE")
        seen.name_versions()
        seen.conclude()
    assert (job.state, job.record.model_name, job.record.model_version) == (state, "recommender", 2)
    assert (job.status.error, job.status.reason) == (("It is worse.", "WORSE") if rejected else ("", ""))
