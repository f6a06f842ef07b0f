"""The service account's connection: run a recipe's statement, end it from outside, drop its projections."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from bridge.core import script
from bridge.core.errors import FailedPreconditionError
from bridge.core.late import late, load_late
from bridge.retrain.account import Account

with late("neo4j"):  # which brings pandas
    import neo4j

REFUSED = "ACCOUNT_REFUSED"
"""Reason of an error: the database does not take the account."""

CONNECT_SECONDS = 5.0
"""How long to wait for the database to accept a connection."""

TERMINATE_SECONDS = 10.0
"""A terminated statement ends at its next look at its transaction, which GDS takes every few thousand nodes."""

_POLL_SECONDS = 0.1

_TAG = "bridgeRecipe"
"""The key of a transaction's metadata that says of which run it is."""

TERMINATE = f"""
SHOW TRANSACTIONS YIELD transactionId AS transaction, metaData
WHERE metaData.{_TAG} = $mark
TERMINATE TRANSACTIONS transaction YIELD message
RETURN count(message) AS ended
"""

RUNNING = f"""
SHOW TRANSACTIONS YIELD metaData
WHERE metaData.{_TAG} = $mark
RETURN count(*) AS running
"""

# The mark is part of the name, and nobody else's: it has 48 random bits.
DROP = """
CALL gds.graph.list() YIELD graphName
WITH graphName WHERE graphName STARTS WITH $mark
CALL gds.graph.drop(graphName, false) YIELD graphName AS dropped
RETURN dropped
"""

_SYNTAX = "Neo.ClientError.Statement.SyntaxError"
_NO_PROCEDURE = "Neo.ClientError.Procedure.ProcedureNotFound"

_REFUSED = frozenset(
    f"Neo.ClientError.Security.{word}" for word in ("Unauthorized", "AuthenticationRateLimit", "CredentialsExpired")
)
"""Codes by which a database says that it lets nobody in; another of Security is about a statement's rights."""

_EXPLAINED = re.compile(r"\s*(CYPHER\b.*?)?\b(EXPLAIN|PROFILE)\b", re.IGNORECASE)

_ADDRESS = re.compile(r"\w*Address\(\('([^']*)', (\d+)[^)]*\)\)")
"""How the driver writes an address of host and port."""

_CLASS_NAME = re.compile(r"(?<=Caused by: )(?:[a-z]\w*\.)+[A-Z][\w$]*: ")


class Connection:
    """An open connection. Statements run one at a time."""

    def __init__(self, driver: neo4j.AsyncDriver, database: str) -> None:
        self._driver = driver
        self._database = database

    async def sign_in(self) -> None:
        """See that the database takes the account.

        Raises:
            FailedPreconditionError: it does not, or there is no database; with the setting to look at.
        """
        with _in_our_words():
            async with self._driver.session(database=self._database) as session:
                await (await session.run("RETURN 1")).consume()

    async def look_through(self, statement: str, parameters: Mapping[str, Any]) -> None:
        """See that the database understands a statement, without running it.

        Raises:
            FailedPreconditionError: it has a syntax error, or calls a procedure that there is not; with the database's
                text. What is missing otherwise, an earlier statement may make.
        """
        if _EXPLAINED.match(script.bare(statement)):
            return  # it says itself how it is to be run
        try:
            await self._records(neo4j.Query(f"EXPLAIN {statement}"), parameters)
        except FailedPreconditionError as error:
            if error.metadata.get("code") in (_SYNTAX, _NO_PROCEDURE):
                raise

    async def run(self, statement: str, parameters: Mapping[str, Any], mark: str) -> None:
        """Run a statement once, in a transaction of its own that bears the run's mark.

        Raises:
            FailedPreconditionError: with the database's text.
        """
        query = neo4j.Query(statement, metadata={_TAG: mark})
        with _in_our_words():
            async with self._driver.session(database=self._database) as session:
                # Read to the end: rows that are only discarded need never have been computed.
                async for _ in await session.run(query, dict(parameters)):
                    pass

    async def end(self, mark: str) -> None:
        """Terminate what a run still does in the database, and wait until it has ended.

        Raises:
            FailedPreconditionError: with the database's text, or that it goes on.
        """
        deadline = asyncio.get_running_loop().time() + TERMINATE_SECONDS
        await self._records(neo4j.Query(TERMINATE), {"mark": mark})
        while (await self._records(neo4j.Query(RUNNING), {"mark": mark}))[0]["running"]:
            if asyncio.get_running_loop().time() > deadline:
                raise FailedPreconditionError(
                    f"A terminated statement of the recipe's run `{mark}` goes on in the database.",
                    reason="STILL_RUNNING",
                )
            await asyncio.sleep(_POLL_SECONDS)

    async def drop(self, mark: str) -> list[str]:
        """Drop the projections of a run; return their names.

        Raises:
            FailedPreconditionError: with the database's text.
        """
        try:
            return [record["dropped"] for record in await self._records(neo4j.Query(DROP), {"mark": mark})]
        except FailedPreconditionError as error:
            if error.metadata.get("code") == _NO_PROCEDURE:
                return []  # a database without Graph Data Science has no projections
            raise

    async def _records(self, query: neo4j.Query, parameters: Mapping[str, Any]) -> list[neo4j.Record]:
        with _in_our_words():
            async with self._driver.session(database=self._database) as session:
                result = await session.run(query, dict(parameters))
                return [record async for record in result]


@asynccontextmanager
async def connected(account: Account) -> AsyncIterator[Connection]:
    """Open a connection for a block.

    Raises:
        FailedPreconditionError: the account's settings are wrong. Whether the database answers shows by a statement.
    """
    await asyncio.to_thread(load_late, neo4j.__name__)
    auth = await asyncio.to_thread(account.auth)
    with _in_our_words():
        driver = neo4j.AsyncGraphDatabase.driver(
            account.uri,
            auth=auth,
            connection_timeout=CONNECT_SECONDS,
            connection_acquisition_timeout=2 * CONNECT_SECONDS,
            notifications_min_severity="OFF",
        )
    async with driver:
        yield Connection(driver, account.database)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Turn the driver's errors into ours, with the text of whoever says it.

    Raises:
        FailedPreconditionError: for each of them.
    """
    try:
        yield
    except neo4j.exceptions.Neo4jError as error:
        if error.code in _REFUSED:
            raise _refused(error.message) from error
        text = _CLASS_NAME.sub("", error.message or "it gave no reason")
        raise FailedPreconditionError(text, reason="STATEMENT_FAILED", code=error.code or "") from error
    except neo4j.exceptions.DriverError as error:
        said = _ADDRESS.sub(r"\1:\2", str(error))
        raise FailedPreconditionError(
            f"the database can not be reached: {said}. See BRIDGE_NEO4J_URI of the server.",
            reason="DATABASE_UNREACHABLE",
        ) from error


def _refused(said: str | None) -> FailedPreconditionError:
    why = (said or "it gave no reason").rstrip(".")
    return FailedPreconditionError(
        f"the database refused the service account: {why}. See BRIDGE_NEO4J_USER and BRIDGE_NEO4J_PASSWORD_FILE of the "
        "server.",
        reason=REFUSED,
    )
