"""Letters are as large as their topic takes them; how large that is, refusals teach."""

from collections.abc import Sequence

import pytest
from aiokafka.errors import MessageSizeTooLargeError, PolicyViolationError
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter

from shared.kafka.dead_letters import Origin, dead_letter
from shared.kafka.fitting import SMALLEST_LETTER_BYTES
from shared.kafka.letterbox import LetterBox
from shared.kafka.producer import NotAcknowledgedError, Outgoing, size_of
from shared.kafka.topics import MAX_LETTER_BYTES

LARGE = dead_letter(
    "dead",
    Outgoing("t", b"k" * 400_000, b"v" * 900_000),
    Origin("t", 0, 1),
    service="s",
    reason="r",
    detail="d" * 3_000,
)


class Topic:
    """Takes records up to a size."""

    def __init__(self, most: int, why: Exception | None = None) -> None:
        self.most = most
        self.there: list[Outgoing] = []
        self._why = why or MessageSizeTooLargeError()

    async def publish(self, records: Sequence[Outgoing]) -> None:
        for place, each in enumerate(records):
            if size_of(each) > self.most:
                raise NotAcknowledgedError(
                    [True] * place + [False] * (len(records) - place), None, refused=place
                ) from (self._why)
            self.there.append(each)


def box(topic: Topic) -> tuple[LetterBox, Counter]:
    refused = Counter("refused", "Refused", registry=CollectorRegistry())
    return LetterBox(topic, refused), refused  # type: ignore[arg-type]


async def attempts(letters: LetterBox, *sent: Outgoing) -> int:
    for attempt in range(1, 20):
        try:
            await letters.publish(sent)
        except NotAcknowledgedError as error:
            sent = tuple(each for each, done in zip(sent, error.acknowledged, strict=True) if not done)
        else:
            return attempt
    raise AssertionError("it is refused for ever")


@given(st.integers(SMALLEST_LETTER_BYTES, MAX_LETTER_BYTES))
async def test_whatever_the_topic_takes_the_letter_is_there_within_ten_attempts(most: int) -> None:
    topic = Topic(most)
    letters, refused = box(topic)

    tries = await attempts(letters, LARGE, LARGE)

    assert tries <= 10
    assert [size_of(each) <= most for each in topic.there] == [True, True]
    assert refused._value.get() == tries - 1
    assert await attempts(letters, LARGE) == 1


async def test_a_letter_that_is_refused_for_another_reason_stays_as_large_as_it_is() -> None:
    topic = Topic(0, PolicyViolationError())
    letters, _ = box(topic)
    with pytest.raises(NotAcknowledgedError):
        await letters.publish([LARGE])
    topic.most = MAX_LETTER_BYTES

    await letters.publish([LARGE])

    assert topic.there == [LARGE]
