"""Transport-wide congestion feedback, read by the draft alone (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1):
a second opinion on what the server tells publishers about their packets."""

from __future__ import annotations

import dataclasses
import struct

TICK_SECONDS = 0.000250
REFERENCE_SECONDS = 0.064
TRANSPORT_FEEDBACK, TRANSPORT_WIDE = 205, 15


@dataclasses.dataclass
class Feedback:
    media_ssrc: int
    count: int
    base: int
    # Sequence number to arrival time in seconds of the server's clock, None for not received.
    arrivals: dict[int, float | None]


def read_compound(data: bytes) -> list[Feedback]:
    """All transport-wide feedback in a decrypted compound RTCP packet."""
    found = []
    while len(data) >= 4:
        first, kind, words = struct.unpack_from("!BBH", data)
        end = 4 * (words + 1)
        assert end <= len(data), "an RTCP block goes beyond the datagram"
        if kind == TRANSPORT_FEEDBACK and first & 0x1F == TRANSPORT_WIDE:
            padding = data[end - 1] if first & 0x20 else 0
            found.append(read(*struct.unpack_from("!I", data, 8), data[12 : end - padding]))
        data = data[end:]
    return found


def read(media_ssrc: int, body: bytes) -> Feedback:
    base, status_count = struct.unpack_from("!HH", body)
    reference = int.from_bytes(body[4:7], "big", signed=True) * REFERENCE_SECONDS
    symbols: list[int] = []
    position = 8
    while len(symbols) < status_count:
        (chunk,) = struct.unpack_from("!H", body, position)
        position += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif not chunk & 0x4000:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
        else:
            symbols += [chunk >> shift & 3 for shift in range(12, -2, -2)]
    arrivals: dict[int, float | None] = {}
    time = reference
    for offset, symbol in enumerate(symbols[:status_count]):
        sequence = (base + offset) & 0xFFFF
        if symbol == 0:
            arrivals[sequence] = None
            continue
        assert symbol in (1, 2), f"reserved symbol {symbol}"
        delta = body[position] if symbol == 1 else struct.unpack_from("!h", body, position)[0]
        position += symbol
        time += delta * TICK_SECONDS
        arrivals[sequence] = time
    assert len(body) - position < 4, "bytes left over"
    return Feedback(media_ssrc=media_ssrc, count=body[7], base=base, arrivals=arrivals)
