"""The commands and the real servicers: what the one asks the other answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.actions.services import Services
from bridge.jobs.table import NewJob
from bridge.rpc.auth import Tokens
from bridge.rpc.server import Endpoint, Server
from tests.registry.examples import publish

Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def command(
    services: Services,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> AsyncIterator[Command]:
    """Serve with an operator's token; run commands with it in a thread of their own, as another process would."""
    server = Server(services, Endpoint("127.0.0.1", 0, Tokens("plug", "operate")))
    port = await server.start()
    (tmp_path / "token").write_text("operate\n")

    async def run(*words: str, token: Path = tmp_path / "token") -> tuple[int, str, str]:
        given = [*words, "--address", f"127.0.0.1:{port}", "--token-file", str(token)]
        status = await asyncio.to_thread(main, given)
        said = capsys.readouterr()
        return status, said.out, said.err

    yield run
    await server.stop(timedelta(seconds=1))


async def test_models_are_listed_and_moved(command: Command, services: Services) -> None:
    """Promote, look, roll back, with the server's own words for what it refuses."""
    for number in range(3):
        publish(services.store, "ratings", fill=float(number), owner="ada", created_millis=1000 + number)
    status, out, _ = await command("promote", "ratings", "1")
    assert (status, out) == (0, "Version 1 of `ratings` is `champion` now, in place of version 3.\n")
    assert json.loads((await command("promote", "ratings", "2", "--alias", "night", "--json"))[1]) == {
        "modelVersion": 2, "previousVersion": None,
    }  # fmt: skip
    (found,) = json.loads((await command("models", "--json"))[1])
    assert found["aliases"] == {"champion": 1, "night": 2, "previous": 3}
    assert (found["champion"]["modelVersion"], found["versionCount"]) == (1, 3)
    assert (await command("rollback", "ratings"))[1] == "Version 3 of `ratings` answers again, in place of version 1.\n"
    listed = json.loads((await command("versions", "ratings", "--json"))[1])
    assert [(each["modelVersion"], each["aliases"]) for each in listed] == [
        (3, ["champion"]), (2, ["night"]), (1, ["previous"]),
    ]  # fmt: skip
    status, out, err = await command("versions", "ratigs")
    assert (status, out) == (1, "")
    assert err == "bridge: Model with name `ratigs` does not exist. Did you mean `ratings`?\n"


async def test_a_job_is_watched_to_its_end(command: Command, services: Services) -> None:
    """Its steps as they come, its end as the exit status; it is listed and shown, and cancelled only once."""
    job = await services.jobs.create(NewJob("gnn.train", "ada", "neo4j", {"epochs": 3}, ("train",), job_id="night"))

    async def work() -> None:
        with job:
            job.run()
            async with asyncio.timeout(60):
                while not len(job._watchers):
                    await asyncio.sleep(0.01)
            job.report(0, 0.5, detail="epoch 5 of 10", figures={"loss": 0.5})
            await asyncio.sleep(0.3)

    (status, out, err), _ = await asyncio.gather(command("jobs", "wait", "night"), work())
    await job.ended()
    assert (status, out) == (0, "Job `night` (gnn.train) succeeded.\n")
    assert "gnn.train night: running train" in err.splitlines()
    (listed,) = json.loads((await command("jobs", "--json"))[1])
    shown = json.loads((await command("jobs", "night", "--json"))[1])
    assert listed == shown
    assert (shown["status"], shown["figures"], shown["configuration"]) == ("SUCCEEDED", {"loss": 0.5}, {"epochs": 3})
    assert (await command("jobs", "cancel", "night"))[1] == "Job `night` had ended before: succeeded.\n"
    assert (await command("jobs", "--state", "FAILED"))[1] == "There are no jobs.\n"


async def test_the_plugins_token_is_not_an_operators(command: Command, tmp_path: Path) -> None:
    """The server's sentence, and where this command takes the token from."""
    (tmp_path / "plugin").write_text("plug")
    status, _, err = await command("models", token=tmp_path / "plugin")
    assert status == 1
    assert "does not open `/bridge.v1.ModelService/ListModels`" in err
    assert "`--token-file`" in err
