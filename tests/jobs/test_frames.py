"""Messages arrive whole, or the other side counts as gone."""

import asyncio
import socket

import pytest

from bridge.jobs import frames

MESSAGES = [{}, {"detail": "Amélie", "figures": {"loss": 0.1}}, {"result": {"rows": [1] * 100_000}}]


async def test_messages_arrive_in_order_however_they_are_cut() -> None:
    """Byte by byte or many at once."""
    reader = asyncio.StreamReader()
    stream = b"".join(map(frames.encode, MESSAGES[:2]))
    for byte in stream:
        reader.feed_data(bytes([byte]))
    reader.feed_data(frames.encode(MESSAGES[2]))
    reader.feed_eof()
    assert [await frames.receive(reader) for _ in range(4)] == [*MESSAGES, None]


@pytest.mark.parametrize("noise", [b"\0\0", b"\0\0\0\x09{}", b"\xff\xff\xff\xff", b"\0\0\0\x01{", b"\0\0\0\x02[]"])
async def test_noise_ends_the_conversation(noise: bytes) -> None:
    """A frame cut short, endless, or no JSON object is not waited for."""
    reader = asyncio.StreamReader()
    reader.feed_data(noise)
    reader.feed_eof()
    assert await frames.receive(reader) is None


def test_a_thread_receives_the_same_messages() -> None:
    """And None when the other side closes."""
    ours, theirs = socket.socketpair()
    with ours:
        for message in MESSAGES[:2]:
            theirs.sendall(frames.encode(message))
        theirs.close()
        assert [frames.receive_blocking(ours) for _ in range(3)] == [*MESSAGES[:2], None]


def test_what_json_cannot_say_is_refused_before_it_travels() -> None:
    """Not cut, not turned into something else."""
    with pytest.raises(TypeError):
        frames.encode({"socket": object()})
