"""Whether a message may have got to whom it was for."""

import pytest

from services.notifier.core.verdict import Answer, Delivered, Refused, Retry, Verdict, reached


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Delivered(), True),
        (Refused("no"), False),
        (Retry("no connection", unsent=True), False),
        (Retry("later", answer=Answer(429)), False),
        (Retry("later", answer=Answer(451)), False),
        (Retry("the body says no", answer=Answer(200)), False),
        (Retry("a gateway gave up", answer=Answer(504)), True),
        (Retry("no verdict within 30 s"), True),
    ],
)
def test_only_what_is_known_not_to_have_arrived_has_reached_nobody(verdict: Verdict, *, expected: bool) -> None:
    assert reached(verdict) is expected
