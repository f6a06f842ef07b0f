"""A real Neo4j: it starts, loads MovieLens, stops, and leaves nothing behind."""

import urllib.request
from pathlib import Path

import neo4j
import psutil
import pytest

from bridge.core import script
from bridge.core.errors import FailedPreconditionError
from bridge.runtime import Runtime, WantedPorts, database, running_neo4j

SCRIPTS = Path(__file__).parents[2] / "cypher"
COUNTS = """
MATCH (node) WITH labels(node)[0] AS label, count(*) AS number, sum(size(keys(node))) AS properties
RETURN label, number, properties
UNION ALL
MATCH ()-[relationship]->() WITH type(relationship) AS label, relationship
RETURN label, count(*) AS number, sum(size(keys(relationship))) AS properties
"""


def processes_of(home):
    return [one.pid for one in psutil.process_iter(["cmdline"]) if f"--home-dir={home}" in (one.info["cmdline"] or [])]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A Neo4j without plugin or server. When its block ends, neither process nor pid file is left."""
    home = tmp_path_factory.mktemp("neo4j")
    with running_neo4j(home, plugin=False) as runs:
        assert processes_of(home)
        yield runs
    assert processes_of(home) == []
    assert Runtime(home).status().pid is None
    assert Runtime(home).down() == []


@pytest.fixture(scope="module")
def driver(running):
    """A driver logged in with the generated password."""
    with neo4j.GraphDatabase.driver(running.bolt_uri, auth=(running.user, running.password)) as opened:
        yield opened


def test_the_database_answers_with_graph_data_science(driver):
    """Neo4j 5.26 with GDS 2.13, gds.list included."""
    record = driver.execute_query("CALL gds.list() YIELD name RETURN gds.version() AS version, count(*) AS procedures")
    assert record.records[0]["version"].startswith("2.13.")
    assert record.records[0]["procedures"] > 400


def test_a_wrong_password_is_refused(running):
    """Authentication is on."""
    with (
        neo4j.GraphDatabase.driver(running.bolt_uri, auth=(running.user, "neo4j")) as stranger,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        stranger.execute_query("RETURN 1")


def test_browser_is_served_and_finds_the_bolt_port(running):
    """Browser asks the root document where Bolt is."""
    with urllib.request.urlopen(f"{running.http_uri}/browser/", timeout=60) as page:
        assert page.status == 200
        assert b"Neo4j Browser" in page.read()
    with urllib.request.urlopen(running.http_uri, timeout=60) as document:
        assert running.bolt_uri.encode() in document.read()


def test_what_follows_loading_ends_twice_in_the_same_state(driver):
    """01 loads; 02 and 03 embed and project, and a second run of these repeats each without adding anything."""

    def run(*names):
        for name in names:
            for statement in script.read(SCRIPTS / f"{name}.cypher"):
                with driver.session() as session:
                    session.run(statement).consume()
        stored = {tuple(record.values()) for record in driver.execute_query(COUNTS).records}
        projected = driver.execute_query(
            "CALL gds.graph.list() YIELD graphName, nodeCount, relationshipCount RETURN *"
        ).records
        return stored, [record.data() for record in projected]

    stored, projected = run("01_load", "02_fastrp", "03_project")
    assert stored == {
        ("User", 610, 610),
        ("Movie", 9742, 4 * 9742 - 12),
        ("Genre", 19, 19),
        ("Person", 14520, 2 * 14520),
        ("RATED", 100836, 2 * 100836),
        ("IN_GENRE", 22050, 0),
        ("ACTED_IN", 27785, 0),
        ("DIRECTED", 7617, 0),
    }
    assert projected == [{"graphName": "movies", "nodeCount": 24891, "relationshipCount": 158288}]
    assert run("02_fastrp", "03_project") == (stored, projected)


def test_a_second_start_changes_nothing_and_a_move_is_refused(running):
    """What runs goes on running where it is."""
    lines: list[str] = []
    runtime = Runtime(running.home, plugin=False, say=lines.append)
    assert runtime.up(bridge=False).bolt_uri == running.bolt_uri
    assert lines == []
    moved = Runtime(running.home, ports=WantedPorts(bolt=7000), say=lines.append)
    with pytest.raises(FailedPreconditionError, match="already running on other ports"):
        moved.up(bridge=False)
    assert runtime.status().pid == processes_of(running.home)[0]


def test_a_crash_while_starting_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    """Java's own words reach the person."""
    with (
        pytest.raises(FailedPreconditionError, match="Neo4j stopped while starting") as caught,
        running_neo4j(tmp_path, plugin=False, java_options="-Xmx1x"),
    ):
        pass
    assert "Invalid maximum heap size" in caught.value.message
    assert processes_of(tmp_path) == []


def test_a_lost_password_file_is_named(tmp_path):
    """A new password would not open the old database."""
    (tmp_path / "data" / "databases").mkdir(parents=True)
    with pytest.raises(FailedPreconditionError, match=r"its password file .* is gone"):
        database.ensure_password(Runtime(tmp_path).home, tmp_path)
