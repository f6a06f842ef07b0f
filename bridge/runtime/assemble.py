"""Assemble the local Neo4j from Maven artifacts, once; build the plugin, when its sources changed."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bridge.core.errors import FailedPreconditionError
from bridge.runtime import toolchain
from bridge.runtime.home import Checkout
from bridge.runtime.lock import alone

Say = Callable[[str], None]
"""Receives one line for the person who waits."""


def distribution(checkout: Checkout, say: Say) -> Path:
    """Return the folder with `lib/` (Neo4j, Browser) and `plugins/` (Graph Data Science), made by Maven the first time.

    Raises FailedPreconditionError when a tool is missing or Maven fails.
    """
    target = checkout.cache / f"neo4j-{_digest([checkout.runtime_pom], checkout.root)}"
    with alone(checkout.cache):  # two Maven runs in one folder spoil each other's output
        if not target.is_dir():
            say("Downloading Neo4j, Browser and Graph Data Science (147 MB, about a minute, only this once) …")
            staged = target.with_name(f".{target.name}")
            shutil.rmtree(staged, ignore_errors=True)
            _maven(checkout, checkout.runtime_pom, "package", f"-Ddistribution={staged}")
            staged.rename(target)
    return target


def plugin(checkout: Checkout, say: Say) -> Path | None:
    """Return the bridge plugin's jar, built when its sources changed; None when there are no sources.

    Raises FailedPreconditionError when a tool is missing or the build fails.
    """
    if not checkout.plugin_pom.is_file():
        return None
    kept = checkout.cache / f"bridge-plugin-{_digest(_plugin_sources(checkout), checkout.root)}.jar"
    with alone(checkout.cache):
        if not kept.is_file():
            say("Building the Neo4j plugin (its build tools are downloaded the first time) …")
            _maven(checkout, checkout.plugin_pom, "package", "-DskipTests")
            staged = kept.with_name(f".{kept.name}")
            shutil.copyfile(_built_jar(checkout), staged)
            staged.rename(kept)
    return kept


def place_plugins(distribution: Path, bridge_jar: Path | None, plugins: Path) -> None:
    """Fill a home's `plugins/`: links to the distribution's jars, and a copy of the bridge plugin.

    The copy stays as it is when the plugin is built anew: Java does not survive a change under its feet.
    """
    shutil.rmtree(plugins, ignore_errors=True)
    plugins.mkdir(parents=True)
    for jar in sorted((distribution / "plugins").glob("*.jar")):
        (plugins / jar.name).symlink_to(jar)
    if bridge_jar is not None:
        shutil.copyfile(bridge_jar, plugins / "bridge-plugin.jar")


def _plugin_sources(checkout: Checkout) -> list[Path]:
    folder = checkout.plugin_pom.parent
    inside = [path for path in (folder / "src").rglob("*") if path.is_file()]
    wire = [path for path in (checkout.root / "proto").rglob("*.proto") if path.is_file()]
    return [checkout.plugin_pom, *inside, *wire]


def _built_jar(checkout: Checkout) -> Path:
    target = checkout.plugin_pom.parent / "target"
    beside = ("-sources", "-javadoc", "-tests")
    jars = [jar for jar in target.glob("bridge-plugin-*.jar") if not jar.stem.endswith(beside)]
    if not jars:
        raise FailedPreconditionError(f"Maven built the plugin, but `{target}` has no bridge-plugin-*.jar.")
    return max(jars, key=lambda jar: jar.stat().st_mtime)


def _digest(files: list[Path], root: Path) -> str:
    hashed = hashlib.sha256()
    for file in sorted(files):
        content = file.read_bytes()
        hashed.update(f"{file.relative_to(root)} {len(content)}\n".encode())
        hashed.update(content)
    return hashed.hexdigest()[:16]


def _maven(checkout: Checkout, pom: Path, *arguments: str) -> None:
    log = checkout.cache / "maven.log"
    command = [str(toolchain.maven()), "--batch-mode", "--quiet", "-f", str(pom), *arguments]
    with log.open("w", encoding="utf-8") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "ERROR" in line][:12]
        raise FailedPreconditionError(
            f"Maven could not build `{pom.relative_to(checkout.root)}` (exit status {done.returncode}; all it said: "
            f"{log}). On a first run it downloads: check the network, then try again.\n" + "\n".join(said)
        )
