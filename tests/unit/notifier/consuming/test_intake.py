"""A record of topic `warnings` is a change or unreadable, whatever it holds."""

from aiokafka import ConsumerRecord
from hypothesis import given

from services.notifier.consuming.intake import _read
from services.notifier.consuming.reading import Incoming
from shared.kafka.reading import UnreadableError, judged
from tests.changes import change, record
from tests.odd_records import odd_records


@given(odd_records([record(change())[1]]))
def test_it_is_a_change_or_unreadable(odd: ConsumerRecord) -> None:
    try:
        found = judged(odd, _read)
    except UnreadableError as error:
        assert "expected" in str(error)  # noqa: PT017 - either is right
    else:
        assert isinstance(found, Incoming)
