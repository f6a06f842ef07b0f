"""The generated files of a checkout: write them, or name the stale ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.core.procedure import Procedure
from bridge.generate.docs import page
from bridge.generate.family import families
from bridge.generate.java import contract_class, procedure_classes

JAVA = Path("plugin/src/main/java/bridge/plugin/generated")
DOCS = Path("docs/procedures")


@dataclass(frozen=True)
class Changes:
    """What differs from what the declarations say."""

    written: Mapping[Path, str]
    """Text by path, of files that are missing or stale."""
    removed: Sequence[Path]
    """Java classes of procedures that are declared no more."""

    def names(self) -> list[str]:
        """Return the paths, sorted."""
        return sorted(str(path) for path in [*self.written, *self.removed])


def changes(root: Path, procedures: Sequence[Procedure]) -> Changes:
    """Compare a checkout with the declarations. Pages of `docs/procedures` keep what is outside their markers."""
    java = {JAVA / "Contract.java": contract_class(procedures), JAVA / "package-info.java": PACKAGE}
    docs: dict[Path, str] = {}
    for family in families(procedures):
        java |= {JAVA / f"{name}.java": text for name, text in procedure_classes(family).items()}
        path = DOCS / f"{family.name}.md"
        docs[path] = page(family, _read(root / path))
    wanted = java | docs
    return Changes(
        written={path: text for path, text in wanted.items() if _read(root / path) != text},
        removed=[JAVA / each.name for each in sorted((root / JAVA).glob("*.java")) if JAVA / each.name not in java],
    )


def apply(root: Path, changes: Changes) -> None:
    """Write and remove what differs."""
    for path, text in changes.written.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    for path in changes.removed:
        (root / path).unlink()


PACKAGE = """\
/**
 * The procedures as Neo4j knows them. Written by {@code python -m bridge.generate} from the declarations in
 * bridge/actions; never edited.
 */
package bridge.plugin.generated;
"""


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
