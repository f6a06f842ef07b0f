"""The programs that must be on the machine: Java to run Neo4j, a JDK with Maven to assemble it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from bridge.core.errors import FailedPreconditionError

OLDEST_JAVA = 17
"""Neo4j 5.26 starts on Java 17 or newer."""

_INSTALL_JDK = "`apt install openjdk-17-jdk-headless`, `dnf install java-17-openjdk-devel` or `brew install openjdk@21`"


def java() -> Path:
    """Return the `java` to run Neo4j with: that of JAVA_HOME, else the first one on PATH.

    Raises FailedPreconditionError when there is none or it is too old.
    """
    found = _java_program("java")
    if found is None:
        raise FailedPreconditionError(
            f"Neo4j needs Java {OLDEST_JAVA} or newer, and there is none: "
            f"install a JDK ({_INSTALL_JDK}) or set JAVA_HOME."
        )
    version = java_version(found)
    if version is None or version < OLDEST_JAVA:
        what = f"Java {version}" if version else "no working Java"
        raise FailedPreconditionError(
            f"Neo4j needs Java {OLDEST_JAVA} or newer, and `{found}` is {what}: "
            f"install a newer JDK ({_INSTALL_JDK}) or set JAVA_HOME."
        )
    return found


def maven() -> Path:
    """Return the `mvn` to assemble with, having checked that it will find a compiler.

    Raises FailedPreconditionError when Maven or the JDK's compiler is missing.
    """
    java()
    if _java_program("javac") is None:
        raise FailedPreconditionError(
            "Building the plugin needs a JDK, and only a Java runtime is here (no `javac`): "
            f"install one ({_INSTALL_JDK})."
        )
    found = shutil.which("mvn")
    if found is None:
        raise FailedPreconditionError(
            "Assembling Neo4j needs Maven, and there is no `mvn` on PATH: install it (`apt install maven`, "
            "`dnf install maven` or `brew install maven`)."
        )
    return Path(found)


def java_version(program: Path) -> int | None:
    """Return the feature version of a Java, such as 17; None when the program does not say."""
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_java_version(answer.stderr + answer.stdout)


def parse_java_version(text: str) -> int | None:
    """Return 17 from ``openjdk version "17.0.15"``, and 8 from ``java version "1.8.0_392"``."""
    said = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if said is None:
        return None
    first = int(said[1])
    return int(said[2] or 0) if first == 1 else first


def _java_program(name: str) -> Path | None:
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / name).is_file():
        return Path(home) / "bin" / name
    found = shutil.which(name)
    return Path(found) if found else None
