"""Cuts a dead letter to what its topic takes."""

from collections.abc import Sequence

from shared.kafka.producer import Outgoing, size_of

PREFIX = "bellwether_"
SIZES = ("key_bytes", "headers_bytes", "value_bytes")
SMALLEST_LETTER_BYTES = 4_096
"""What a letter that is cut to its own headers takes, and some more."""
_HEADER_OVERHEAD = 10  # two lengths of at most five bytes
_LENGTHS = 15  # of the key, the value and the number of headers

Headers = Sequence[tuple[str, bytes | None]]


def fitted(letter: Outgoing, limit: int) -> Outgoing:
    """The letter in at most `limit` bytes, its batch included: SMALLEST_LETTER_BYTES are enough for any.

    Key, sender's headers and value share what room there is: a small one stays whole, the large ones are cut to equal
    size. Their true sizes stand beside them then, in `bellwether_key_bytes` and so on, also after a second cut.
    """
    if size_of(letter) <= limit:
        return letter
    own = not_ours(letter.headers)
    ours = [each for each in letter.headers if each[0].startswith(PREFIX)]
    sizes = (len(letter.key or b""), sum(map(_size, own)), len(letter.value or b""))
    told = {name for name, _ in ours}
    ours += [
        (PREFIX + name, str(size).encode())
        for name, size in zip(SIZES, sizes, strict=True)
        if PREFIX + name not in told
    ]
    room = limit - size_of(Outgoing(letter.topic, None, None, ours)) - _LENGTHS
    key, headers, value = _shares(max(0, room), [sizes[0], sizes[1] + _HEADER_OVERHEAD * len(own), sizes[2]])
    return letter._replace(
        key=letter.key and letter.key[:key],
        value=letter.value and letter.value[:value],
        headers=[*_first(own, headers), *ours],
    )


def not_ours(headers: Headers) -> list[tuple[str, bytes | None]]:
    """The sender's own headers of a letter."""
    return [(name, value) for name, value in headers if not name.startswith(PREFIX)]


def _size(header: tuple[str, bytes | None]) -> int:
    return len(header[0].encode()) + len(header[1] or b"")


def _shares(room: int, wanted: Sequence[int]) -> list[int]:
    """What each gets: all it wants, or else as much as any other that does not."""
    given = [0] * len(wanted)
    by_size = sorted(range(len(wanted)), key=wanted.__getitem__)
    for left, each in zip(range(len(wanted), 0, -1), by_size, strict=True):
        given[each] = min(wanted[each], room // left)
        room -= given[each]
    return given


def _first(headers: Headers, room: int) -> list[tuple[str, bytes | None]]:
    """The first headers that fit, the last of them perhaps with a part of its value."""
    kept: list[tuple[str, bytes | None]] = []
    for name, value in headers:
        left = room - _HEADER_OVERHEAD - len(name.encode())
        if left < 0:
            break
        kept.append((name, value and value[:left]))
        room = left - len(value or b"")
        if room < 0:
            break
    return kept
