"""The codec: events, states, results, outcomes, traces, errors and workflows as msgpack bytes, and back."""

from actors.codec.messages import (
    FORMAT_VERSION,
    MAX_BYTES,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_ITEMS,
    decode,
    encode,
)

__all__ = ["FORMAT_VERSION", "MAX_BYTES", "MAX_CONTAINERS", "MAX_DEPTH", "MAX_ITEMS", "decode", "encode"]
