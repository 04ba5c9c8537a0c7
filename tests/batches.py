"""Record batches as bytes, sound and broken, for tests of what reads them."""

import struct
from collections.abc import Callable, Sequence

from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.kafka.reading.records import HEAD_BYTES
from tests.kafka_records import Plain

CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "gzip": (1, gzip_encode),
    "snappy": (2, snappy_encode),
    "lz4": (3, lz4_encode),
    "zstd": (4, zstd_encode),
}


def batch_of(records: Sequence[Plain], *, first_offset: int = 0, codec: str | None = None) -> bytes:
    """A batch as a broker stores it. Lone surrogates in a header's name stand for bytes that are no UTF-8."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 30)
    swaps: dict[bytes, bytes] = {}
    for number, (key, value, headers) in enumerate(records):
        assert builder.append(number, 1_000 + number, key, value, [(_stand_in(name, swaps), v) for name, v in headers])
    raw = bytes(builder.build())
    for stand_in, name in swaps.items():
        raw = raw.replace(stand_in, name)
    return sealed(raw[:HEAD_BYTES], raw[HEAD_BYTES:], first_offset=first_offset, codec=codec)


def sealed(head: bytes, body: bytes, *, first_offset: int = 0, codec: str | None = None) -> bytes:
    """A head and the records behind it, with the length and the checksum they must have."""
    if codec is not None:
        number, encode = CODECS[codec]
        head, body = head[:21] + struct.pack(">h", number) + head[23:], bytes(encode(body))
    checked = head[21:] + body
    start = struct.pack(">qi", first_offset, HEAD_BYTES - 12 + len(body)) + head[12:17]
    return start + struct.pack(">I", calc_crc32c(checked)) + checked


def _stand_in(name: str, swaps: dict[bytes, bytes]) -> str:
    raw = name.encode(errors="surrogateescape")
    if raw == name.encode(errors="replace"):
        return name
    stand_in = f"{len(swaps):\x01>{len(raw)}}"  # as long, and like nothing that a test writes
    swaps[stand_in.encode()] = raw
    return stand_in


def unreadable() -> dict[str, bytes]:
    """By reason, batches that a real broker takes and aiokafka's consumer ends at; each of one record."""
    name = batch_of([(b"B1", b"{}", [("ok", b"1"), ("\udcff", b"2")])])
    bombs = {codec: batch_of([(b"B1", bytes(12_000_000), [])], codec=codec) for codec in CODECS}
    return {"header_name": name, **{f"unpacks_too_large by {codec}": bomb for codec, bomb in bombs.items()}}


REASONS = ["header_name", *["unpacks_too_large"] * len(CODECS)]
"""Of the dead letters that `unreadable` must become, in its order."""
