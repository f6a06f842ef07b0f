"""The local Neo4j: start it in the background, know when it answers, stop it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

from bridge.core.errors import FailedPreconditionError
from bridge.runtime import ports, toolchain
from bridge.runtime.home import USER, Checkout, Home, write_private
from bridge.runtime.process import Background
from bridge.runtime.server import HOME_VARIABLES

DEFAULT_JAVA_OPTIONS = "-Xms512m -Xmx2g"
"""Heap for a small machine; MovieLens with both trainings needs less."""

START_TIMEOUT = timedelta(minutes=3)
"""11 s on a quiet machine, 25 s on a busy one."""

STOP_PATIENCE = timedelta(seconds=60)
"""An orderly stop writes a checkpoint; after this the process is killed, which a database survives."""

_JVM = (
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    "-Dlog4j2.disable.jmx=true",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Djdk.nio.maxCachedBufferSize=1024",
    "-Dfile.encoding=UTF-8",
)


def background(home: Home) -> Background:
    """Return Neo4j's place among the processes."""
    return Background("Neo4j", home.run / "neo4j.json", home.logs / "neo4j.out")


def start(home: Home, distribution: Path, java_options: str) -> None:
    """Start Neo4j on a home whose configuration is written; return at once.

    Raises FailedPreconditionError when there is no Java that fits.
    """
    command = [
        str(toolchain.java()), *java_options.split(), *_JVM,
        "-cp", f"{home.plugins}/*:{home.conf}/*:{distribution}/lib/*",
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home.root}", f"--config-dir={home.conf}", "--console-mode",
    ]  # fmt: skip
    background(home).start(command, _environment(home), home.root)


def ensure_password(home: Home, distribution: Path) -> None:
    """Give a new database a generated password, before its first start; keep the one it has.

    Raises FailedPreconditionError when Neo4j's admin tool refuses, or when the password file of a database is gone.
    """
    if home.password.is_file():
        return
    if (home.root / "data" / "databases").is_dir():
        raise FailedPreconditionError(
            f"`{home.root}` has a database, but its password file `{home.password}` is gone. "
            "Write the password of user `neo4j` into it, or remove the home folder to start from an empty database."
        )
    # Letters and digits alone: the tool reads its arguments from this file, where quotes and @ have a meaning.
    staged = home.password.with_suffix(".new")
    write_private(staged, secrets.token_hex(16) + "\n")
    admin_tool = [str(toolchain.java()), "-cp", f"{distribution}/lib/*", "org.neo4j.cli.AdminTool"]
    command = [*admin_tool, "dbms", "set-initial-password", f"@{staged}"]  # not in the list of processes
    done = subprocess.run(command, env=_environment(home), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise FailedPreconditionError(f"Neo4j's admin tool could not set the password of `{home.root}`: {said}")
    staged.replace(home.password)


def read_password(home: Home) -> str:
    """Return the password of user `neo4j`."""
    return home.password.read_text(encoding="utf-8").strip()


def fill_imports(checkout: Checkout, home: Home) -> None:
    """Copy the project's CSV files to where `LOAD CSV` finds them, unless the same ones are there."""
    for source in sorted(checkout.data.glob("*.csv")):
        target = home.imports / source.name
        if not target.is_file() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)


def wait(home: Home, bolt_port: int) -> None:
    """Wait until Neo4j runs queries.

    Raises FailedPreconditionError with the end of its log when it stops or takes too long.
    """
    background(home).wait_until(lambda: ports.answers(bolt_port) and _runs_queries(home, bolt_port), START_TIMEOUT)


def _runs_queries(home: Home, bolt_port: int) -> bool:
    """Say whether a query succeeds; Neo4j accepts connections a second or two before that."""
    # The driver brings pandas, which takes a second to load, and who asks what runs does not need it.
    import neo4j
    from neo4j.exceptions import DriverError, Neo4jError

    try:
        with neo4j.GraphDatabase.driver(
            f"bolt://{ports.LOOPBACK}:{bolt_port}", auth=(USER, read_password(home)), connection_timeout=2.0
        ) as driver:
            driver.execute_query("RETURN 1", database_="neo4j")
    except (DriverError, Neo4jError):
        return False
    return True


def _environment(home: Home) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in HOME_VARIABLES}
    return inherited | {"NEO4J_HOME": str(home.root), "NEO4J_CONF": str(home.conf)}
