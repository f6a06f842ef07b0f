"""bridge/client/models.py: questions about the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bridge.client import Address, Client
from bridge.client.records import Moved
from bridge.client.values import to_map
from bridge.v1 import model_service_pb2 as wire
from tests.client.examples import model, version
from tests.client.fake import Fake, serving


def test_all_pages_are_walked() -> None:
    """Each by the token of the one before, the filter with every one; an empty page is not the end."""
    pages = {"": ("a", "2"), "2": ("", "3"), "3": ("b", "")}

    def answer(request: Any) -> wire.ListModelsResponse:
        name, token = pages[request.page_token]
        return wire.ListModelsResponse(models=[model(name)] if name else [], next_page_token=token)

    fake = Fake(ListModels=answer)
    with serving(fake) as port, Client(Address(f"127.0.0.1:{port}")) as client:
        assert [each.model_name for each in client.models.list_models("films")] == ["a", "b"]
    assert [(each.page_token, each.database) for each in fake.asked] == [("", "films"), ("2", "films"), ("3", "films")]


def test_a_model_is_read_whole() -> None:
    """Zeros of the wire that mean nothing are None; the champion of a model that has none too."""
    fake = Fake(
        ListModels=lambda request: wire.ListModelsResponse(
            models=[model(), wire.Model(database="neo4j", model="broken", aliases={"champion": 1}, version_count=1)]
        )
    )
    with serving(fake) as port, Client(Address(f"127.0.0.1:{port}")) as client:
        found, broken = client.models.list_models()
    assert found.champion is not None
    assert found.champion.creation_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert found.champion.metrics == {"test": {"count": 7, "ndcgAt10": 0.25}}
    assert (found.champion.parent_version, found.champion.aliases) == (2, ("champion",))
    assert (found.aliases, found.version_count, found.owner) == ({"champion": 3, "previous": 2}, 3, "neo4j")
    assert broken.champion is None


def test_a_damaged_version_says_why() -> None:
    """And has nothing else, not even a date."""
    fake = Fake(
        ListVersions=lambda request: wire.ListVersionsResponse(
            versions=[version(2), wire.Version(version=1, damage="A bit flipped.")]
        )
    )
    with serving(fake) as port, Client(Address(f"127.0.0.1:{port}")) as client:
        whole, damaged = client.models.list_versions("m", database="films")
    assert (whole.model_version, damaged.model_version) == (2, 1)
    assert (damaged.damage, damaged.creation_time, damaged.parent_version) == ("A bit flipped.", None, None)
    assert fake.asked[0].name == wire.ModelReference(model="m", database="films")


def test_what_is_asked_for_is_what_is_sent() -> None:
    """Numbers and aliases as the wire has them, nothing where nothing was said."""
    fake = Fake(
        GetModel=lambda request: wire.GetModelResponse(
            model=model(), version=version(), info=to_map({"objective": "rating"}), configuration=to_map({"epochs": 3})
        ),
        PromoteVersion=lambda request: wire.PromoteVersionResponse(version=2, previous_version=0),
        RollbackModel=lambda request: wire.RollbackModelResponse(version=1, previous_version=2),
        DeleteAlias=lambda request: wire.DeleteAliasResponse(version=2),
        DeleteModel=lambda request: wire.DeleteModelResponse(model=model()),
    )
    with serving(fake) as port, Client(Address(f"127.0.0.1:{port}")) as client:
        details = client.models.get_model("m", "best")
        assert (details.model_info, details.configuration) == ({"objective": "rating"}, {"epochs": 3})
        assert client.models.promote_version("m", 2, alias="best") == Moved(2, None)
        assert client.models.rollback_model("m", database="d") == Moved(1, 2)
        assert client.models.delete_alias("m", "best") == 2
        assert client.models.delete_model("m", 1).model_name == "recommender"
        client.models.delete_model("m")
    name = wire.ModelReference(model="m")
    assert fake.asked == [
        wire.GetModelRequest(name=name, model_version="best"),
        wire.PromoteVersionRequest(name=name, model_version="2", alias="best"),
        wire.RollbackModelRequest(name=wire.ModelReference(model="m", database="d")),
        wire.DeleteAliasRequest(name=name, alias="best"),
        wire.DeleteModelRequest(name=name, model_version="1"),
        wire.DeleteModelRequest(name=name),
    ]
