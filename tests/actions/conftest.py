"""Fixtures of tests/actions: the server, and one with two models that are trained once a run."""

from __future__ import annotations

import shutil
from pathlib import Path

import grpc
import pytest

from bridge.actions.services import Services
from tests.actions.examples import RANKING, RATING
from tests.database import Database, people_and_films
from tests.server import channel, services, trainers

__all__ = ["channel", "hosted", "services", "trainers"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the models, filled by the first test that needs them."""
    return tmp_path_factory.mktemp("trained")


@pytest.fixture
async def hosted(channel: grpc.aio.Channel, services: Services, tmp_path: Path, trained: Path) -> Database:
    """Put the models `ranks` and `rates` of `people_and_films()` into the store; return that database."""
    models = tmp_path / "server" / "models"
    database = people_and_films()
    if any(trained.iterdir()):
        shutil.copytree(trained, models, dirs_exist_ok=True)
    else:
        await database.call(channel, "bridge.gnn.train", "graph", **RANKING)
        await database.call(channel, "bridge.gnn.train", "graph", **RATING)
        shutil.copytree(models, trained, dirs_exist_ok=True)
    database.questions.clear()
    return database
