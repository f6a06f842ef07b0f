"""Write a hosted model's embeddings for the Embedding Projector, with pictures to look at."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import neo4j
from neo4j.exceptions import AuthError, DriverError, Neo4jError
from rich.console import Console

from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, did_you_mean
from bridge.runtime import database, statement
from bridge.runtime.export_map import Layout, Named, lay_out, write_losses, write_map
from bridge.runtime.export_page import write_page
from bridge.runtime.export_rows import Embedded, ModelFacts, Run, choose_projection, read_embedded, read_model
from bridge.runtime.home import Home
from bridge.runtime.local import Runtime

MAP_SEED = 42

VECTORS, METADATA, LOSSES, MAP, PAGE = "vectors.tsv", "metadata.tsv", "loss.png", "map.png", "map.html"


@dataclass(frozen=True)
class Address:
    """Where a Neo4j answers, for whom."""

    uri: str
    user: str
    password: str | None
    """None where the database asks for none."""

    @classmethod
    def of_home(cls, home: str | None) -> Address:
        """Return the address of the local Neo4j of a home folder.

        Raises FailedPreconditionError when it is not running.
        """
        found = Runtime(home).status()
        if found.pid is None:
            raise FailedPreconditionError(
                f"Neo4j is not running on `{found.home}`: start it by `bridge up`, "
                "name another home by `--home`, or another database by `--uri`."
            )
        return cls(found.bolt_uri, found.user, database.read_password(Home.at(found.home)))

    @classmethod
    def at(cls, uri: str, user: str, password_file: str | None) -> Address:
        """Return the address of any Neo4j; the file holds the password on its first line.

        Raises FailedPreconditionError when the file cannot be read.
        """
        if password_file is None:
            return cls(uri, user, None)
        try:
            lines = Path(password_file).expanduser().read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise FailedPreconditionError(f"Cannot read the password from `{password_file}`: {reason}.") from error
        return cls(uri, user, lines[0] if lines else "")


@dataclass(frozen=True)
class ProjectorExport:
    """What to write, of which model, where."""

    model: str
    out: Path
    graph: str | None = None
    """The projection; None is the one that the model was trained on."""
    columns: tuple[str, ...] | None = None
    """Metadata: property keys, `labels`, `nodeId`; None is all properties that fit into a cell."""
    limit: int | None = None
    """Nodes at most, those with most relationships first."""
    version: int | str | None = None
    """The model's version, by its number or an alias; None is the one that answers."""
    highlight: tuple[str, ...] = ()
    """Parts of titles; nodes that have them are named on the map."""
    seed: int = MAP_SEED
    """Of the map."""


def run(address: Address, wanted: ProjectorExport, progress: Console) -> list[str]:
    """Connect, write the files, and return lines that say what was written.

    Raises a BridgeError in the database's words, or for what `projector` refuses.
    """
    auth = None if address.password is None else (address.user, address.password)
    try:
        with neo4j.GraphDatabase.driver(address.uri, auth=auth, notifications_min_severity="OFF") as driver:
            return projector(lambda text, **given: statement.run(driver, text, progress, **given).rows, wanted)
    except AuthError as error:
        raise FailedPreconditionError(
            f"{address.uri} does not let user `{address.user}` in: pass `--user` and `--password-file`."
        ) from error
    except Neo4jError as error:
        raise FailedPreconditionError(error.message or "The database refused without a word.") from error
    except (DriverError, ValueError) as error:  # the driver refuses a malformed URI by ValueError
        raise FailedPreconditionError(f"Cannot talk to Neo4j at {address.uri}: {error}") from error


def projector(run: Run, wanted: ProjectorExport) -> list[str]:
    """Write all files at once, or none; return lines that say what was written.

    Raises FailedPreconditionError when the folder is not writable, InvalidArgumentError when nothing matches a
    highlight, and what `export_rows` raises.
    """
    with _all_or_none(wanted.out) as folder:
        model = read_model(run, wanted.model, wanted.version)
        graph = choose_projection(run, model, wanted.graph)
        embedded = read_embedded(run, model, graph, columns=wanted.columns, limit=wanted.limit)
        named = _named(embedded, wanted.highlight)
        layout = lay_out(embedded.vectors, wanted.seed)
        write_vectors(folder / VECTORS, embedded)
        write_metadata(folder / METADATA, embedded)
        _write_pictures(folder, model, embedded, layout, named)
    return _said(wanted.out, model, embedded, layout)


def write_vectors(path: Path, embedded: Embedded) -> None:
    """Write a line of tab-separated numbers a node, each the shortest that reads back as the same float32."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines("\t".join(row.astype(str)) + "\n" for row in embedded.vectors)


def write_metadata(path: Path, embedded: Embedded) -> None:
    """Write a line a node, in the order of the vectors.

    As the projector wants it: column names in the first line where there are several, no such line where there is one.
    """
    header = [embedded.columns] if len(embedded.columns) > 1 else []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines("\t".join(row) + "\n" for row in [*header, *embedded.cells])


def _write_pictures(folder: Path, model: ModelFacts, embedded: Embedded, layout: Layout, named: Named) -> None:
    title = f"Embedding of model {model.name}, version {model.version}"
    if model.losses:
        write_losses(
            folder / LOSSES, model.losses, model.steps, f"Training of model {model.name}, version {model.version}"
        )
    write_map(folder / MAP, layout, named, title)
    write_page(
        folder / PAGE, layout, named,
        columns=embedded.columns, cells=embedded.cells, losses=model.losses, steps=model.steps, title=title,
    )  # fmt: skip


def _named(embedded: Embedded, highlight: Sequence[str]) -> Named:
    titles = embedded.titles
    highlighted: dict[int, None] = {}
    for words in highlight:
        pattern = re.compile(rf"(?<!\w){re.escape(words)}", re.IGNORECASE)
        found = [index for index, title in enumerate(titles) if pattern.search(title)]
        if not found:
            raise InvalidArgumentError(
                f"No node is called `{words}` (looked for in column `{embedded.columns[0]}`, from the start of a word)."
                f"{did_you_mean(words, titles)} Change `--highlight`, or choose another first column by `--columns`."
            )
        highlighted |= dict.fromkeys(found)
    # A node without the first column has another cell for its title, often a number: the named ones go before it.
    order = sorted(range(len(titles)), key=lambda index: not embedded.cells[index][0].strip())
    return Named(titles, embedded.groups, order, list(highlighted))


@contextmanager
def _all_or_none(out: Path) -> Iterator[Path]:
    """Give a folder to write into; move what is in it to `out` when the block ends well, nothing otherwise.

    A file of an earlier export that was not written anew is removed: it would tell of another model.
    """
    found = out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".export-", dir=out))
        try:
            yield staged
            for name in (VECTORS, METADATA, LOSSES, MAP, PAGE):
                if (staged / name).exists():
                    os.replace(staged / name, out / name)
                else:
                    (out / name).unlink(missing_ok=True)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
            if not found:
                with suppress(OSError):  # it holds what was written
                    out.rmdir()
    except OSError as error:
        raise FailedPreconditionError(
            f"Cannot write to `{out}`: {error.strerror or error}. Choose a folder that you may write to by `--out`."
        ) from error


def _said(out: Path, model: ModelFacts, embedded: Embedded, layout: Layout) -> list[str]:
    nodes, dimension = embedded.vectors.shape
    unknown = "not written: this version's losses are not known"
    told = {
        VECTORS: f"{nodes:,} vectors of {dimension} dimensions",
        METADATA: ", ".join(embedded.columns),
        LOSSES: f"{len(model.losses)} {model.steps}s" if model.losses else unknown,
        MAP: layout.method,
        PAGE: "the same to point at; opens without a network",
    }
    heading = f"Model `{model.name}`, version {model.version}, in {out}:"
    return [heading, *(f"  {name:<13} {words}" for name, words in told.items())]
