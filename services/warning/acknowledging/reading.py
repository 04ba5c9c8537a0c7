"""A record of topic `acknowledgements` as an acknowledgement."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import ValidationError

from shared.acknowledgements import TYPE, AcknowledgementGiven
from shared.kafka.cloudevents import header
from shared.kafka.reading import UnreadableError

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""As of events: no moment within can overflow a time zone or a column."""


def read(value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> AcknowledgementGiven:
    """The acknowledgement a record carries. Raises UnreadableError."""
    given = header([(name, content) for name, content in headers if content is not None], "ce_type")
    if given is not None and given != TYPE.encode():
        written = given[:200].decode(errors="backslashreplace")
        raise UnreadableError("unknown_type", f"expected ce_type to be {TYPE}, got {written!r}")
    if value is None:
        raise UnreadableError("malformed", "expected a value, the record has none")
    try:
        found = AcknowledgementGiven.model_validate_json(value)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)[:3]
        )
        raise UnreadableError("malformed", f"expected an acknowledgement: {wrong}") from None
    if not FIRST <= found.at < LAST:
        raise UnreadableError("malformed", f"expected at from {FIRST.year} to {LAST.year - 1}, got {found.at}")
    return found
