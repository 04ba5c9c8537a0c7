"""Media types as RFC 2045 and RFC 9110 write them: in any case, with parameters."""

import re
from email.message import Message
from functools import lru_cache
from typing import NamedTuple

UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
NONE = "none/none"
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]"
JSON_PATTERN = rf"^{_WORD}+/(?:{_WORD}+\+)?[Jj][Ss][Oo][Nn][ \t]*(?:;[^\x00-\x1f\x7f-\x9f]*)?$"
"""What declares JSON, in the words of CloudEvents' JSON format, 3.1.1: */json or */*+json, stripped of parameters."""
_declares_json = re.compile(JSON_PATTERN)
_default = re.compile(r'application/json[ \t]*(?:;[ \t]*charset="?utf-?8"?[ \t]*)?', re.IGNORECASE)


class MediaType(NamedTuple):
    """A media type without its parameters, in lower case, and its charset, "utf-8" where none is told."""

    name: str
    charset: str

    @property
    def is_utf_8(self) -> bool:
        return self.charset in UTF_8


@lru_cache(64)
def media_type(given: str) -> MediaType:
    """What a Content-Type says; NONE where it says nothing."""
    header = Message()
    header["content-type"] = given or NONE  # an empty one would be read as text/plain
    return MediaType(header.get_content_type(), header.get_content_charset() or "utf-8")


def declares_json(given: str) -> bool:
    """Whether what is so called is JSON."""
    return _declares_json.match(given) is not None


def is_plain_json(given: str) -> bool:
    """Whether it says no more than what holds where nothing is said."""
    return _default.fullmatch(given) is not None
