"""Fixtures of tests/rpc. They load torch, so no other tests get them."""

from tests.server import channel, services, trainers

__all__ = ["channel", "services", "trainers"]
