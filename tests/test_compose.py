"""The compose file is valid and opens nothing to the network; no engine has run it."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
COMPOSE = ROOT / "docker-compose.yml"


def validate(file: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_follows_the_compose_specification():
    """Its schema is in check-jsonschema, nothing is fetched."""
    done = validate(COMPOSE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_validation_can_fail(tmp_path):
    """A misspelt key is found."""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("healthcheck:", "healtcheck:"))
    assert validate(wrong).returncode != 0


@pytest.fixture
def services():
    """The services of the compose file, by name."""
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_every_published_port_is_on_loopback(services):
    """Docker opens other addresses past the firewall."""
    ports = [port for service in services.values() for port in service["ports"]]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_service_says_when_it_is_healthy_and_keeps_its_data(services):
    """A restart loses neither the database nor the models."""
    for service in services.values():
        assert service["healthcheck"]["test"]
        assert any(":/" in volume and not volume.startswith(".") for volume in service["volumes"])


def test_plugin_and_server_are_given_one_token(services):
    """And neither starts without it."""
    plugin = services["neo4j"]["environment"]["BRIDGE_TOKEN"]
    server = services["bridge"]["environment"]["BRIDGE_PLUGIN_TOKEN"]
    assert plugin == server
    assert plugin.startswith("${BRIDGE_TOKEN:?")


def test_every_build_target_is_a_stage_of_the_dockerfile(services):
    """And what the Dockerfile copies from the source tree is there and not ignored."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = {line.split()[-1] for line in lines if line.startswith("FROM ")}
    assert {service["build"]["target"] for service in services.values()} <= stages
    copied = [
        word.strip("/")
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
        if not word.startswith("--")
    ]
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for path in copied:
        assert path.split("/")[0] in kept, path
        assert (ROOT / path).exists(), path
