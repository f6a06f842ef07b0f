"""One stored version of a model: its manifest, and its files, each verified before use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load

from bridge.core.errors import DamagedError, NotFoundError
from bridge.registry import files
from bridge.registry.manifest import MANIFEST_NAME, Manifest

Key = tuple[str, str, int, int]


@dataclass(frozen=True)
class Version:
    """A version on disk. Nothing of it ever changes."""

    path: Path
    manifest: Manifest = field(hash=False)

    @property
    def model_name(self) -> str:
        """The model that it is a version of."""
        return self.manifest.model_name

    @property
    def number(self) -> int:
        """From 1, in the order of publishing."""
        return self.manifest.version

    @property
    def key(self) -> Key:
        """Tells it from every other version, also from one of the same number of a model dropped since."""
        return (self.manifest.store_key, self.model_name, self.number, self.manifest.created_millis)

    @property
    def size_bytes(self) -> int:
        """Size of its files."""
        return sum(file.bytes for file in self.manifest.files.values())

    def read(self, name: str) -> bytes:
        """Return a file's content, verified.

        Raises:
            DamagedError: the content is not what was written, or is gone while the version is there.
            NotFoundError: the version has no such file, or was dropped.
        """
        facts = self.manifest.files.get(name)
        if facts is None:
            raise NotFoundError(
                f"Version {self.number} of `{self.model_name}` has no file `{name}`, only {sorted(self.manifest.files)}"
            )
        with self._open(name) as file:
            content = file.read()
        self._compare(name, len(content), hashlib.sha256(content).hexdigest())
        return content

    def verify(self) -> None:
        """Read every file once, in constant memory.

        Raises:
            DamagedError: a file is not what was written.
            NotFoundError: the version was dropped.
        """
        for name in self.manifest.files:
            with self._open(name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                self._compare(name, file.tell(), digest)

    @contextmanager
    def _open(self, name: str) -> Iterator[BufferedReader]:
        try:
            with files.open_plain(self.path / name) as file:
                yield file
        except FileNotFoundError:
            if not self.path.exists():
                raise _dropped(self.model_name, self.number) from None
            raise self._damaged(name, "is missing") from None
        except OSError as error:
            raise self._damaged(name, f"cannot be read ({error.strerror})") from error

    def _compare(self, name: str, size_bytes: int, sha256: str) -> None:
        facts = self.manifest.files[name]
        if size_bytes != facts.bytes:
            raise self._damaged(name, f"has {size_bytes} bytes instead of {facts.bytes}")
        if sha256 != facts.sha256:
            raise self._damaged(name, "is not what was written (its sha256 differs)")

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a safetensors file, verified.

        Raises:
            DamagedError: as `read`; or a number is not finite.
            NotFoundError: as `read`.
        """
        content = self.read(name)
        try:
            arrays = load(content)
        except (safetensors.SafetensorError, ValueError, KeyError) as error:
            raise self._damaged(name, "is no safetensors file") from error
        if broken := sorted(key for key, values in arrays.items() if not _finite(values)):
            raise self._damaged(name, f"has numbers in `{broken[0]}` that are not finite")
        return arrays

    def _damaged(self, name: str, why: str) -> DamagedError:
        others = "`bridge.model.versions` lists the others" if self.number > 1 else "there is no earlier version"
        return DamagedError(
            f"Version {self.number} of model `{self.model_name}` is damaged: `{name}` {why}. Restore the file from a "
            f"backup, ask for another `modelVersion` ({others}), or train the model again.",
            reason="MODEL_DAMAGED",
            model=self.model_name,
            version=str(self.number),
            file=name,
        )


def open_version(path: Path) -> Version:
    """Open a version by its folder, a staged one included.

    Raises:
        DamagedError: its manifest is missing or not what was written.
        FailedPreconditionError: a newer bridge wrote it.
        NotFoundError: there is no such folder.
    """
    place = "/".join((*path.parts[-3:], MANIFEST_NAME))
    try:
        text = files.read_plain(path / MANIFEST_NAME)
    except FileNotFoundError:
        if not path.exists():
            raise NotFoundError(f"There is no version in `{place}`.", reason="VERSION_NOT_FOUND") from None
        text = b""
    except OSError as error:
        raise DamagedError(f"`{place}` cannot be read: {error.strerror}.", reason="MODEL_DAMAGED") from error
    return Version(path, Manifest.from_json(text, place))


def _finite(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool(np.isfinite(values).all())


def _dropped(model_name: str, number: int) -> NotFoundError:
    return NotFoundError(
        f"Version {number} of model `{model_name}` was dropped a moment ago. Train the model again.",
        reason="VERSION_NOT_FOUND",
        model=model_name,
    )
