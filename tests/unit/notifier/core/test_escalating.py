"""An escalation goes its steps in order, each once, and stops the moment somebody answers for the warning."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core import planning
from services.notifier.core.escalating import (
    End,
    Escalation,
    Outlook,
    Postpone,
    Standing,
    Step,
    Tell,
    beginning,
    begins_of,
    due,
    following,
    outgrown,
    spared,
    steps_of,
    turned,
)
from services.notifier.core.gathering import Gathering
from services.notifier.core.message import Purpose
from services.notifier.core.planning import Decision, Hold, Suppress
from services.notifier.core.reasons import Reason
from services.notifier.core.routing import Manner, Telling
from shared.warnings import Kind, Level
from tests.changes import AT, change, recovery

MINUTE = timedelta(minutes=1)
POLICY = Escalation(
    steps=(Step(wait=30 * MINUTE, receivers=("head", "desk")), Step(wait=60 * MINUTE, receivers=("chief",))), repeat=1
)
POLICIES = {"branch": POLICY, "board": Escalation(steps=(Step(wait=MINUTE, receivers=("board",)),))}
BEGUN = beginning(change(), "branch", POLICY, AT, AT)
BRANCH = {"branch": AT}
OPEN = Outlook(is_open=True)


def acknowledged(number: int = 1) -> Outlook:
    return Outlook(is_open=True, acknowledged_at=AT + number * MINUTE)


def test_each_step_waits_for_the_one_before_and_the_rounds_repeat() -> None:
    assert [(each.round, each.step, each.due_at - AT, step.receivers) for each, step in steps_of(BEGUN, POLICY)] == [
        (0, 0, 30 * MINUTE, ("head", "desk")),
        (0, 1, 90 * MINUTE, ("chief",)),
        (1, 0, 120 * MINUTE, ("head", "desk")),
        (1, 1, 180 * MINUTE, ("chief",)),
    ]


@pytest.mark.parametrize(
    ("step", "turn", "names"), [(0, 0, [("head", 0), ("desk", 0), ("chief", 1)]), (1, 0, [("chief", 1)]), (0, 1, [])]
)
def test_its_end_spares_those_whom_it_has_not_told_yet(step: int, turn: int, names: list[tuple[str, int]]) -> None:
    assert list(spared(replace(BEGUN, step=step, round=turn), POLICY)) == names


def test_a_step_that_came_late_leaves_the_next_its_whole_wait() -> None:
    late = due(BEGUN, POLICY, OPEN, AT + 500 * MINUTE)
    assert late == Tell(BEGUN, ("head", "desk"), replace(BEGUN, step=1, due_at=AT + 560 * MINUTE))


@pytest.mark.parametrize(
    ("policy", "outlook", "why"),
    [
        (POLICY, acknowledged(), Reason.ACKNOWLEDGED),
        (POLICY, acknowledged(0), Reason.ACKNOWLEDGED),
        (POLICY, Outlook(is_open=False), Reason.CLOSED),
        (None, OPEN, Reason.UNCONFIGURED),
    ],
)
def test_it_ends_when_somebody_answers_the_warning_closes_or_the_policy_is_gone(
    policy: Escalation | None, outlook: Outlook, why: Reason
) -> None:
    assert due(BEGUN, policy, outlook, AT + 30 * MINUTE) == End(why)


def test_an_acknowledgement_of_what_it_was_before_does_not_end_what_began_since() -> None:
    assert isinstance(due(BEGUN, POLICY, acknowledged(-1), AT + 30 * MINUTE), Tell)


def test_what_mutes_the_warning_postpones_the_step_and_loses_none() -> None:
    muted = Outlook(is_open=True, muted_until=AT + 45 * MINUTE)
    assert due(BEGUN, POLICY, muted, AT + 30 * MINUTE) == Postpone(AT + 45 * MINUTE)
    assert isinstance(due(BEGUN, POLICY, muted, AT + 45 * MINUTE), Tell)
    answered = replace(muted, acknowledged_at=AT + MINUTE)
    assert due(BEGUN, POLICY, answered, AT + 30 * MINUTE) == End(Reason.ACKNOWLEDGED), "muted or not"


def test_a_policy_that_lost_its_last_step_goes_on_with_the_next_round_or_ends() -> None:
    shorter = Escalation(steps=POLICY.steps[:1], repeat=1)
    assert due(replace(BEGUN, step=1), shorter, OPEN, AT) == Tell(replace(BEGUN, round=1), ("head", "desk"), None)
    assert due(replace(BEGUN, step=1, round=1), shorter, OPEN, AT) == End(Reason.UNCONFIGURED)


def test_it_begins_with_a_raise_or_a_more_serious_level_and_nothing_else() -> None:
    kinds = [kind for kind in Kind if turned([(change(kind=kind), {"board": AT})], POLICIES, AT).begun]
    assert kinds == [Kind.RAISED, Kind.ESCALATED]
    assert turned([(change(), {})], POLICIES, AT).begun == []


def test_one_policy_begins_once_for_a_warning_with_the_first_change() -> None:
    batch = [(change(), {"branch": AT}), (change(1, 1, level=Level.RED), {"branch": AT, "board": AT})]
    begun = turned(batch, POLICIES, AT).begun
    assert [(each.policy, each.change_id) for each in begun] == [
        ("branch", change().change_id),
        ("board", change(1, 1, level=Level.RED).change_id),
    ]


def test_in_one_batch_the_last_word_counts() -> None:
    answer = change(1, 5, kind=Kind.ACKNOWLEDGED)
    again = change(1, 6, level=Level.RED)
    raised_and_answered = turned([(change(), BRANCH), (answer, {}), (change(2), BRANCH)], POLICIES, AT)
    assert raised_and_answered.ended == {UUID(int=1): "acknowledged"}
    assert [each.warning_id for each in raised_and_answered.begun] == [UUID(int=2)]
    worse_since = turned([(answer, {}), (again, BRANCH)], POLICIES, AT)
    assert worse_since.ended == {UUID(int=1): "acknowledged"}
    assert [each.change_id for each in worse_since.begun] == [again.change_id]
    assert turned([(recovery(), BRANCH)], POLICIES, AT).ended == {UUID(int=1): "closed"}


@pytest.mark.parametrize(
    ("answered", "level", "late"),
    [
        (Level.YELLOW, Level.RED, True),
        (Level.YELLOW, Level.YELLOW, False),
        (Level.RED, Level.YELLOW, False),
        (Level.YELLOW, None, False),
    ],
)
def test_an_answer_is_late_once_the_warning_is_more_serious_than_what_was_answered_for(
    answered: Level, level: Level | None, late: bool
) -> None:
    assert outgrown(change(kind=Kind.ACKNOWLEDGED, level=answered), level) is late
    ended = change(kind=Kind.ACKNOWLEDGED, level=None, previous_level=answered)
    assert outgrown(ended, level) is late


def test_it_counts_from_when_somebody_on_its_routes_is_first_told() -> None:
    up, board = Manner(escalation="branch"), Manner(escalation="board")
    gathering = Gathering("digest", Purpose.DIGEST, up)
    hour = AT + 60 * MINUTE
    tellings = [Telling("desk", up), Telling("night", up), Telling("chief", board), Telling("plain", Manner())]
    held = [Hold("desk", gathering, hour + 60 * MINUTE, Reason.DIGEST), Hold("night", gathering, hour, Reason.QUIET)]
    muted = Hold("chief", gathering, hour, Reason.SILENCED)

    assert begins_of(tellings, [*held, muted, plan_tell("plain")], AT) == {"branch": hour, "board": AT}
    assert begins_of(tellings, [*held, plan_tell("desk")], AT) == {"branch": AT}, "the last word on desk"
    assert begins_of(tellings, [Suppress("desk", Reason.OPTED_OUT)], AT) == {}
    begun = turned([(change(), {"branch": hour})], POLICIES, AT).begun
    assert [(each.due_at, each.begun_at) for each in begun] == [(hour + 30 * MINUTE, AT)]


def plan_tell(receiver: str) -> Decision:
    return planning.Tell(receiver, Manner())


policies = st.builds(
    Escalation,
    steps=st.lists(
        st.builds(Step, wait=st.integers(1, 300).map(lambda each: each * MINUTE), receivers=st.just(("head",))),
        min_size=1,
        max_size=5,
    ).map(tuple),
    repeat=st.integers(0, 3),
)


def _told(policy: Escalation, looks: list[datetime], answered_at: datetime | None) -> list[tuple[datetime, Standing]]:
    """What a timekeeper that looks at these moments tells."""
    told: list[tuple[datetime, Standing]] = []
    standing: Standing | None = beginning(change(), "branch", policy, AT, AT)
    for now in looks:
        if standing is None or standing.due_at > now:
            continue
        known = answered_at if answered_at is not None and answered_at <= now else None
        match due(standing, policy, Outlook(is_open=True, acknowledged_at=known), now):
            case Tell(step=step, then=then):
                told.append((now, step))
                standing = then
            case End():
                standing = None
    return told


@settings(max_examples=100)
@given(
    policies,
    st.lists(st.integers(0, 3_000), max_size=60).map(sorted),
    st.none() | st.integers(0, 3_000),
)
def test_steps_come_in_order_each_once_after_its_wait_and_never_after_an_acknowledgement(
    policy: Escalation, minutes: list[int], answered: int | None
) -> None:
    answered_at = None if answered is None else AT + answered * MINUTE
    told = _told(policy, [AT + each * MINUTE for each in minutes], answered_at)

    assert [(each.round, each.step) for _, each in told] == [
        (turn, step) for turn in range(policy.repeat + 1) for step in range(len(policy.steps))
    ][: len(told)]
    before = AT
    for now, each in told:
        assert now - before >= policy.steps[each.step].wait
        assert answered_at is None or now < answered_at
        before = now
    assert len({each.delivery_id("head") for _, each in told}) == len(told)


@settings(max_examples=50)
@given(policies)
def test_it_always_comes_to_an_end(policy: Escalation) -> None:
    standing = beginning(change(), "branch", policy, AT, AT)
    coming = steps_of(standing, policy)
    assert len(coming) == len(policy.steps) * (policy.repeat + 1)
    assert following(coming[-1][0], policy, AT) is None


def test_the_id_of_what_is_told_names_the_warning_the_policy_its_beginning_the_step_and_the_receiver() -> None:
    others = [
        replace(BEGUN, warning_id=UUID(int=2)),
        replace(BEGUN, policy="board"),
        replace(BEGUN, change_id=UUID(int=3)),
        replace(BEGUN, step=1),
        replace(BEGUN, round=1),
    ]
    ids = {each.delivery_id("head") for each in (BEGUN, *others)} | {BEGUN.delivery_id("desk")}
    assert len(ids) == 7
    assert replace(BEGUN, due_at=AT).delivery_id("head") == BEGUN.delivery_id("head"), "whenever it is told"
