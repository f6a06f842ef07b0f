"""Where everything of one local Neo4j lies: the layout of its home folder, and of the project it was started from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import FailedPreconditionError

OWNER_ONLY = 0o600
"""File mode of whatever holds a password or a token."""


USER = "neo4j"
"""The one user that a new database has."""


@dataclass(frozen=True)
class Home:
    """One Neo4j home: configuration, data, logs, and who is running on it."""

    root: Path
    """The folder Neo4j knows as its home; absolute."""

    @classmethod
    def at(cls, folder: Path | str) -> Home:
        """Return the home in this folder, which need not exist yet."""
        return cls(Path(folder).expanduser().resolve())

    @property
    def conf(self) -> Path:
        """Neo4j's configuration folder, also the home of `bridge.conf`."""
        return self.root / "conf"

    @property
    def neo4j_conf(self) -> Path:
        """Neo4j's own configuration, written anew by every start."""
        return self.conf / "neo4j.conf"

    @property
    def bridge_conf(self) -> Path:
        """How the plugin reaches the bridge server; key=value lines, readable by the owner only."""
        return self.conf / "bridge.conf"

    @property
    def password(self) -> Path:
        """The generated password of user `neo4j`; readable by the owner only."""
        return self.conf / "password"

    @property
    def plugins(self) -> Path:
        """What Neo4j scans for procedures: links to Graph Data Science, and the bridge plugin."""
        return self.root / "plugins"

    @property
    def imports(self) -> Path:
        """What `LOAD CSV FROM 'file:///…'` may read."""
        return self.root / "import"

    @property
    def logs(self) -> Path:
        """Logs of Neo4j and of the bridge server."""
        return self.root / "logs"

    @property
    def server(self) -> Path:
        """The bridge server's store: models, snapshots, jobs."""
        return self.root / "server"

    @property
    def run(self) -> Path:
        """Pid files and the ports in use."""
        return self.root / "run"

    def create(self) -> None:
        """Make the folders, closed to other users."""
        for folder in (self.conf, self.plugins, self.imports, self.logs, self.run, self.server):
            folder.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)


@dataclass(frozen=True)
class Checkout:
    """The source tree a local Neo4j is assembled from."""

    root: Path

    @classmethod
    def here(cls) -> Checkout:
        """Return the checkout this package is imported from.

        Raises FailedPreconditionError when the package was installed without its source tree.
        """
        root = Path(__file__).resolve().parents[2]
        if not (root / "runtime" / "pom.xml").is_file():
            raise FailedPreconditionError(
                f"The local Neo4j is assembled from the project's source tree, but `{root}` has no runtime/pom.xml. "
                "Clone the project and run `make demo` there."
            )
        return cls(root)

    @property
    def runtime_pom(self) -> Path:
        """Which artifacts make the local Neo4j."""
        return self.root / "runtime" / "pom.xml"

    @property
    def plugin_pom(self) -> Path:
        """How the Neo4j plugin is built."""
        return self.root / "plugin" / "pom.xml"

    @property
    def data(self) -> Path:
        """The CSV files that go into every home's import folder."""
        return self.root / "data" / "movielens"

    @property
    def scripts(self) -> Path:
        """The Cypher scripts of the demo."""
        return self.root / "cypher"

    @property
    def recipes(self) -> Path:
        """The Cypher scripts that operators run by name."""
        return self.scripts / "recipes"

    @property
    def cache(self) -> Path:
        """What was downloaded and built once, shared by all homes; safe to delete."""
        return self.root / ".bridge" / "dist"

    @property
    def default_home(self) -> Path:
        """The home that commands use when none is named."""
        return self.root / ".bridge" / "home"


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, in one step: a reader sees the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    staged.replace(path)
