"""bridge/rpc/models.py: the registry as operators see and change it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from bridge.actions.services import Services
from bridge.rpc.convert import from_map
from bridge.v1 import model_service_pb2 as wire
from bridge.v1 import model_service_pb2_grpc as service
from tests.registry.examples import FILE, publish

RATINGS = wire.ModelReference(database="neo4j", model="ratings")
NAMELESS = wire.ModelReference(model="ratings")


def stub(channel: grpc.aio.Channel) -> service.ModelServiceStub:
    return service.ModelServiceStub(channel)  # type: ignore[no-untyped-call]


def fill(services: Services, *, versions: int = 2, name: str = "ratings", **changes: Any) -> None:
    """Publish versions of ada's model."""
    for fill in range(versions):
        publish(services.store, name, fill=float(fill), **{"owner": "ada", "created_millis": 1000 + fill} | changes)


def spoil(data: Path, version: int) -> None:
    (weights,) = data.glob(f"models/*/ratings/versions/{version}/{FILE}")
    weights.write_bytes(weights.read_bytes()[:-1])


async def refused(channel: grpc.aio.Channel, method: str, request: Any) -> tuple[grpc.StatusCode, str, str]:
    """Return the status, the reason in google.rpc.ErrorInfo, and the text of a failure."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await getattr(stub(channel), method)(request)
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(raised.value).details[0].Unpack(info)
    return raised.value.code(), info.reason, str(raised.value.details())


async def aliases(channel: grpc.aio.Channel) -> dict[str, int]:
    return dict((await stub(channel).GetModel(wire.GetModelRequest(name=RATINGS))).model.aliases)


async def test_a_model_is_listed_by_the_version_that_answers(services: Services, channel: grpc.aio.Channel) -> None:
    """With its owner, its aliases and how good it is."""
    fill(services, gate={"passed": True})
    (model,) = (await stub(channel).ListModels(wire.ListModelsRequest())).models
    assert (model.database, model.model, model.owner, model.version_count) == ("neo4j", "ratings", "ada", 2)
    assert (dict(model.aliases), model.fallback) == ({"champion": 2, "previous": 1}, "")
    champion = model.champion
    assert (champion.version, list(champion.aliases), champion.parent_version) == (2, ["champion"], 1)
    assert (champion.model_type, champion.created_millis, champion.damage) == ("graphFm", 1001, "")
    assert from_map(champion.metrics) == {"test": {"rmse": 0.84, "count": 2**53 + 1}}
    assert from_map(champion.gate) == {"passed": True}
    assert champion.size_bytes > 100


async def test_models_of_all_databases_are_listed_page_by_page(services: Services, channel: grpc.aio.Channel) -> None:
    """In the order of database and name; a model that comes or goes moves no other."""
    for database, name in (("neo4j", "a"), ("neo4j", "c"), ("films", "z"), ("neo4j", "e")):
        fill(services, versions=1, name=name, database=database, database_id=f"ID-{database}")

    async def page(token: str) -> wire.ListModelsResponse:
        return await stub(channel).ListModels(wire.ListModelsRequest(page_size=2, page_token=token))

    first = await page("")
    fill(services, versions=1, name="b", database="neo4j", database_id="ID-neo4j")
    services.store.drop("ID-neo4j", "a", "ada")
    second = await page(first.next_page_token)
    third = await page(second.next_page_token)
    pages = [[(model.database, model.model) for model in each.models] for each in (first, second, third)]
    assert pages == [
        [("films", "z"), ("neo4j", "a")], [("neo4j", "b"), ("neo4j", "c")], [("neo4j", "e")]
    ]  # fmt: skip
    assert third.next_page_token == ""
    one = await stub(channel).ListModels(wire.ListModelsRequest(database="films"))
    assert [model.model for model in one.models] == ["z"]


async def test_a_page_token_belongs_to_its_list(services: Services, channel: grpc.aio.Channel) -> None:
    """Nonsense, and the token of another list, are refused."""
    for name in ("ratings", "b"):
        fill(services, name=name)
    token = (await stub(channel).ListModels(wire.ListModelsRequest(page_size=1))).next_page_token
    foreign = wire.ListModelsRequest(page_size=1, page_token=token, database="neo4j")
    versions = wire.ListVersionsRequest(name=RATINGS, page_token=token)
    nonsense = wire.ListModelsRequest(page_token="abc")
    changed = wire.ListModelsRequest(page_token=token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))
    for method, request in (
        ("ListModels", foreign), ("ListVersions", versions), ("ListModels", nonsense), ("ListModels", changed)
    ):  # fmt: skip
        status, reason, text = await refused(channel, method, request)
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PAGE_TOKEN")
        assert "which is none of this list" in text


async def test_any_version_is_shown_whole(services: Services, channel: grpc.aio.Channel) -> None:
    """By number, by alias, or the one that answers; the database may stay unnamed while it is the only one."""
    fill(services)
    for wanted, number in (("", 2), ("1", 1), ("previous", 1), ("champion", 2)):
        shown = await stub(channel).GetModel(wire.GetModelRequest(name=NAMELESS, model_version=wanted))
        assert (shown.model.model, shown.version.version) == ("ratings", number)
        assert from_map(shown.configuration)["epochs"] == 20
        info = from_map(shown.info)
        assert (info["modelVersion"], info["metrics"]["test"]["rmse"]) == (number, 0.84)


async def test_versions_are_listed_the_newest_first_page_by_page(
    services: Services, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    """One that is damaged says why, and nothing else."""
    fill(services, versions=3)
    spoil(tmp_path / "server", 1)
    first = await stub(channel).ListVersions(wire.ListVersionsRequest(name=RATINGS, page_size=2))
    fill(services, versions=1)
    asked = wire.ListVersionsRequest(name=RATINGS, page_size=2, page_token=first.next_page_token)
    second = await stub(channel).ListVersions(asked)
    assert [[each.version for each in page.versions] for page in (first, second)] == [[3, 2], [1]]
    assert second.next_page_token == ""
    assert "Version 1 of model `ratings` is damaged" in second.versions[0].damage
    assert (second.versions[0].created_millis, second.versions[0].model_type) == (0, "")


async def test_a_damaged_champion_is_told_beside_the_version_that_answers(
    services: Services, channel: grpc.aio.Channel, tmp_path: Path
) -> None:
    fill(services)
    spoil(tmp_path / "server", 2)
    (model,) = (await stub(channel).ListModels(wire.ListModelsRequest())).models
    assert (model.champion.version, dict(model.aliases)) == (1, {"champion": 2, "previous": 1})
    assert model.fallback.endswith("Version 1 answers meanwhile.")
    spoil(tmp_path / "server", 1)
    (model,) = (await stub(channel).ListModels(wire.ListModelsRequest())).models
    assert not model.HasField("champion")
    assert "No version can answer" in model.fallback
    whole = await stub(channel).GetModel(wire.GetModelRequest(name=RATINGS))
    assert (whole.version.version, "is damaged" in whole.version.damage) == (2, True)


async def test_an_operator_moves_the_aliases_of_anyones_model(services: Services, channel: grpc.aio.Channel) -> None:
    """Promote, roll back, an alias of one's own, and away with it."""
    fill(services, versions=3)
    promoted = await stub(channel).PromoteVersion(wire.PromoteVersionRequest(name=RATINGS, model_version="1"))
    assert (promoted.version, promoted.previous_version) == (1, 3)
    named = wire.PromoteVersionRequest(name=RATINGS, model_version="previous", alias="night")
    promoted = await stub(channel).PromoteVersion(named)
    assert (promoted.version, promoted.previous_version) == (3, 0)
    assert await aliases(channel) == {"champion": 1, "previous": 3, "night": 3}
    back = await stub(channel).RollbackModel(wire.RollbackModelRequest(name=RATINGS))
    assert (back.version, back.previous_version) == (3, 1)
    gone = await stub(channel).DeleteAlias(wire.DeleteAliasRequest(name=RATINGS, alias="night"))
    assert gone.version == 3
    assert await aliases(channel) == {"champion": 3, "previous": 1}


async def test_an_operator_throws_away_what_has_no_alias_or_the_whole_model(
    services: Services, channel: grpc.aio.Channel
) -> None:
    """The answer is the model as it was."""
    fill(services, versions=3)
    answer = await stub(channel).DeleteModel(wire.DeleteModelRequest(name=RATINGS, model_version="1"))
    assert (answer.model.version_count, answer.model.owner) == (3, "ada")
    status, reason, text = await refused(
        channel, "DeleteModel", wire.DeleteModelRequest(name=RATINGS, model_version="3")
    )
    assert (status, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "VERSION_ALIASED")
    assert "Version 3 of model `ratings` is `champion`" in text
    answer = await stub(channel).DeleteModel(wire.DeleteModelRequest(name=RATINGS))
    assert (answer.model.version_count, answer.model.champion.version) == (2, 3)
    assert not (await stub(channel).ListModels(wire.ListModelsRequest())).models


@pytest.mark.parametrize(
    ("method", "request_", "status", "reason", "said"),
    [
        ("GetModel", wire.GetModelRequest(name=wire.ModelReference(model="rating")), "NOT_FOUND", "MODEL_NOT_FOUND",
         "Did you mean `ratings`?"),
        ("GetModel", wire.GetModelRequest(name=wire.ModelReference(database="films", model="ratings")), "NOT_FOUND",
         "DATABASE_NOT_FOUND", "No models of a database `films` are stored, only of `neo4j`."),
        ("GetModel", wire.GetModelRequest(), "INVALID_ARGUMENT", "INVALID_NAME", "must be 1 to 64 letters"),
        ("GetModel", wire.GetModelRequest(name=wire.ModelReference(model="../ratings")), "INVALID_ARGUMENT",
         "INVALID_NAME", "must be 1 to 64 letters"),
        ("GetModel", wire.GetModelRequest(name=RATINGS, model_version="7"), "NOT_FOUND", "VERSION_NOT_FOUND",
         "no version 7, only the versions 1, 2"),
        ("GetModel", wire.GetModelRequest(name=RATINGS, model_version="9" * 5000), "NOT_FOUND", "VERSION_NOT_FOUND",
         "no alias `99"),
        ("ListVersions", wire.ListVersionsRequest(name=RATINGS, page_size=-5), "INVALID_ARGUMENT",
         "INVALID_PAGE_SIZE", "`page_size` was -5"),
        ("PromoteVersion", wire.PromoteVersionRequest(name=RATINGS), "INVALID_ARGUMENT", "INVALID_NAME",
         "`model_version` was empty"),
        ("PromoteVersion", wire.PromoteVersionRequest(name=RATINGS, model_version="1", alias="previous"),
         "INVALID_ARGUMENT", "INVALID_NAME", "follows `champion` by itself"),
        ("DeleteAlias", wire.DeleteAliasRequest(name=RATINGS, alias="champion"), "INVALID_ARGUMENT", "INVALID_NAME",
         "can be moved and not removed"),
        ("DeleteAlias", wire.DeleteAliasRequest(name=RATINGS, alias="x"), "NOT_FOUND", "VERSION_NOT_FOUND",
         "no alias `x`"),
    ],
)  # fmt: skip
async def test_what_can_not_be_done_is_told_with_status_reason_and_text(
    services: Services, channel: grpc.aio.Channel, method: str, request_: Any, status: str, reason: str, said: str
) -> None:
    """The same texts that a CALL gets."""
    fill(services)
    code, found, text = await refused(channel, method, request_)
    assert (code.name, found) == (status, reason)
    assert said in text


async def test_what_nobody_foresaw_leaves_as_an_id(
    services: Services, channel: grpc.aio.Channel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the whole; the client reads nothing internal."""

    def broken(_: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(type(services.store), "databases", broken)
    status, reason, text = await refused(channel, "ListModels", wire.ListModelsRequest())
    assert (status, reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "hunter2" not in text
    assert "hunter2" in caplog.text
