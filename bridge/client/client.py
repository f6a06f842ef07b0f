"""An operator's client."""

from __future__ import annotations

from types import TracebackType

from bridge.client.address import Address
from bridge.client.connection import Connection
from bridge.client.models import Models
from bridge.client.predictions import Predictions
from bridge.client.trainings import Trainings


class Client:
    """The operators' services of one server; to be closed, or used as `with Client(address) as client:`."""

    def __init__(self, address: Address) -> None:
        """Open a connection; nothing is sent yet.

        Raises:
            InvalidArgumentError: the address is none, or the token would be shown to a network.
        """
        self._connection = Connection(address)
        self.models = Models(self._connection)
        self.trainings = Trainings(self._connection)
        self.predictions = Predictions(self._connection)

    def close(self) -> None:
        """End the connection, and what is asked on it."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
