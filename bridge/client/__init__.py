"""A typed client of a bridge server, for operators."""

from bridge.client.address import Address
from bridge.client.client import Client

__all__ = ["Address", "Client"]
