"""JSON messages between the server and a trainer process, each behind its length."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">I")  # bytes of JSON that follow
MAX_FRAME_BYTES = 256 * 1024 * 1024
"""Nothing a trainer reports is near this; a longer frame is noise on the wire."""

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """Return a message as it travels.

    Raises:
        TypeError: the message holds something JSON cannot say.
    """
    text = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(text)) + text


async def receive(reader: asyncio.StreamReader) -> Message | None:
    """Wait for the next message; None when the other side is gone or sent noise."""
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME_BYTES:
            return None
        message = json.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None


def receive_blocking(connection: socket.socket) -> Message | None:
    """Wait for the next message in a thread; None when the other side is gone."""
    header = _exactly(connection, _LENGTH.size)
    body = _exactly(connection, _LENGTH.unpack(header)[0]) if header else None
    return json.loads(body) if body else None


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        try:
            part = connection.recv(count - len(parts))
        except OSError:
            return None
        if not part:
            return None
        parts += part
    return bytes(parts)
