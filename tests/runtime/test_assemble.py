"""Neo4j is downloaded once, the plugin built when it changed, by a Maven that is a script here."""

import os

import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.runtime import assemble
from bridge.runtime.home import Checkout

MAVEN = """#!/bin/sh
echo "$@" >> {calls}
[ -e {broken} ] && {{ echo "[ERROR] no such artifact"; exit 1; }}
for argument in "$@"; do
  case "$argument" in
    -Ddistribution=*)
      d=${{argument#-Ddistribution=}}
      mkdir -p $d/lib $d/plugins
      touch $d/lib/neo4j.jar $d/plugins/gds.jar ;;
    */plugin/pom.xml)
      cd ${{argument%/pom.xml}}
      mkdir -p target
      cat src/*.java > target/bridge-plugin-1.jar ;;
  esac
done
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small source tree, and a PATH on which Maven only notes how it was called."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "java": "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n",
        "javac": "#!/bin/sh\n",
        "mvn": MAVEN.format(calls=tmp_path / "calls", broken=tmp_path / "broken"),
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "pom.xml").write_text("<project/>")
    (tmp_path / "plugin" / "src").mkdir(parents=True)
    (tmp_path / "plugin" / "pom.xml").write_text("<project/>")
    (tmp_path / "plugin" / "src" / "One.java").write_text("class One {}")
    return Checkout(tmp_path)


def calls(checkout):
    noted = checkout.root / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


def silent(line: str) -> None:
    """Say nothing."""


def test_the_distribution_is_made_once(checkout):
    """The second call downloads nothing and says nothing."""
    said: list[str] = []
    first = assemble.distribution(checkout, said.append)
    assert (first / "lib" / "neo4j.jar").is_file()
    assert len(said) == 1
    assert assemble.distribution(checkout, said.append) == first
    assert len(said) == len(calls(checkout)) == 1


def test_another_pom_makes_another_distribution(checkout):
    """A new version of Neo4j is never mixed with the old one's jars."""
    first = assemble.distribution(checkout, silent)
    checkout.runtime_pom.write_text("<project><!-- newer --></project>")
    assert assemble.distribution(checkout, silent) != first


def test_a_failed_download_leaves_nothing_that_looks_complete(checkout):
    """Maven's errors are shown, and the next run starts afresh."""
    (checkout.root / "broken").touch()
    with pytest.raises(FailedPreconditionError, match="no such artifact"):
        assemble.distribution(checkout, silent)
    (checkout.root / "broken").unlink()
    assert (assemble.distribution(checkout, silent) / "plugins" / "gds.jar").is_file()


def test_the_plugin_is_built_when_its_sources_change_and_only_then(checkout):
    """A build costs half a minute."""
    first = assemble.plugin(checkout, silent)
    assert assemble.plugin(checkout, silent) == first
    assert len(calls(checkout)) == 1
    (checkout.root / "plugin" / "src" / "One.java").write_text("class One { int two; }")
    second = assemble.plugin(checkout, silent)
    assert second != first
    assert second.read_text() == "class One { int two; }"


def test_a_changed_wire_format_builds_the_plugin_anew(checkout):
    """The plugin's protobuf classes are generated from proto/."""
    first = assemble.plugin(checkout, silent)
    (checkout.root / "proto").mkdir()
    (checkout.root / "proto" / "a.proto").write_text('syntax = "proto3";')
    assert assemble.plugin(checkout, silent) != first


def test_without_plugin_sources_there_is_no_plugin(checkout):
    """Neo4j then starts without it."""
    checkout.plugin_pom.unlink()
    assert assemble.plugin(checkout, silent) is None
    assert calls(checkout) == []


def test_a_home_gets_the_plugins_of_this_start_alone(checkout):
    """A jar of an earlier version does not stay behind."""
    plugins = checkout.root / "home" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "old.jar").touch()
    assemble.place_plugins(assemble.distribution(checkout, silent), assemble.plugin(checkout, silent), plugins)
    assert sorted(os.listdir(plugins)) == ["bridge-plugin.jar", "gds.jar"]
    assert not (plugins / "bridge-plugin.jar").is_symlink()
