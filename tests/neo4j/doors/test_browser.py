"""The first user's door: sign in to Neo4j Browser, paste a script, see the recommendations."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from bridge.core import script
from tests.neo4j.board import READERS, Board, make_board
from tests.neo4j.doors.browser import Browser, chromium, signed_in
from tests.neo4j.stack import Stack

TOP_K = 5
SCRIPT_PATIENCE_MS = 240_000
"""A first training also waits for its process to load torch, which a busy machine stretches to minutes."""
SUCCESS, FAILURE = "[title='Status: success']", "[title='Status: error']"

SCRIPT = """
// From the database to recommendations, as somebody would paste it.
CALL gds.graph.drop('{name}', false) YIELD graphName;

CALL gds.graph.project('{name}', {{
  {reader}: {{}},
  {book}: {{properties: ['pages']}},
  {shelf}: {{}}
}}, {{
  RATED: {{properties: ['rating']}},
  ON: {{}}
}}) YIELD nodeCount, relationshipCount;

CALL bridge.gnn.train('{name}', {{
  modelName: '{name}',
  objective: 'ranking',
  sourceNodeLabel: '{reader}',
  targetRelationshipType: 'RATED',
  targetNodeLabel: '{book}',
  targetProperty: 'rating',
  epochs: 20,
  randomSeed: 42
}}) YIELD modelInfo, trainMillis;

CALL bridge.recommend.write('{name}', {{
  modelName: '{name}',
  topK: {top_k} // for every reader; the semicolon of this comment; ends nothing
}}) YIELD relationshipsWritten, relationshipsDeleted;
"""
LOOK = "MATCH path = (:{reader} {{readerId: 500}})-[:RECOMMENDED {{modelName: '{name}'}}]->(:{book}) RETURN path"
WRITTEN = "MATCH ()-[recommended:RECOMMENDED {modelName: $model}]->() RETURN count(*) AS written"


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    """Browser, signed in as the user whom the local runtime makes."""
    with signed_in(stack.status.http_uri, *stack.auth) as signed:
        yield signed


@pytest.fixture(scope="module")
def books(stack: Stack, unique: Callable[[str], str]) -> Board:
    """A board in the database, not projected."""
    return make_board(stack, unique("browser"))


def fill(text: str, board: Board) -> str:
    """Put a board's names into a script, as the user of a board would type them."""
    return text.format(name=board.name, reader=board.reader, book=board.book, shelf=board.shelf, top_k=TOP_K)


def test_a_pasted_script_trains_and_writes_and_its_recommendations_are_drawn(
    browser: Browser, stack: Stack, books: Board, tmp_path: Path
) -> None:
    """Each statement of one paste gets its tick; the next query draws the reader, five books and what ties them."""
    text = fill(SCRIPT, books)
    frame = browser.paste(text)
    expect(frame.locator(f"{SUCCESS}, {FAILURE}")).to_have_count(len(script.split(text)), timeout=SCRIPT_PATIENCE_MS)
    assert frame.locator(FAILURE).count() == 0, frame.inner_text()
    assert stack.row(WRITTEN, model=books.name) == {"written": READERS * TOP_K}

    drawing = browser.paste(fill(LOOK, books))
    expect(drawing.locator("g.node")).to_have_count(1 + TOP_K)
    expect(drawing.locator("g.relationship")).to_have_count(TOP_K)
    expect(drawing.get_by_test_id("property-details-overview-relationship-type-RECOMMENDED")).to_contain_text(
        f"({TOP_K})"
    )

    picture = tmp_path / "recommended.png"
    browser.photograph(drawing, picture)
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert width > 1000
    assert height > 700, "the frame did not fill the window"


def test_an_error_is_read_in_browser_in_our_words(browser: Browser) -> None:
    """A misspelt key shows its suggestion, and nothing of Java or Python."""
    frame = browser.paste("CALL bridge.gnn.train('none', {modelName: 'x', objectiv: 'ranking'}) YIELD modelInfo")
    expect(frame).to_contain_text("objectiv")
    expect(frame).to_contain_text("Did you mean")
    shown = frame.inner_text()
    assert "Exception" not in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_without_chromium_ci_fails_and_a_developer_reads_why_it_was_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    """Where it counts nobody goes on without having seen Browser."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="apt install chromium"):
        chromium()
