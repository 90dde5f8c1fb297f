"""Messages that are put together by hand."""

from typing import Any

import msgpack

from actors.codec import FORMAT_VERSION

INTEGER, TUPLE, DATETIME, DATE, TIME, TIMEDELTA, OFFSET, ZONE, RECORD = [
    msgpack.ExtType(code, b"") for code in range(9)
]
UUID, DECIMAL, SET, FROZENSET, MEMBER = [msgpack.ExtType(code, b"") for code in range(9, 14)]


def message(kind: str, body: Any) -> bytes:
    packed: bytes = msgpack.packb([FORMAT_VERSION, kind, body])
    return packed
