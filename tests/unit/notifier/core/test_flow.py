"""No receiver gets more than its rate, and one that fails is left alone, tried by one message, and taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.flow import Breaker, Circuit, CircuitState, Rate
from services.notifier.core.verdict import Answer, Delivered, Refused, Retry, Verdict

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MOST = timedelta(hours=1)
BREAKER = Breaker(failures=3, pause=timedelta(seconds=30), longest=timedelta(minutes=2))
RATES = st.integers(1, 30).flatmap(
    lambda messages: st.builds(
        Rate,
        messages=st.just(messages),
        per=st.timedeltas(timedelta(milliseconds=7), timedelta(minutes=10)),
        burst=st.integers(1, messages),
    )
)
ASKING = st.lists(st.tuples(st.integers(0, 2), st.floats(0, 0.3), st.integers(1, 40)), max_size=80)
FAILED = Retry("HTTP 500", answer=Answer(500))
VERDICTS = st.sampled_from([
    Delivered(), Refused("no"), FAILED, Retry("HTTP 429", answer=Answer(429)), Retry("busy", timedelta(seconds=40)),
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(RATES, ASKING)
def test_three_replicas_together_never_send_more_than_the_rate_in_any_stretch_of_time(
    rate: Rate, asking: list[tuple[int, float, int]]
) -> None:
    """Replicas share one `next_at`, so it does not matter which of them asks."""
    next_at, now, sent = NOW - timedelta(days=1), NOW, list[datetime]()
    for _replica, later, wanted in asking:
        now += later * rate.per
        going = min(wanted, rate.allowed(next_at, now))
        next_at = rate.spent(next_at, now, going) if going else next_at
        sent += [now] * going

    for first in sent:
        assert sum(first <= each < first + rate.per for each in sent) <= rate.messages


@settings(max_examples=40, deadline=None)
@given(RATES, st.integers(1, 50))
def test_whoever_waits_as_long_as_told_may_send_one_and_no_earlier(rate: Rate, before: int) -> None:
    next_at = rate.spent(NOW, NOW, before)
    then = NOW + rate.wait(next_at, NOW)

    assert rate.allowed(next_at, then) >= 1
    if then > NOW:
        assert rate.allowed(next_at, then - timedelta(microseconds=1)) == 0


def test_after_a_long_silence_no_more_than_a_burst_goes_at_once() -> None:
    rate = Rate(messages=100, burst=5)

    assert rate.allowed(NOW - timedelta(days=400), NOW) == 5


def test_a_burst_above_the_messages_comes_on_top_of_the_rate() -> None:
    rate = Rate(messages=1, per=timedelta(seconds=1), burst=5)

    assert rate.allowed(NOW, NOW) == 5
    assert rate.interval == timedelta(seconds=1)


def _heard(circuit: Circuit, verdict: Verdict, now: datetime = NOW, *, trial: bool = False) -> Circuit:
    return circuit.heard(verdict, now, trial=trial, most=MOST)


def _broken(at: datetime = NOW) -> Circuit:
    circuit = Circuit(BREAKER)
    for _ in range(BREAKER.failures):
        circuit = _heard(circuit, FAILED, at)
    return circuit


def test_a_receiver_that_fails_so_often_in_a_row_is_left_alone_for_the_pause() -> None:
    circuit = _broken()

    assert circuit.state(NOW) is CircuitState.OPEN
    assert circuit.admits(16, NOW + timedelta(seconds=29)) == 0
    assert circuit.state(NOW + timedelta(seconds=30)) is CircuitState.HALF_OPEN


@pytest.mark.parametrize("verdict", [Delivered(), Refused("not this one"), Retry("slow down", timedelta(0))])
def test_failures_count_only_in_a_row(verdict: Verdict) -> None:
    circuit = _heard(_heard(_heard(Circuit(BREAKER), FAILED), FAILED), verdict)

    assert _heard(_heard(circuit, FAILED), FAILED).state(NOW) is CircuitState.CLOSED


def test_after_the_pause_one_message_tries_and_no_second_beside_it() -> None:
    then, circuit = NOW + timedelta(seconds=30), _broken()

    assert circuit.admits(16, then) == 1
    assert circuit.begun().admits(16, then) == 0


def test_the_pause_doubles_with_each_failed_trial_up_to_the_longest() -> None:
    circuit, now, pauses = _broken(), NOW, []
    for _ in range(4):
        assert circuit.until is not None
        pauses.append((circuit.until - now).total_seconds())
        now = circuit.until
        circuit = _heard(circuit.begun(), FAILED, now, trial=True)

    assert pauses == [30, 60, 120, 120]
    assert circuit.broken_at == NOW


@pytest.mark.parametrize("verdict", [Delivered(), Refused("not this one"), Retry("HTTP 429", answer=Answer(429))])
def test_a_trial_that_gets_an_answer_closes_it(verdict: Verdict) -> None:
    then = NOW + timedelta(seconds=30)

    assert _heard(_broken().begun(), verdict, then, trial=True).admits(16, then) == 16


def test_failures_begun_before_it_broke_change_nothing() -> None:
    circuit = _broken()

    assert _heard(circuit, FAILED, NOW + timedelta(seconds=10)) == circuit
    assert _heard(circuit.begun(), FAILED, NOW + timedelta(seconds=31)) == circuit.begun()


def test_a_receiver_that_asks_for_time_gets_as_much_as_it_asks_for_and_is_then_sent_to_as_before() -> None:
    circuit = Circuit(BREAKER)
    for _ in range(20):
        circuit = _heard(circuit, Retry("HTTP 429", timedelta(seconds=90), Answer(429)))

    assert circuit.admits(16, NOW + timedelta(seconds=89)) == 0
    assert circuit.admits(16, NOW + timedelta(seconds=90)) == 16


def test_what_it_asks_for_is_capped() -> None:
    circuit = _heard(Circuit(BREAKER), Retry("HTTP 503", timedelta(days=300), Answer(503)))

    assert circuit.state(NOW + MOST - timedelta(seconds=1)) is CircuitState.OPEN

    assert circuit.state(NOW + MOST) is CircuitState.CLOSED


def test_a_vendor_that_asks_for_time_in_its_answers_body_means_that_message() -> None:
    circuit = _heard(Circuit(BREAKER), Retry("too many to this number", timedelta(hours=1), Answer(200)))

    assert circuit.admits(16, NOW) == 16


def test_it_has_been_broken_for_long_only_if_no_trial_succeeded() -> None:
    circuit, now = _broken(), NOW
    while now < NOW + BREAKER.patience:
        assert not circuit.lasting(now)
        now = circuit.until or now
        circuit = _heard(circuit.begun(), FAILED, now, trial=True)

    assert circuit.lasting(now)
    assert not _heard(circuit, Delivered(), now).lasting(now)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(VERDICTS, st.integers(0, 200), st.booleans()), max_size=40))
def test_whatever_happens_it_lets_a_message_through_again_in_the_end(
    story: list[tuple[Verdict, int, bool]],
) -> None:
    circuit, now = Circuit(BREAKER), NOW
    for verdict, seconds, ahead in story:
        now += timedelta(seconds=seconds)
        trial = circuit.state(now) is CircuitState.HALF_OPEN and not ahead
        before = circuit
        circuit = _heard(circuit.begun() if trial else circuit, verdict, now, trial=trial)
        assert circuit.trying == (before.trying and verdict is FAILED and not trial and before.broken_at is not None)

    assert circuit.admits(16, now + MOST) >= 1
