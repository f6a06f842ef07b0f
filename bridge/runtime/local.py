"""The local runtime: Neo4j and the bridge server together, on one home folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.core.errors import FailedPreconditionError
from bridge.runtime import assemble, configuration, database, server
from bridge.runtime.home import USER, Checkout, Home
from bridge.runtime.interruption import tidied
from bridge.runtime.lock import alone
from bridge.runtime.ports import LOOPBACK, Ports, WantedPorts, settle


@dataclass(frozen=True)
class Status:
    """What runs on a home, and where it can be reached."""

    home: Path
    bolt_uri: str
    http_uri: str
    user: str
    password_file: Path
    pid: int | None
    """Neo4j's process; None when it is not running."""
    bridge_address: str
    """host:port of the bridge server."""
    bridge_pid: int | None
    """The bridge server's process; None when it is not running in the background."""

    @property
    def browser_uri(self) -> str:
        """Where Neo4j Browser answers."""
        return f"{self.http_uri}/browser/"

    def as_json(self) -> dict[str, str | int | None]:
        """Return the status under the names that `status --json` prints."""
        return {
            "boltUri": self.bolt_uri,
            "httpUri": self.http_uri,
            "user": self.user,
            "passwordFile": str(self.password_file),
            "home": str(self.home),
            "pid": self.pid,
            "bridgeAddress": self.bridge_address,
            "bridgePid": self.bridge_pid,
        }


class Runtime:
    """Starts and stops Neo4j and the bridge server on one home.

    Starting what runs and stopping what does not are no errors. Whatever a failed start had started is stopped again.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        ports: WantedPorts | None = None,
        java_options: str = database.DEFAULT_JAVA_OPTIONS,
        plugin: bool = True,
        token: str | None = None,
        say: assemble.Say = print,
    ) -> None:
        """Describe a runtime; nothing is started or written yet.

        home: folder of the database, its configuration and logs; default `.bridge/home` of the checkout.
        java_options: for Neo4j's JVM, separated by blanks.
        plugin: whether the bridge plugin is built and put into Neo4j.
        token: what the plugin shows to the bridge server; without one the server asks for none (it is on loopback).
        say: receives lines for the person who waits.
        """
        self._checkout = Checkout.here()
        self.home = Home.at(home or self._checkout.default_home)
        self._wanted = ports or WantedPorts()
        self._java_options = java_options
        self._plugin = plugin
        self._token = token
        self._say = say

    def up(self, *, neo4j: bool = True, bridge: bool = True) -> Status:
        """Start Neo4j, the bridge server or both, and return when they answer.

        Raises FailedPreconditionError when a tool is missing, a port is busy, or a process ends while starting.
        """
        self.home.create()
        with tidied(), alone(self.home.run):
            neo4j = neo4j and database.background(self.home).process() is None
            bridge = bridge and server.background(self.home).process() is None
            ports = self._ports(neo4j, bridge)
            try:
                if neo4j:
                    self._prepare_neo4j(ports)
                if bridge:
                    self._start_bridge(ports)
                if neo4j:
                    self._start_neo4j(ports)
                self._wait(ports, neo4j, bridge)
            except BaseException:
                self._stop(neo4j, bridge)
                raise
        return self.status()

    def down(self, *, neo4j: bool = True, bridge: bool = True) -> list[str]:
        """Stop Neo4j, the bridge server or both, in order; return the names of those that were running."""
        if not self.home.run.is_dir():
            return []
        with alone(self.home.run):
            return self._stop(neo4j, bridge)

    def status(self) -> Status:
        """Say what runs on the home and where; before the first start, where it would be."""
        ports = self._known_ports() or self._wanted.over(Ports())
        neo4j = database.background(self.home).process()
        bridge = server.background(self.home).process()
        return Status(
            home=self.home.root,
            bolt_uri=f"neo4j://{LOOPBACK}:{ports.bolt}",
            http_uri=f"http://{LOOPBACK}:{ports.http}",
            user=USER,
            password_file=self.home.password,
            pid=neo4j.pid if neo4j else None,
            bridge_address=f"{LOOPBACK}:{ports.bridge}",
            bridge_pid=bridge.pid if bridge else None,
        )

    def _ports(self, neo4j: bool, bridge: bool) -> Ports:
        """Return the ports to use: those of what runs, the wanted ones for what is to be started."""
        runs = any(part(self.home).process() for part in (database.background, server.background))
        known = self._known_ports() if runs else None
        moved = self._wanted.contradicts(known) if known else {}
        if moved:
            where = ", ".join(f"{name} {port}" for name, port in moved.items())
            raise FailedPreconditionError(
                f"`{self.home.root}` is already running on other ports ({where}): run `bridge down` first to move it."
            )
        wanted = known or self._wanted.over(Ports())
        starts = {"bolt": neo4j, "http": neo4j, "bridge": bridge}
        return settle(wanted, but=frozenset(name for name in starts if not starts[name]))

    def _known_ports(self) -> Ports | None:
        if not (self.home.neo4j_conf.is_file() and self.home.bridge_conf.is_file()):
            return None
        neo4j = configuration.read(self.home.neo4j_conf)
        addresses = {
            "bolt": neo4j["server.bolt.listen_address"],
            "http": neo4j["server.http.listen_address"],
            "bridge": configuration.read(self.home.bridge_conf)["address"],
        }
        return Ports(**{name: int(address.rpartition(":")[2]) for name, address in addresses.items()})

    def _prepare_neo4j(self, ports: Ports) -> None:
        distribution = assemble.distribution(self._checkout, self._say)
        jar = assemble.plugin(self._checkout, self._say) if self._plugin else None
        assemble.place_plugins(distribution, jar, self.home.plugins)
        database.fill_imports(self._checkout, self.home)
        configuration.write(self.home, ports, self._token)
        database.ensure_password(self.home, distribution)

    def _start_neo4j(self, ports: Ports) -> None:
        self._say(f"Starting Neo4j on bolt port {ports.bolt} and http port {ports.http} …")
        database.start(self.home, assemble.distribution(self._checkout, self._say), self._java_options)

    def _start_bridge(self, ports: Ports) -> None:
        if not self.home.bridge_conf.is_file():
            configuration.write(self.home, ports, self._token)
        self._say(f"Starting the bridge server on port {ports.bridge} …")
        server.start(self.home)

    def _wait(self, ports: Ports, neo4j: bool, bridge: bool) -> None:
        started = time.monotonic()
        if bridge:
            server.wait(self.home, ports.bridge)
            self._say(f"The bridge server is ready ({time.monotonic() - started:.0f} s).")
        if neo4j:
            database.wait(self.home, ports.bolt)
            self._say(f"Neo4j is ready ({time.monotonic() - started:.0f} s).")

    def _stop(self, neo4j: bool, bridge: bool) -> list[str]:
        """Stop Neo4j first: its transactions still want the server's answers."""
        stopped = []
        if neo4j and database.background(self.home).stop(database.STOP_PATIENCE):
            stopped.append("Neo4j")
        if bridge and server.background(self.home).stop(server.STOP_PATIENCE):
            stopped.append("the bridge server")
        return stopped


@dataclass(frozen=True)
class Running:
    """A Neo4j that runs for the length of a `with` block."""

    bolt_uri: str
    http_uri: str
    user: str
    password: str
    bridge_address: str
    """host:port that the plugin calls, whether or not a server runs there."""
    home: Path


@contextmanager
def running_neo4j(
    home: Path | str,
    *,
    bridge: bool = False,
    bolt_port: int = 0,
    http_port: int = 0,
    bridge_port: int = 0,
    java_options: str = "-Xms256m -Xmx1g",
    plugin: bool = True,
    token: str | None = None,
    say: assemble.Say = print,
) -> Iterator[Running]:
    """Run a Neo4j, with `bridge` a bridge server too, on free ports, and stop it when the block ends, however it ends.

    Other arguments as for `Runtime`. Raises FailedPreconditionError when it cannot start.
    """
    wanted = WantedPorts(bolt_port, http_port, bridge_port)
    runtime = Runtime(home, ports=wanted, java_options=java_options, plugin=plugin, token=token, say=say)
    try:
        status = runtime.up(bridge=bridge)
        yield Running(
            bolt_uri=status.bolt_uri,
            http_uri=status.http_uri,
            user=status.user,
            password=database.read_password(runtime.home),
            bridge_address=status.bridge_address,
            home=runtime.home.root,
        )
    finally:
        runtime.down()
