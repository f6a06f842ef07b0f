"""The registry for operators."""

from __future__ import annotations

from bridge.actions.services import Services
from bridge.v1 import model_service_pb2_grpc as service


class ModelServicer(service.ModelServiceServicer):
    """Decode, act, encode. What a method raises becomes its status in `outcome`."""

    def __init__(self, services: Services) -> None:
        self._services = services
