"""Ports: free ones are found, busy ones are named with their option."""

import socket

import pytest

from bridge.core.errors import FailedPreconditionError
from bridge.runtime.ports import LOOPBACK, Ports, WantedPorts, answers, is_free, pick_free, settle


@pytest.fixture
def busy():
    """A port on which something listens."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_zero_becomes_a_free_port():
    """Every 0 gets a port of its own; other ports stay."""
    fixed = pick_free(1)[0]
    ports = settle(Ports(bolt=0, http=fixed, bridge=0))
    assert ports.http == fixed
    assert len({ports.bolt, ports.http, ports.bridge} - {0}) == 3
    assert is_free(ports.bolt)


def test_every_busy_port_is_named_with_its_option(busy):
    """All faults at once, each with what to do."""
    with pytest.raises(FailedPreconditionError) as caught:
        settle(Ports(bolt=busy, http=busy, bridge=0))
    assert f"port {busy} (choose another with `--bolt-port`)" in caught.value.message
    assert "`--http-port`" in caught.value.message
    assert "`--bridge-port`" not in caught.value.message


def test_a_port_of_ours_is_not_checked(busy):
    """What listens there is our own process."""
    assert settle(Ports(bolt=busy, http=0, bridge=0), but=frozenset({"bolt"})).bolt == busy


def test_answers_says_whether_somebody_listens(busy):
    """A listening port answers; a free one does not."""
    assert answers(busy)
    assert not answers(pick_free(1)[0])


def test_ports_nobody_asked_for_contradict_nothing():
    """None and 0 take what runs; another number is a contradiction."""
    running = Ports(1, 2, 3)
    assert WantedPorts().contradicts(running) == {}
    assert WantedPorts(bolt=0, http=2).contradicts(running) == {}
    assert WantedPorts(bolt=9, http=2, bridge=8).contradicts(running) == {"bolt": 1, "bridge": 3}


def test_wanted_ports_go_over_the_defaults():
    """What was not asked for keeps the default."""
    assert WantedPorts(http=0).over(Ports()) == Ports(http=0)
