"""How a text is cut up on its way to a telephone, and paid for: 160 characters of GSM-7, or 70 of UCS-2."""

from bisect import bisect_right
from collections.abc import Sequence

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
"""Each of these takes two."""
_LAST_OF_ONE_UNIT = 0xFFFF
GSM_ALONE, GSM_PART = 160, 153
UCS_ALONE, UCS_PART = 70, 67
"""A text in several parts spends seven septets, or three UTF-16 units, of each on its place among them."""


def segments(text: str) -> int:
    """In how many parts the text travels: 1 or more."""
    if all(each in _BASIC or each in _EXTENDED for each in text):
        return _parts([1 + (each in _EXTENDED) for each in text], GSM_ALONE, GSM_PART)
    return _parts([1 + (ord(each) > _LAST_OF_ONE_UNIT) for each in text], UCS_ALONE, UCS_PART)


def within_segments(text: str, most: int, tail: str = "") -> str:
    """The text, or its beginning and an ellipsis, and then the tail: at most so many parts together.

    The tail is whole or left out: a link cut in half leads nowhere.
    """
    if segments(text + tail) <= most:
        return text + tail
    if tail and segments(f"...{tail}") > most:
        return within_segments(text, most)
    # An ellipsis of three dots: "…" itself is not GSM-7, and would make 160 characters 70.
    kept = bisect_right(range(len(text)), most, key=lambda length: segments(f"{text[:length]}...{tail}")) - 1
    return f"{text[: max(0, kept)]}...{tail}"


def _parts(widths: Sequence[int], alone: int, part: int) -> int:
    """A character of two units is never cut in half: it waits for the next part."""
    if sum(widths) <= alone:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts
