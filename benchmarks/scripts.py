"""The scripts of cypher/, in order, on an empty database: seconds a step, and all after loading.

The author's way, the same work through the graphdatascience client, PyG and a notebook, takes about 475 s and 120 lines
of Python; it is not part of this run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.database import started
from benchmarks.figure import Figure, main, say
from bridge.core import script
from bridge.runtime.home import Checkout

TITLE = "cypher/*.cypher"

LOADING = "01_load.cypher"

MOST_SECONDS = 150.0


def measure() -> Iterator[Figure]:
    """Run every statement of every script once."""
    total = 0.0
    with started() as database:
        for file in sorted(Checkout.here().scripts.glob("*.cypher")):
            seconds = [database.seconds(statement) for statement in script.read(file)]
            say(f"cypher/{file.name}: " + ", ".join(f"{each:.1f} s" for each in seconds))
            yield Figure(f"cypher/{file.name}", sum(seconds), "s", "lower")
            total += sum(seconds) if file.name != LOADING else 0.0
    yield Figure("cypher/*.cypher after loading", total, "s", "lower", bar=MOST_SECONDS)


if __name__ == "__main__":
    sys.exit(main(TITLE, measure))
