"""The account by which the server reaches the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import FailedPreconditionError


@dataclass(frozen=True)
class Account:
    """Where the database is, and as whom the server signs in."""

    uri: str = ""
    """As `bolt://host:7687` or `neo4j+s://host`; empty when there is none."""
    user: str = ""
    """Empty for a database without authentication."""
    password_file: Path | None = None
    database: str = "neo4j"

    def check(self) -> None:
        """Refuse to go on without what a connection needs.

        Raises:
            FailedPreconditionError: naming each variable that is missing.
        """
        missing = [] if self.uri else ["BRIDGE_NEO4J_URI (such as bolt://127.0.0.1:7687)"]
        if bool(self.user) != bool(self.password_file) or not self.uri:
            missing += [] if self.user else ["BRIDGE_NEO4J_USER"]
            missing += [] if self.password_file else ["BRIDGE_NEO4J_PASSWORD_FILE"]
        if missing:
            raise FailedPreconditionError(
                f"To run recipes, the server signs in to the database with an account of its own, but it was not told "
                f"{' and '.join(missing)}. Set this in the server's environment and start it again.",
                reason="NO_SERVICE_ACCOUNT",
            )

    def auth(self) -> tuple[str, str] | None:
        """Return user and password; None for a database without authentication. Reads the file anew.

        Raises:
            FailedPreconditionError: the file can not be read.
        """
        if self.password_file is None:
            return None
        try:
            return self.user, self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise FailedPreconditionError(
                f"BRIDGE_NEO4J_PASSWORD_FILE was `{self.password_file}`, but that file can not be read: {why}.",
                reason="NO_SERVICE_ACCOUNT",
            ) from error
