"""The registry: which versions there are, and which of them answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.client.connection import Connection, walked
from bridge.client.records import Model, ModelDetails, Moved, Version
from bridge.client.values import from_map
from bridge.v1 import model_service_pb2 as wire
from bridge.v1 import model_service_pb2_grpc as service


class Models:
    """Asks ModelService. `database` may be empty where models of one database alone are stored; `model_version` is a
    number or an alias. Every method raises a BridgeError in the server's words."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stub = service.ModelServiceStub(connection.channel)  # type: ignore[no-untyped-call]

    def list_models(self, database: str = "") -> Iterator[Model]:
        """Yield the models by database and name, those of every database unless one is named."""

        def page(token: str) -> tuple[Iterable[Model], str]:
            request = wire.ListModelsRequest(database=database, page_token=token)
            found: wire.ListModelsResponse = self._connection.call(self._stub.ListModels, request)
            return map(Model.of, found.models), found.next_page_token

        return walked(page)

    def get_model(self, model: str, model_version: int | str = "", *, database: str = "") -> ModelDetails:
        """Return one version, the one that answers by default."""
        request = wire.GetModelRequest(name=reference(model, database), model_version=str(model_version))
        found: wire.GetModelResponse = self._connection.call(self._stub.GetModel, request)
        return ModelDetails(
            model=Model.of(found.model),
            version=Version.of(found.version),
            model_info=from_map(found.info),
            configuration=from_map(found.configuration),
        )

    def list_versions(self, model: str, *, database: str = "") -> Iterator[Version]:
        """Yield a model's versions, the newest first, the damaged ones too."""

        def page(token: str) -> tuple[Iterable[Version], str]:
            request = wire.ListVersionsRequest(name=reference(model, database), page_token=token)
            found: wire.ListVersionsResponse = self._connection.call(self._stub.ListVersions, request)
            return map(Version.of, found.versions), found.next_page_token

        return walked(page)

    def promote_version(
        self, model: str, model_version: int | str, *, alias: str = "", database: str = ""
    ) -> Moved:  # fmt: skip
        """Put an alias on a version, `champion` by default; the champion until then becomes `previous`."""
        request = wire.PromoteVersionRequest(
            name=reference(model, database), model_version=str(model_version), alias=alias
        )
        found: wire.PromoteVersionResponse = self._connection.call(self._stub.PromoteVersion, request)
        return Moved(found.version, found.previous_version or None)

    def rollback_model(self, model: str, *, database: str = "") -> Moved:
        """Exchange `champion` and `previous`."""
        request = wire.RollbackModelRequest(name=reference(model, database))
        found: wire.RollbackModelResponse = self._connection.call(self._stub.RollbackModel, request)
        return Moved(found.version, found.previous_version or None)

    def delete_alias(self, model: str, alias: str, *, database: str = "") -> int:
        """Take an alias of the user's own away; return the version that bore it."""
        request = wire.DeleteAliasRequest(name=reference(model, database), alias=alias)
        found: wire.DeleteAliasResponse = self._connection.call(self._stub.DeleteAlias, request)
        return found.version

    def delete_model(self, model: str, model_version: int | None = None, *, database: str = "") -> Model:
        """Throw a version without an alias into the trash, or the whole model; return the model as it was."""
        request = wire.DeleteModelRequest(
            name=reference(model, database), model_version="" if model_version is None else str(model_version)
        )
        found: wire.DeleteModelResponse = self._connection.call(self._stub.DeleteModel, request)
        return Model.of(found.model)


def reference(model: str, database: str) -> wire.ModelReference:
    """Name a model on the wire."""
    return wire.ModelReference(database=database, model=model)
