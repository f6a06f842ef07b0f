"""The configuration files say what Neo4j and the plugin need, and to nobody else."""

from pathlib import Path

from bridge.runtime import configuration
from bridge.runtime.home import Home
from bridge.runtime.ports import Ports

IN_THE_CONTAINER = Path(__file__).parents[2] / "docker" / "neo4j.conf"
ADDRESSES = {
    f"server.{what}"
    for what in (
        "default_listen_address",
        "bolt.listen_address",
        "bolt.advertised_address",
        "http.listen_address",
        "http.advertised_address",
    )
}


def test_files_that_hold_secrets_are_their_owners_alone(tmp_path):
    """Both files are 0600 from the first byte, also when they replace others."""
    home = Home.at(tmp_path)
    home.create()
    home.bridge_conf.write_text("old")
    home.bridge_conf.chmod(0o644)
    configuration.write(home, Ports(1, 2, 3), "secret")
    for file in (home.bridge_conf, home.neo4j_conf):
        assert file.stat().st_mode & 0o777 == 0o600
    assert configuration.read(home.bridge_conf) == {
        "address": "127.0.0.1:3",
        "connect_timeout_seconds": "5",
        "token": "secret",
    }


def test_without_a_token_there_is_no_such_line():
    """An empty token would be a wrong one."""
    assert "token" not in configuration.bridge_conf(7690, None)


def test_neo4j_advertises_the_port_it_listens_on(tmp_path):
    """Browser connects to the advertised address, whatever the listening one is."""
    file = tmp_path / "neo4j.conf"
    file.write_text(configuration.neo4j_conf(Ports(bolt=17687, http=17474)))
    settings = configuration.read(file)
    assert settings["server.bolt.advertised_address"] == settings["server.bolt.listen_address"] == "127.0.0.1:17687"
    assert settings["server.http.advertised_address"] == settings["server.http.listen_address"] == "127.0.0.1:17474"


def test_the_container_has_the_same_settings_but_for_the_addresses(tmp_path):
    """Two hand-kept files would drift apart."""
    file = tmp_path / "neo4j.conf"
    file.write_text(configuration.neo4j_conf(Ports()))
    ours, containers = configuration.read(file), configuration.read(IN_THE_CONTAINER)
    assert ours.keys() == containers.keys()
    assert {key for key in ours if ours[key] != containers[key]} <= ADDRESSES
    assert containers["server.bolt.advertised_address"] == ours["server.bolt.advertised_address"]
