"""`bridge models`, `versions`, `promote`, `rollback`."""

from __future__ import annotations

import pytest

from bridge.client.values import to_map
from bridge.core.errors import NotFoundError
from bridge.v1 import model_service_pb2 as wire
from tests.cli.conftest import Shell
from tests.client.examples import model, version


def test_models_are_a_table_for_people(shell: Shell) -> None:
    """A line a model, with the version that answers; below, what keeps a champion from answering."""
    shell.fake.answers["ListModels"] = lambda request: wire.ListModelsResponse(
        models=[model(), model("ratings", fallback="Version 3 is damaged. Version 2 answers meanwhile.")]
    )
    status, out, _ = shell("models")
    heading, _, first, second, fallback = out.splitlines()
    assert status == 0
    assert heading.split()[:5] == ["model", "version", "type", "trained", "metric"]
    assert first.split()[:3] == ["recommender", "3", "lightGcn"]
    assert "ndcgAt10 0.25" in first
    assert "3.0 MiB" in first
    assert second.startswith("ratings")
    assert fallback == "ratings: Version 3 is damaged. Version 2 answers meanwhile."


def test_models_are_json_for_programs(shell: Shell) -> None:
    """The names are promised; a model that cannot answer has a champion of null."""
    shell.fake.answers["ListModels"] = lambda request: wire.ListModelsResponse(
        models=[model(), wire.Model(database="neo4j", model="broken")]
    )
    whole, broken = shell.json("models")
    assert whole == {
        "database": "neo4j",
        "modelName": "recommender",
        "owner": "neo4j",
        "aliases": {"champion": 3, "previous": 2},
        "versionCount": 3,
        "fallback": "",
        "champion": {
            "modelVersion": 3,
            "aliases": ["champion"],
            "damage": "",
            "parentVersion": 2,
            "modelType": "lightGcn",
            "creationTime": "2023-11-14T22:13:20Z",
            "sizeBytes": 3145728,
            "metrics": {"test": {"count": 7, "ndcgAt10": 0.25}},
            "gate": {"passed": True, "promoted": True, "reason": "NOT_WORSE"},
        },
    }
    assert (broken["modelName"], broken["champion"]) == ("broken", None)


def test_no_models_are_no_error(shell: Shell) -> None:
    """People are told how to get one, programs get an empty list."""
    shell.fake.answers["ListModels"] = lambda request: wire.ListModelsResponse()
    assert shell("models")[:2] == (
        0, "There are no models. Train one by `CALL bridge.gnn.train(…)` or `CALL bridge.node2vec.train(…)`.\n"
    )  # fmt: skip
    assert shell.json("models") == []


def test_versions_show_gate_and_damage(shell: Shell) -> None:
    """What was rejected and what cannot be read is told from what serves."""
    worse = {"promoted": False, "passed": False, "reason": "WORSE"}
    shell.fake.answers["ListVersions"] = lambda request: wire.ListVersionsResponse(
        versions=[
            version(5, aliases=[], gate=to_map({"promote": "never"} | worse)),
            version(4, aliases=[], gate=to_map(worse)),
            version(3),
            wire.Version(version=2, damage="A bit of weights.safetensors flipped."),
        ]
    )
    status, out, _ = shell("versions", "recommender", "--database", "films")
    _, _, kept, rejected, serving, damaged = out.splitlines()
    assert status == 0
    assert "kept: WORSE" in kept, "it was not to be promoted"
    assert "rejected: WORSE" in rejected
    assert "promoted: NOT_WORSE" in serving
    assert "champion" in serving
    assert "A bit of weights.safetensors flipped." in damaged
    assert shell.fake.asked[0].name == wire.ModelReference(model="recommender", database="films")
    assert [each["modelVersion"] for each in shell.json("versions", "recommender")] == [5, 4, 3, 2]


def test_promote_says_what_changed(shell: Shell) -> None:
    """Which version bears the alias, and which one did; nothing more when nothing changed."""
    before = {"2": 1, "3": 3, "4": 0}
    shell.fake.answers["PromoteVersion"] = lambda request: wire.PromoteVersionResponse(
        version=int(request.model_version), previous_version=before[request.model_version]
    )
    assert shell("promote", "m", "2")[1] == "Version 2 of `m` is `champion` now, in place of version 1.\n"
    assert shell("promote", "m", "3")[1] == "Version 3 of `m` is `champion` as before.\n"
    assert shell("promote", "m", "4", "--alias", "best")[1] == "Version 4 of `m` is `best` now.\n"
    assert shell.json("promote", "m", "2") == {"modelVersion": 2, "previousVersion": 1}
    assert shell.fake.asked[2] == wire.PromoteVersionRequest(
        name=wire.ModelReference(model="m"), model_version="4", alias="best"
    )


def test_rollback_says_what_answers_again(shell: Shell) -> None:
    """And what does no more."""
    shell.fake.answers["RollbackModel"] = lambda request: wire.RollbackModelResponse(version=1, previous_version=2)
    assert shell("rollback", "m")[:2] == (0, "Version 1 of `m` answers again, in place of version 2.\n")
    assert shell.json("rollback", "m") == {"modelVersion": 1, "previousVersion": 2}


@pytest.mark.parametrize("command", [["versions", "m"], ["promote", "m", "1"], ["rollback", "m"]])
def test_an_unknown_model_gets_the_servers_sentence(shell: Shell, command: list[str]) -> None:
    """On stderr, with exit status 1, whether or not JSON was asked for."""

    def unknown(request: object) -> None:
        raise NotFoundError("Model with name `m` does not exist. Did you mean `n`?", reason="MODEL_NOT_FOUND")

    shell.fake.answers |= dict.fromkeys(("ListVersions", "PromoteVersion", "RollbackModel"), unknown)
    expected = (1, "", "bridge: Model with name `m` does not exist. Did you mean `n`?\n")
    assert shell(*command) == shell(*command, "--json") == expected
