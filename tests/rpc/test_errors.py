"""bridge/rpc/errors.py: one table from what can go wrong to the wire."""

from __future__ import annotations

import logging

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from bridge.core import errors
from bridge.rpc.errors import DOMAIN, MOST_TEXT_BYTES, STATUS, to_status


def info(status: grpc.Status) -> error_details_pb2.ErrorInfo:
    (binary,) = (value for key, value in status.trailing_metadata if key == "grpc-status-details-bin")
    found = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(binary).details[0].Unpack(found)
    return found


def test_every_error_has_its_place_in_the_table() -> None:
    """An error class without a status would leave as INTERNAL."""
    classes = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    assert set(STATUS) == classes - {errors.BridgeError}
    assert len(set(STATUS.values())) == len(STATUS)


def test_an_error_keeps_its_words_reason_and_figures() -> None:
    status = to_status(errors.NotFoundError("no `m`", reason="MODEL_NOT_FOUND", model="m"), "bridge.x")
    assert (status.code, status.details) == (grpc.StatusCode.NOT_FOUND, "no `m`")
    found = info(status)
    assert (found.reason, found.domain, dict(found.metadata)) == ("MODEL_NOT_FOUND", DOMAIN, {"model": "m"})


def test_what_nobody_foresaw_is_logged_whole_and_leaves_as_an_id(caplog: pytest.LogCaptureFixture) -> None:
    """The user gets an id to hand on, never a Python word."""
    with caplog.at_level(logging.ERROR):
        status = to_status(ZeroDivisionError("secret/path"), "bridge.gnn.train")
    assert status.code is grpc.StatusCode.INTERNAL
    number = info(status).metadata["id"]
    assert number in status.details
    assert "bridge.gnn.train" in status.details
    assert "secret" not in status.details
    assert "ZeroDivisionError" not in status.details
    assert number in caplog.text
    assert "secret/path" in caplog.text


@pytest.mark.parametrize("letter", ["a", "ü", "語", "\n"])
def test_a_long_text_is_cut_in_the_middle(letter: str) -> None:
    """gRPC gives up on trailers of more than 8 KiB; the user would read nothing at all."""
    long = f"It was {letter * 20_000}. Take another."
    status = to_status(errors.InvalidArgumentError(long, reason="X", word=letter * 9_000), "bridge.x")
    assert status.details.startswith("It was ")
    assert status.details.endswith("Take another.")
    assert len(status.details) > 300
    size = sum(len(value) for _, value in status.trailing_metadata) * 4 // 3 + len(status.details.encode())
    assert size < MOST_TEXT_BYTES + 2_000
