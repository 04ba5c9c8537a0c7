"""One text for each event, however it was written: what travels on topic `events`, and what its readers can read."""

from functools import cache
from typing import Any

import msgspec
from pydantic import AwareDatetime

from shared.events.envelope import Envelope
from shared.events.fields import EventData
from shared.events.moments import is_plain, utc_text
from shared.events.refusing import refusal
from shared.events.repeats import repeated_name
from shared.media_types import is_plain_json

decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder(order="sorted").encode


def canonical(raw: bytes, event: Envelope[EventData]) -> bytes:
    """The valid event in `raw`: sorted keys, no spaces, `time` in UTC, and nothing that says what goes without saying.

    Raises pydantic.ValidationError where a name stands twice in one object.
    """
    document, value = _unrepeated(raw)
    moments = _moments(type(event.data))
    if _is_canonical(document["time"]) and not moments and "datacontenttype" not in document:
        return value  # by far the commonest
    document["time"] = utc_text(event.time)
    if is_plain_json(document.get("datacontenttype", "")):
        del document["datacontenttype"]
    for name in moments:
        if not is_plain(document["data"][name]):
            document["data"][name] = utc_text(getattr(event.data, name))
    return encode(document)


def _unrepeated(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """The document, and it written anew. What was valid only in the second of two members of a name may be no JSON."""
    try:
        document = decode(raw)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise refusal("not_json", f"expected one JSON object: {error}") from None
    value = encode(document)
    check_unrepeated(raw, value)
    return document, value


def check_unrepeated(raw: bytes, value: bytes) -> None:
    """Raises pydantic.ValidationError naming what stands twice; `value` is `raw` decoded and encoded again."""
    if (name := repeated_name(raw, value)) is not None:
        raise refusal("repeated_name", f"expected each name once in an object, {name[:80]!r} stands twice in one")


def _is_canonical(valid_time: str) -> bool:
    # "2026-03-31T09:30:00Z", and no leap second: formatting it anew would cost a fifth of the whole.
    return len(valid_time) == 20 and valid_time[10] == "T" and valid_time[19] == "Z" and valid_time[17] != "6"


@cache
def _moments(model: type[EventData]) -> tuple[str, ...]:
    """The fields of an event's data that hold an RFC 3339 time."""
    return tuple(name for name, field in model.model_fields.items() if field.annotation is AwareDatetime)
