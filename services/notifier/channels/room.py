"""Making a message small enough for whoever takes it."""

from collections.abc import Callable

CUT = "…"


def within_characters(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis: at most so many characters."""
    return text if len(text) <= most else text[: max(0, most - len(CUT))] + CUT


def within_bytes(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis: at most so many bytes of UTF-8, never half a character."""
    encoded = text.encode()
    if len(encoded) <= most:
        return text
    kept = max(0, most - len(CUT.encode()))
    return encoded[:kept].decode(errors="ignore") + CUT


def fitting(build: Callable[[int], bytes], most: int) -> bytes:
    """The first body of at most so many bytes that `build` makes when given room for ever less text, in bytes.

    Raises ValueError where a body without any text is too long.
    """
    room = most
    while len(body := build(room)) > most:
        if room == 0:
            raise ValueError(f"expected a message of at most {most} bytes, got {len(body)} without its text")
        room //= 2
    return body
