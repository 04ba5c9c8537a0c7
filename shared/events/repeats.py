"""Names that stand twice in one object: readers of JSON differ on which of the two counts, and a sender meant one."""

import json
from typing import Any

_COLON, _BACKSLASH = b":\\"  # as numbers: a search for one byte is twenty times one for a text of one


def repeated_name(raw: bytes, written: bytes) -> str | None:
    """The first name that stands twice in an object of `raw`. `written` is the same document decoded and written anew.

    Writing it anew drops one of the two, and its colon: as many colons in both prove that there was none, in half a
    microsecond where looking at each name takes 15. Only an escaped colon could make up for a lost one.
    """
    if raw.count(_COLON) == written.count(_COLON) and (_BACKSLASH not in raw or b"u003a" not in raw.lower()):
        return None
    found: list[str] = []
    json.loads(raw, object_pairs_hook=lambda pairs: _look(pairs, found), parse_int=len, parse_float=len)
    return found[0] if found else None


def _look(pairs: list[tuple[str, Any]], found: list[str]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            found.append(name)
        seen.add(name)
