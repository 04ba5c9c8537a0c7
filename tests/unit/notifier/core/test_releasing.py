"""What a gathering tells when it is due."""

from datetime import timedelta

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from services.notifier.core.gathering import Gathering
from services.notifier.core.message import Purpose
from services.notifier.core.planning import Rules, Situation
from services.notifier.core.reasons import Reason
from services.notifier.core.releasing import Held, release
from services.notifier.core.routing import Manner
from shared.warnings import Level
from tests.changes import AT, change, recovery

GATHERING = Gathering("storm", Purpose.STORM, Manner())
RULES = Rules(())


def _held(*numbers: int) -> list[Held]:
    """Two warnings that are equal but for their ids, one more serious, one older, and one that is over."""
    changes = [
        change(1),
        change(2),
        change(3, level=Level.RED),
        change(4).model_copy(update={"at": AT - timedelta(days=1)}),
        recovery(5),
    ]
    return [Held(place, changes[number], Reason.STORM, known=True) for place, number in enumerate(numbers)]


def test_the_most_serious_leads_then_the_oldest_and_what_is_over_comes_last() -> None:
    [message] = release(GATHERING, "desk", _held(0, 1, 2, 3, 4), (), RULES, Situation(AT)).messages
    assert [each.warning_id.int for each in message.changes] == [3, 4, 1, 2, 5]


@examples(max_examples=30)
@given(st.permutations(range(5)))
def test_what_is_told_is_the_same_in_whatever_order_it_came(order: list[int]) -> None:
    came = release(GATHERING, "desk", _held(*order), (), RULES, Situation(AT)).messages
    assert came == release(GATHERING, "desk", _held(0, 1, 2, 3, 4), (), RULES, Situation(AT)).messages
