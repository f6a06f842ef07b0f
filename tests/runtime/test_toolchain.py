"""Missing or old programs get a sentence that says what to install."""

import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.runtime import toolchain


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A PATH of our own; call it with a name and what the program prints."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    def add(name, says="", folder=tmp_path):
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / name
        program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
        program.chmod(0o755)
        return program

    return add


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("The operation couldn't be completed. Unable to locate a Java Runtime.", None),
    ],
)
def test_java_says_its_version_in_old_and_new_ways(text, version):
    """1.8 is 8; a program that is no Java has no version."""
    assert toolchain.parse_java_version(text) == version


def test_without_java_the_sentence_says_what_to_install(programs):
    """Name the version and a command for it."""
    with pytest.raises(FailedPreconditionError, match=r"Java 17 or newer, and there is none: install a JDK \(`apt"):
        toolchain.java()


def test_an_old_java_is_named_with_its_version(programs):
    """Java 11 starts no Neo4j 5.26."""
    programs("java", 'openjdk version "11.0.2"')
    with pytest.raises(FailedPreconditionError, match="is Java 11: install a newer JDK"):
        toolchain.java()


def test_java_home_goes_before_the_path(programs, tmp_path, monkeypatch):
    """As every Java tool has it."""
    programs("java", 'openjdk version "11.0.2"')
    newer = programs("java", 'openjdk version "21.0.1"', tmp_path / "jdk" / "bin")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert toolchain.java() == newer


def test_a_runtime_without_compiler_cannot_build(programs):
    """A JRE runs Neo4j but builds no plugin."""
    programs("java", 'openjdk version "17.0.1"')
    programs("mvn")
    with pytest.raises(FailedPreconditionError, match="no `javac`"):
        toolchain.maven()


def test_without_maven_the_sentence_says_what_to_install(programs):
    """Maven is the last one asked for."""
    programs("java", 'openjdk version "17.0.1"')
    programs("javac")
    with pytest.raises(FailedPreconditionError, match="there is no `mvn` on PATH: install it"):
        toolchain.maven()
    maven = programs("mvn")
    assert toolchain.maven() == maven
