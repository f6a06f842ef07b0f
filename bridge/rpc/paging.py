"""Pages of a list, each beginning where the last one ended."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from google.protobuf.message import Message

from bridge.core.errors import InvalidArgumentError

DEFAULT_SIZE = 100
"""Items of a page whose size the server chooses."""

MOST = 1_000
"""Items of a page."""

MOST_BYTES = 2 * 2**20
"""A page ends early that would be longer: clients take messages of 4 MiB unless they say otherwise."""

M = TypeVar("M", bound=Message)

Place = tuple[str | int, ...]
"""Where an item stands in its list. Items are never moved, so a page goes on behind one that is gone."""

_DIGEST_BYTES = 8


class _Request(Protocol):
    page_size: int
    page_token: str


class Paging(Generic[M]):
    """The page that a request asks for: its size, and the place after which it begins."""

    def __init__(self, request: _Request, *scope: object, shape: tuple[type, ...]) -> None:
        """Read a request. `scope` is all that tells its list from others, `shape` the types of a place.

        Raises:
            InvalidArgumentError: the size is negative, or the token is none of this list.
        """
        if request.page_size < 0:
            raise InvalidArgumentError(
                f"`page_size` was {request.page_size}, but must be 0 to {MOST}; 0 lets the server choose.",
                reason="INVALID_PAGE_SIZE",
            )
        self.size = min(request.page_size or DEFAULT_SIZE, MOST)
        self._scope = json.dumps(scope).encode()
        self.after: Place | None = self._place(request.page_token, shape) if request.page_token else None

    def cut(self, items: Iterable[tuple[Place, M]]) -> tuple[list[M], str]:
        """Take a page from the items behind `after`; return it with the token of the next, empty on the last.

        Ask for one item more than `size`, to know whether there is a next page.
        """
        page: list[M] = []
        size_bytes, last = 0, None
        for place, item in items:
            size_bytes += item.ByteSize()
            if len(page) == self.size or (page and size_bytes > MOST_BYTES):
                assert last is not None, "a page that ends has an item"
                return page, self._token(last)
            page.append(item)
            last = place
        return page, ""

    def _token(self, place: Place) -> str:
        content = json.dumps(place).encode()
        return base64.urlsafe_b64encode(self._digest(content) + content).decode().rstrip("=")

    def _place(self, token: str, shape: tuple[type, ...]) -> Place:
        try:
            text = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
            digest, content = text[:_DIGEST_BYTES], text[_DIGEST_BYTES:]
            place = tuple(json.loads(content)) if digest == self._digest(content) else None
        except ValueError:
            place = None
        if place is None or tuple(type(each) for each in place) != shape:
            raise InvalidArgumentError(
                f"`page_token` was `{token}`, which is none of this list. Give the `next_page_token` of the last "
                "answer, with the other fields as they were, or none for the first page.",
                reason="INVALID_PAGE_TOKEN",
            )
        return place

    def _digest(self, content: bytes) -> bytes:
        # Not a secret: it tells a token of another list from one of this, and so does it after a restart.
        return hashlib.blake2b(content, digest_size=_DIGEST_BYTES, key=hashlib.sha256(self._scope).digest()).digest()
