"""Unpacks a compressed record batch, but never to more than it may be."""

import struct
import zlib
from collections.abc import Callable, Iterator

import cramjam

MAX_UNPACKED_BYTES = 8 * 1024 * 1024
"""Eight times what a batch may be on a topic. JSON packs five to one, and a producer's batches are far from full: 16 kB
is Java's default. The unchecked rest is what an attack is made of: zstd packs gigabytes into a few kB."""
_FIRST_TRY = 65_536
_GROWTH = 8
_GZIP = 31  # zlib's way of saying: with gzip's header
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES = 16


class UnpackError(Exception):
    """What is compressed is damaged, or not compressed in the way it says."""

    reason = "unreadable_batch"


class TooLargeError(UnpackError):
    """It would be larger than it may be."""

    reason = "unpacks_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"expected a batch that unpacks to at most {limit} bytes; it unpacks to more")


def unpack(codec: int, packed: bytes, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """What was compressed with the codec of this number (1 gzip, 2 snappy, 3 lz4, 4 zstd). Raises UnpackError.

    Memory is taken for `limit` bytes at most, not for what the compressed text claims.
    """
    if codec not in _CODECS:
        raise UnpackError(f"expected compression by gzip, snappy, lz4 or zstd; got the codec {codec}")
    name, unpacked = _CODECS[codec]
    try:
        return unpacked(packed, limit)
    except (cramjam.DecompressionError, zlib.error, struct.error, ValueError, EOFError) as error:
        raise UnpackError(f"expected {name}: {error}") from error


def _gzip(packed: bytes, limit: int) -> bytes:
    """One member after another, as gzip files may be."""
    parts: list[bytes] = []
    room, rest = limit, packed
    while rest:
        member = zlib.decompressobj(_GZIP)
        parts.append(member.decompress(rest, room + 1))
        room -= len(parts[-1])
        if room < 0:
            raise TooLargeError(limit)
        if not member.eof:
            raise EOFError("it ends too early")
        rest = member.unused_data
    return b"".join(parts)


def _snappy(packed: bytes, limit: int) -> bytes:
    """Either one block, or xerial's stream of blocks, as Java writes it. A block says how large it will be."""
    parts: list[bytes] = []
    room = limit
    for block in _blocks(packed):
        room -= cramjam.snappy.decompress_raw_len(block)
        if room < 0:
            raise TooLargeError(limit)
        parts.append(bytes(cramjam.snappy.decompress_raw(block)))
    return b"".join(parts)


def _blocks(packed: bytes) -> Iterator[bytes]:
    if not packed.startswith(_XERIAL):
        yield packed
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        (size,) = struct.unpack_from(">i", packed, at)
        if not 0 <= size <= len(packed) - at - 4:
            raise ValueError(f"a block of {size} bytes where {len(packed) - at - 4} are left")
        yield packed[at + 4 : at + 4 + size]
        at += 4 + size


def _into(decompress_into: Callable[[bytes, bytearray], int]) -> Callable[[bytes, int], bytes]:
    """These codecs do not say how large it will be: they write into a buffer, and one that is too small grows."""

    def unpacked(packed: bytes, limit: int) -> bytes:
        room = max(_FIRST_TRY, _GROWTH * len(packed))
        while True:
            buffer = bytearray(min(room, limit))  # it is cleared at once, which costs 0.4 ms a megabyte
            try:
                return bytes(memoryview(buffer)[: decompress_into(packed, buffer)])
            except cramjam.DecompressionError as error:
                if "whole buffer" not in str(error):  # that it does not fit, in the words of Rust's io::Write
                    raise
            if room >= limit:
                raise TooLargeError(limit)
            room *= _GROWTH

    return unpacked


_CODECS: dict[int, tuple[str, Callable[[bytes, int], bytes]]] = {
    1: ("gzip", _gzip),
    2: ("snappy", _snappy),
    3: ("lz4", _into(cramjam.lz4.decompress_into)),
    4: ("zstd", _into(cramjam.zstd.decompress_into)),
}
