"""The scripts of cypher/, run as the demo runs them."""

from __future__ import annotations

from rich.console import Console

from bridge.core import script
from bridge.runtime import statement
from bridge.runtime.home import Checkout
from bridge.runtime.statement import Outcome
from tests.neo4j.stack import Rows, Stack

EVERYTHING = """
MATCH (n)
WITH labels(n)[0] AS label, count(*) AS nodes, sum(size(keys(n))) AS properties
WHERE label IN ['User', 'Movie', 'Genre', 'Person']
RETURN label, nodes, properties ORDER BY label
"""

RATINGS = "MATCH ()-[r:RATED]->(:Movie) RETURN count(r) AS count, sum(r.rating) AS ratings, sum(r.timestamp) AS times"


class Scripts:
    """All scripts run once, in order, and what each of their statements returned."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.outcomes: dict[str, list[Outcome]] = {
            file.stem: self.run(file.stem) for file in sorted(Checkout.here().scripts.glob("*.cypher"))
        }

    def run(self, name: str) -> list[Outcome]:
        """Run one script."""
        statements = script.read(Checkout.here().scripts / f"{name}.cypher")
        return [statement.run(self._stack.driver, text, Console(quiet=True)) for text in statements]

    def rows(self, name: str, place: int) -> Rows:
        """Return the rows of a script's statement; a negative place counts from the end."""
        outcome = self.outcomes[name][place]
        return [dict(zip(outcome.keys, row, strict=True)) for row in outcome.rows]

    def state(self) -> list[Rows]:
        """What the scripts have put into the database."""
        return [self._stack.rows(EVERYTHING), self._stack.rows(RATINGS)]
