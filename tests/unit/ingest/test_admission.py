"""What may come in, from whom, and how far ahead of the clock."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.admission import Admission, Sender
from services.ingest.refusals import RefusedError
from shared.clock import ManualClock
from shared.events import DATA_MODELS, ORDINARY, Accepted, Ahead, accept, example

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANYONE, KEEPER = Sender(None, may_move_clock=False), Sender(None, may_move_clock=True)


def admit(
    document: Any,
    *,
    sender: Sender = ANYONE,
    limit: timedelta | None = timedelta(minutes=10),
    event_clock: bool = True,
    ahead: Ahead = ORDINARY,
) -> Accepted:
    admission = Admission(ManualClock(NOW), future_limit=limit, event_clock=event_clock, ahead=ahead)
    return admission.gate(sender).admit(json.dumps(document).encode())


def refusal(document: Any, **rules: Any) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        admit(document, **rules)
    return refused.value


def event(**changes: Any) -> dict[str, Any]:
    return {**example("loan.closed"), **changes}


def test_an_event_up_to_the_limit_ahead_is_admitted_and_one_beyond_it_refused_naming_both_times() -> None:
    assert admit(event(time="2026-03-01T12:10:00Z")).event.time == NOW + timedelta(minutes=10)

    refused = refusal(event(time="2026-03-01T12:10:00.001Z"))
    assert (refused.reason, refused.errors[0].pointer, refused.forbidden) == ("ahead_of_clock", "/time", False)
    assert "600 s ahead of 2026-03-01T12:00:00Z" in str(refused)
    assert "got 2026-03-01T12:10:00.001000Z" in str(refused)


def test_without_a_limit_any_time_is_admitted() -> None:
    assert admit(event(time="2199-01-01T00:00:00Z"), limit=None).event.time.year == 2199


def test_dates_far_ahead_of_their_event_are_refused_by_this_deployments_limits() -> None:
    month = {**example("revenue.reported"), "time": "2026-02-01T00:00:00Z"}
    month["data"] = {**month["data"], "month": "2026-03"}
    assert admit(month, ahead=Ahead(period_days=28)).event.time.month == 2

    refused = refusal(month)
    assert (refused.reason, refused.errors[0].pointer) == ("misdated", "/data/month")
    assert "the event's own day, 2026-02-01; got 2026-03" in str(refused)


def test_a_bound_sender_is_refused_another_source() -> None:
    bound = Sender("/core-banking", may_move_clock=False)
    assert admit(event(), sender=bound).event.source == "/core-banking"
    refused = refusal(event(source="/another"), sender=bound)
    assert (refused.reason, refused.errors[0].pointer, refused.forbidden) == ("wrong_source", "/source", True)


def test_the_clock_is_taken_in_event_mode_from_whoever_may_move_it() -> None:
    clock = example("clock.advanced")
    assert admit(clock, sender=KEEPER).event.type == "clock.advanced"
    assert refusal(clock, sender=KEEPER, event_clock=False).reason == "clock_not_taken"
    not_allowed = refusal(clock, sender=ANYONE)
    assert (not_allowed.reason, not_allowed.forbidden) == ("clock_not_allowed", True)


def test_the_clock_may_not_be_moved_beyond_the_limit_for_it_never_goes_back() -> None:
    refused = refusal({**example("clock.advanced"), "data": {"through": "2036-03-01T00:00:00Z"}}, sender=KEEPER)
    assert (refused.reason, refused.errors[0].pointer) == ("ahead_of_clock", "/data/through")


@pytest.mark.parametrize("event_type", DATA_MODELS)
def test_two_texts_of_one_event_give_the_same_bytes(event_type: str) -> None:
    document = example(event_type)
    shuffled = dict(reversed(document.items()))
    shuffled["time"] = "2026-03-01T10:30:00+01:00"
    one, other = admit(document, sender=KEEPER), admit(shuffled, sender=KEEPER)
    assert one.value == other.value == accept(one.value).value


_SCRAPS = st.one_of(
    st.binary(max_size=60),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode(errors="replace")),
)


@given(_SCRAPS)
def test_whatever_comes_is_admitted_or_refused_with_what_was_expected(raw: bytes) -> None:
    gate = Admission(ManualClock(NOW), future_limit=None, event_clock=True).gate(KEEPER)
    with pytest.raises(RefusedError, match="expected"):
        gate.admit(raw)


@given(st.sampled_from(sorted(DATA_MODELS)), st.data())
def test_an_event_damaged_anywhere_is_admitted_or_refused_with_what_was_expected(
    event_type: str, data: st.DataObject
) -> None:
    raw = bytearray(json.dumps(example(event_type)).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    gate = Admission(ManualClock(NOW), future_limit=None, event_clock=True).gate(KEEPER)
    try:
        accepted = gate.admit(bytes(raw))
    except RefusedError as refused:
        assert "expected" in str(refused)  # noqa: PT017 - most are refused, some are not
    else:
        assert accept(accepted.value).value == accepted.value
