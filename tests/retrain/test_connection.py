"""What the driver of Neo4j raises, in our words."""

from __future__ import annotations

import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.core.late import load_late
from bridge.retrain.connection import _in_our_words, neo4j

LOCKED = "The client has provided incorrect authentication details too many times in a row."


@pytest.mark.parametrize(
    ("code", "said", "reason", "text"),
    [
        ("Security.Unauthorized", "It is wrong.", "ACCOUNT_REFUSED", "It is wrong. See BRIDGE_NEO4J_USER"),
        ("Security.AuthenticationRateLimit", LOCKED, "ACCOUNT_REFUSED", "in a row. See BRIDGE_NEO4J_USER"),
        ("Security.Forbidden", "Schema operations are not allowed.", "STATEMENT_FAILED", "Schema operations are not"),
    ],
)
def test_an_account_that_is_refused_is_told_from_a_statement_that_is(
    code: str, said: str, reason: str, text: str
) -> None:
    """Who is locked out for a wrong password reads which settings to look at, as who gave it."""
    load_late("neo4j")
    error = neo4j.exceptions.Neo4jError._basic_hydrate(neo4j_code=f"Neo.ClientError.{code}", message=said)
    with pytest.raises(FailedPreconditionError) as raised, _in_our_words():
        raise error
    assert (raised.value.reason, text in raised.value.message) == (reason, True), raised.value.message


@pytest.mark.parametrize(
    "address", ["IPv4Address(('127.0.0.1', 7687))", "ResolvedIPv6Address(('127.0.0.1', 7687, 0, 0))"]
)
def test_a_broken_connection_is_told_with_its_address_and_nothing_of_the_driver(address: str) -> None:
    load_late("neo4j")
    with pytest.raises(FailedPreconditionError) as raised, _in_our_words():
        raise neo4j.exceptions.ServiceUnavailable(f"Failed to read from defunct connection {address}")
    assert raised.value.reason == "DATABASE_UNREACHABLE"
    assert "defunct connection 127.0.0.1:7687. See BRIDGE_NEO4J_URI" in raised.value.message
