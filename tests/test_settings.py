"""bridge/settings.py: the environment's knobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.core.errors import InvalidArgumentError
from bridge.settings import PREFIX, Settings


def test_a_variable_bears_its_fields_name_and_what_is_given_goes_before() -> None:
    settings = Settings.read(
        {"BRIDGE_PORT": "1234", "BRIDGE_DATA": "/d", "BRIDGE_INSECURE": "true"}, port=5678, host=None
    )
    assert (settings.port, settings.data, settings.insecure, settings.host) == (5678, Path("/d"), True, "127.0.0.1")


def test_an_empty_variable_is_no_value() -> None:
    assert Settings.read({"BRIDGE_TRAINER_MEMORY_MIB": "", "BRIDGE_PORT": ""}) == Settings()


def test_every_fault_is_named_by_its_variable() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        Settings.read({"BRIDGE_PORT": "70000", "BRIDGE_LOG_LEVEL": "loud", "BRIDGE_THREADS": "0"})
    for word in ("BRIDGE_PORT was `70000`", "BRIDGE_LOG_LEVEL was `loud`", "BRIDGE_THREADS was `0`", "'DEBUG'"):
        assert word in raised.value.message


def test_the_server_is_closed_to_other_machines_by_default() -> None:
    """Loopback, no token, not insecure."""
    settings = Settings.read({})
    assert (settings.host, settings.insecure, settings.plugin_token, settings.tls_certificate) == (
        "127.0.0.1", False, "", None,
    )  # fmt: skip


def test_every_knob_is_documented() -> None:
    """The operator's page is made of these sentences."""
    assert [name for name, info in Settings.model_fields.items() if not info.description] == []
    assert PREFIX == "BRIDGE_"
