"""Draws `docs/images/recommended.png` in Neo4j Browser, from a home on which `bridge demo` has run.

`python -m tests.neo4j.doors.picture HOME docs/images/recommended.png`
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import expect

from bridge.runtime import Runtime, database
from tests.neo4j.doors.browser import signed_in

# One tie a movie: all of them would be a ball of wool.
QUERY = """
MATCH path = (user:User {userId: 1})-[:RECOMMENDED]->(movie:Movie)
OPTIONAL MATCH tie = (movie)<-[:ACTED_IN|DIRECTED]-(:Person)-[:ACTED_IN|DIRECTED]->(liked:Movie)<-[rated:RATED]-(user)
WHERE rated.rating = 5
WITH path, tie ORDER BY liked.movieId
RETURN path, collect(tie)[..1] AS ties
"""

# Browser's own colours; circles wide enough for a title.
STYLE = {
    "node": {"diameter": "50px", "border-width": "2px", "font-size": "10px"},
    "node.User": {
        "diameter": "80px",
        "font-size": "16px",
        "caption": "{userId}",
        "color": "#C990C0",
        "border-color": "#b261a5",
        "text-color-internal": "#FFFFFF",
    },
    "node.Movie": {
        "diameter": "80px",
        "caption": "{title}",
        "color": "#57C7E3",
        "border-color": "#23b3d7",
        "text-color-internal": "#2A2C34",
    },
    "node.Person": {
        "diameter": "65px",
        "caption": "{name}",
        "color": "#F79767",
        "border-color": "#f36924",
        "text-color-internal": "#FFFFFF",
    },
    "relationship": {
        "color": "#A5ABB6",
        "shaft-width": "1px",
        "font-size": "9px",
        "padding": "3px",
        "text-color-external": "#000000",
        "text-color-internal": "#FFFFFF",
        "caption": "<type>",
    },
    "relationship.RECOMMENDED": {"color": "#DA7194", "shaft-width": "4px", "border-color": "#CC3C6C"},
}


def main(home: str, picture: str) -> None:
    """Sign in to the Browser of a running home, draw, and save."""
    runtime = Runtime(home)
    status = runtime.status()
    password = database.read_password(runtime.home)
    with signed_in(status.http_uri, status.user, password, STYLE) as browser:
        drawing = browser.paste(QUERY.strip())
        expect(drawing.get_by_test_id("property-details-overview-relationship-type-RECOMMENDED")).to_contain_text(
            "(10)"
        )
        browser.photograph(drawing, Path(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
