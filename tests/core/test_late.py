"""Modules that are loaded at their first use."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.late import Late, late, load_late

NAMES = ("shop", "shop.stock", "shop.stock.shelf", "shop.till")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of which `stock` counts how often each of its two files is run."""
    stock = tmp_path / "shop" / "stock"
    stock.mkdir(parents=True)
    ran = f"open({str(tmp_path / 'ran')!r}, 'a').write(__name__ + ' ')\n"
    (tmp_path / "ran").touch()
    (tmp_path / "shop" / "__init__.py").write_text("import shop.stock, shop.till\n")
    (tmp_path / "shop" / "till.py").write_text("from shop import stock\n")
    (stock / "__init__.py").write_text(ran + "from shop.stock import shelf\nGOODS = shelf.GOODS\n")
    (stock / "shelf.py").write_text(ran + "import shop.stock\nGOODS = ['tea']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    finders = list(sys.meta_path)
    yield tmp_path / "ran"
    sys.meta_path[:] = finders
    for name in NAMES:
        sys.modules.pop(name, None)


def test_a_late_module_is_loaded_once_when_something_of_it_is_wanted(shop: Path) -> None:
    """Whoever has imported it before then finds it too."""
    with late("shop.stock"):
        till = importlib.import_module("shop.till")
    assert shop.read_text() == ""
    assert till.stock.GOODS == ["tea"]
    assert importlib.import_module("shop.stock").GOODS is till.stock.GOODS
    assert shop.read_text() == "shop.stock shop.stock.shelf "


def test_a_part_of_a_late_module_loads_it_first(shop: Path) -> None:
    """In the order that it would have had, and nothing twice."""
    with late("shop.stock"):
        importlib.import_module("shop")
    shelf = importlib.import_module("shop.stock.shelf")
    assert shop.read_text() == "shop.stock shop.stock.shelf "
    assert shelf is importlib.import_module("shop.stock").shelf
    assert shelf.__spec__.name == "shop.stock.shelf"
    assert shelf.__spec__.origin == shelf.__file__


def test_all_that_is_late_can_be_loaded_at_once(shop: Path) -> None:
    """Also by those who look at every module there is, which alone loads none."""
    with late("shop.stock"):
        importlib.import_module("shop")
    assert isinstance(sys.modules["shop.stock"], Late)
    for module in list(sys.modules.values()):
        hasattr(module, "__no_such_name__")
    assert shop.read_text() == ""
    load_late("shop.stock")
    assert shop.read_text() == "shop.stock shop.stock.shelf "
    assert not isinstance(sys.modules["shop.stock"], Late)


def test_a_server_loads_nothing_that_answers_do_without() -> None:
    """After a crash everybody waits for it: compiler, data sets, pandas, transformers come later, or never."""
    dear = ("torch._dynamo", "torch_geometric.datasets", "neo4j", "numba", "pandas", "transformers", "sympy", "sklearn")
    program = (
        "import sys; import bridge.app; from bridge.core.late import Late; "
        f"print([name for name in {dear} if not isinstance(sys.modules.get(name, Late('')), Late)])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
