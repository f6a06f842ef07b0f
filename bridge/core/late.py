"""Modules that are loaded when they are first used, and not when another package names them.

PyTorch Geometric names all that it has when it is imported: data sets, which bring pandas and language models, and
torch's compiler. That takes twice as long as torch itself. An answer needs none of it, and a server that was killed
should answer soon.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_one_at_a_time = threading.Lock()


class Late(ModuleType):
    """Stands for a module until something of it is wanted; then it is imported, and asked."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":  # what is asked of every module, by those who look at all
            raise AttributeError(f"module '{self.__name__}' is not loaded yet and has no '{name}'")
        return getattr(loaded(self), name)


def loaded(module: ModuleType) -> ModuleType:
    """Return the module itself, imported if it was not yet."""
    name = module.__name__
    with _one_at_a_time:  # not the import itself: who imports holds locks of Python's own
        if isinstance(sys.modules.get(name), Late):
            del sys.modules[name]
    return importlib.import_module(name)


@contextmanager
def late(*names: str) -> Iterator[None]:
    """Have these modules, wherever the block imports them, loaded at their first use. One loaded before stays."""
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        finder.wanted = frozenset()  # it stays for the parts of what is not loaded yet


def load_late(*names: str) -> None:
    """Import now what is not loaded yet of these modules, or of all."""
    for module in [each for each in list(sys.modules.values()) if isinstance(each, Late)]:
        if not names or module.__name__ in names:
            loaded(module)


class _Finder(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self.wanted = frozenset(names)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in self.wanted:
            self.wanted -= {name}
            spec = PathFinder.find_spec(name, path)
            if spec is not None:
                spec.loader = _Standing()
            return spec
        parent = sys.modules.get(name.rpartition(".")[0])
        if isinstance(parent, Late):
            loaded(parent)
            if (part := sys.modules.get(name)) is not None:  # its parent has loaded it: not a second time
                part.__spec__ = ModuleSpec(name, _Loaded(part))  # of two, Python goes by the module's own
                return part.__spec__
        return None


class _Standing(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Late(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class _Loaded(Loader):
    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
