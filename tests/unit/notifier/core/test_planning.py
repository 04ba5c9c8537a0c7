"""Whom a change is told at once, for whom it waits, and what a gathering tells when it is due."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.escalating import begins_of
from services.notifier.core.grouping import Digest, Grouping
from services.notifier.core.hearing import is_end
from services.notifier.core.hours import Hours
from services.notifier.core.inhibition import Inhibition
from services.notifier.core.matching import Match
from services.notifier.core.message import Purpose
from services.notifier.core.planning import Hold, Known, Rules, Situation, joined, plan
from services.notifier.core.routing import Route, tellings_of
from services.notifier.core.silencing import Silence
from services.notifier.core.storm import Storm
from services.notifier.core.times import Times
from shared.warnings import About, Kind, Level, WarningChange
from tests.changes import change
from tests.unit.notifier.core.simulation import Simulation

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHTS = Times(time_zone="UTC", hours=("22:00-07:00",))


GO_ON: dict[str, Any] = {"continue": True}


def matching(**wanted: str) -> Match:
    return Match.model_validate(wanted)


def raised(
    number: int = 1, level: Level = Level.YELLOW, branch: str | None = None, borrower: str = "B-1"
) -> WarningChange:
    return change(number, level=level).model_copy(
        update={"borrower_id": borrower, "about": About(branch=branch, group="G-1")}
    )


def later(before: WarningChange, kind: Kind, level: Level | None) -> WarningChange:
    """The next change of a warning."""
    update = {
        "change_id": uuid5(before.change_id, f"{kind} {level}"),
        "kind": kind,
        "previous_level": before.level,
        "level": level,
    }
    return before.model_copy(update=update)


def cleared(before: WarningChange) -> WarningChange:
    return later(before, Kind.CLEARED, None)


def simulation(*routes: Route, collapsing: tuple[str, ...] = ("desk",), **rules: Any) -> Simulation:
    given: dict[str, Any] = {"receivers": frozenset({"desk", "head"}), "collapsing": frozenset(collapsing), **rules}
    return Simulation(Rules(routes, **given), NOW)


def kinds(told: Simulation) -> list[tuple[str, list[str]]]:
    return [(each.purpose.value, [one.kind.value for one in each.changes]) for each in told.sent]


def test_a_plain_route_tells_at_once() -> None:
    told = simulation(Route(receivers=("desk",)))
    told.hear(raised())

    assert [(each.at, each.receiver) for each in told.sent] == [(NOW, "desk")]


def test_a_group_waits_for_more_and_is_told_in_one_message_the_most_serious_first() -> None:
    told = simulation(Route(receivers=("desk",), group=Grouping(by=("branch",), wait=MINUTE)))
    told.hear(raised(1, branch="Kano"))
    told.pass_to(NOW + timedelta(seconds=30))
    told.hear(raised(2, Level.RED, branch="Kano"))
    told.hear(raised(3, branch="Lagos"))
    told.pass_to(NOW + MINUTE)

    assert [[one.level for one in each.changes] for each in told.sent] == [[Level.RED, Level.YELLOW]]
    told.pass_to(NOW + 2 * MINUTE)
    assert [each.purpose for each in told.sent] == [Purpose.GROUP, Purpose.CHANGE]


def test_the_next_message_of_a_group_keeps_its_interval() -> None:
    told = simulation(Route(receivers=("desk",), group=Grouping(wait=MINUTE, interval=10 * MINUTE)))
    told.hear(raised(1))
    told.pass_to(NOW + 2 * MINUTE)
    told.hear(raised(2))
    told.pass_to(NOW + HOUR)

    assert [each.at - NOW for each in told.sent] == [MINUTE, 11 * MINUTE]


def test_a_group_is_told_again_until_it_ends() -> None:
    told = simulation(Route(receivers=("desk",), group=Grouping(wait=MINUTE, interval=MINUTE, repeat=HOUR)))
    first = raised()
    told.hear(first)
    told.pass_to(NOW + 2 * HOUR + 2 * MINUTE)
    told.hear(cleared(first))
    told.pass_to(NOW + 9 * HOUR)

    assert kinds(told) == [
        ("change", ["raised"]),
        ("repeat", ["raised"]),
        ("repeat", ["raised"]),
        ("change", ["cleared"]),
    ]


def test_an_answer_ends_the_repeats() -> None:
    told = simulation(Route(receivers=("desk",), group=Grouping(wait=MINUTE, interval=MINUTE, repeat=HOUR)))
    first = raised()
    told.hear(first)
    told.pass_to(NOW + 30 * MINUTE)
    told.hear(later(first, Kind.ACKNOWLEDGED, Level.YELLOW))
    told.pass_to(NOW + 9 * HOUR)

    assert kinds(told) == [("change", ["raised"])]


def test_a_digest_comes_at_its_time_of_the_day() -> None:
    told = simulation(Route(receivers=("desk",), digest=Digest(at=("08:30",), time_zone="Africa/Lagos")))
    told.hear(raised(1))
    told.hear(raised(2))
    told.pass_to(NOW + 24 * HOUR)

    [sent] = told.sent
    assert (sent.at, sent.purpose, len(sent.changes)) == (datetime(2026, 3, 3, 7, 30, tzinfo=UTC), Purpose.DIGEST, 2)


def test_at_night_it_waits_for_the_morning_and_says_how_things_are_then() -> None:
    told = simulation(Route(receivers=("desk",), quiet="nights"), hours=Hours({"nights": NIGHTS}))
    told.pass_to(NOW + 11 * HOUR)
    first = raised()
    told.hear(first)
    told.pass_to(NOW + 12 * HOUR)
    told.hear(later(first, Kind.ESCALATED, Level.RED))
    told.pass_to(NOW + 24 * HOUR)

    [sent] = told.sent
    assert sent.at == datetime(2026, 3, 3, 7, tzinfo=UTC)
    assert sent.changes[0].level is Level.RED
    assert told.ended[first.change_id, "desk"] == "superseded"


def test_what_is_graver_breaks_the_quiet_and_takes_along_what_waited() -> None:
    told = simulation(
        Route(match=matching(level="red"), receivers=("desk",)),
        Route(receivers=("desk",), quiet="nights"),
        hours=Hours({"nights": NIGHTS}),
    )
    told.pass_to(NOW + 11 * HOUR)
    first = raised()
    told.hear(first)
    told.hear(later(first, Kind.ESCALATED, Level.RED))
    told.pass_to(NOW + 24 * HOUR)

    assert kinds(told) == [("change", ["escalated"])]


def test_systems_get_every_change_that_waited_in_its_order() -> None:
    told = simulation(Route(receivers=("desk",), quiet="nights"), collapsing=(), hours=Hours({"nights": NIGHTS}))
    told.pass_to(NOW + 11 * HOUR)
    first = raised()
    told.hear(first)
    told.hear(later(first, Kind.ESCALATED, Level.RED))
    told.pass_to(NOW + 24 * HOUR)

    assert {one.kind for each in told.sent for one in each.changes} == {Kind.RAISED, Kind.ESCALATED}


def _silence(hours: int) -> Silence:
    return Silence(UUID(int=9), matching(family="repayment"), "an officer", "known", NOW, NOW + hours * HOUR)


def test_when_a_silence_ends_what_is_still_open_is_told() -> None:
    told = simulation(Route(receivers=("desk",)))
    told.silences = [_silence(2)]
    told.hear(raised())
    told.pass_to(NOW + 3 * HOUR)

    assert [each.at for each in told.sent] == [NOW + 2 * HOUR]


def test_what_ends_during_a_silence_is_never_told() -> None:
    told = simulation(Route(receivers=("desk",)))
    told.silences = [_silence(2)]
    first = raised()
    told.hear(first)
    told.hear(cleared(first))
    told.pass_to(NOW + 3 * HOUR)

    assert told.sent == []
    assert {told.ended[first.change_id, "desk"], told.ended[cleared(first).change_id, "desk"]} == {"silenced"}


def test_red_mutes_the_blue_of_its_borrower_until_it_eases() -> None:
    rule = Inhibition(source=matching(level="red"), target=matching(level="blue"))
    told = simulation(Route(receivers=("desk",)), inhibit=(rule,))
    red, blue, other = raised(1, Level.RED), raised(2, Level.BLUE), raised(3, Level.BLUE, borrower="B-2")
    for each in (red, blue, other):
        told.hear(each)
    assert [each.changes[0].warning_id for each in told.sent] == [red.warning_id, other.warning_id]

    told.pass_to(NOW + HOUR)
    told.hear(later(red, Kind.EASED, Level.YELLOW))
    told.pass_to(NOW + HOUR)
    assert told.sent[-1].changes == (blue,)


def test_distress_of_a_group_mutes_its_members() -> None:
    rule = Inhibition(source=matching(rule="group_distress"), target=matching(rule="missed_payment"), equal=("group",))
    told = simulation(Route(receivers=("desk",)), inhibit=(rule,))
    told.hear(raised(1).model_copy(update={"rule": "group_distress", "borrower_id": "G-1"}))
    told.hear(raised(2, borrower="B-7"))

    assert len(told.sent) == 1


def test_a_flood_is_summed_up_and_says_how_many() -> None:
    told = simulation(Route(receivers=("desk",)), storms={"desk": Storm(messages=3, except_levels=(Level.RED,))})
    for number in range(10):
        told.hear(raised(number))
    told.hear(raised(10, Level.RED))
    told.pass_to(NOW + HOUR)

    assert [each.purpose for each in told.sent] == [Purpose.CHANGE] * 4 + [Purpose.STORM]
    assert len(told.sent[-1].changes) == 7


@pytest.mark.parametrize(
    "manner", [{"group": Grouping(wait=MINUTE)}, {"digest": Digest(at=("23:30",), time_zone="UTC")}]
)
def test_what_falls_due_in_quiet_hours_is_due_at_their_end_and_so_its_escalation_begins_then(
    manner: dict[str, Any],
) -> None:
    route = Route(receivers=("desk",), quiet="nights", escalation="up", **manner)
    first, night = raised(), NOW + 10 * HOUR
    decisions = plan(first, Known(), Rules((route,), Hours({"nights": NIGHTS})), Situation(night))

    begins = begins_of(tellings_of((route,), first), decisions, night)
    assert begins == {"up": NOW + 19 * HOUR}
    assert [each.detail for each in decisions if isinstance(each, Hold)] == ["in quiet hours (nights) until then"]


def test_what_joins_others_is_told_with_them_unless_that_is_in_quiet_hours() -> None:
    route = Route(receivers=("desk",), quiet="nights", group=Grouping(wait=MINUTE))
    rules = Rules((route,), Hours({"nights": NIGHTS}))
    [hold] = plan(raised(), Known(), rules, Situation(NOW))
    assert isinstance(hold, Hold)

    assert joined(hold, NOW + HOUR, rules).due_at == NOW + HOUR
    assert joined(hold, NOW + 10 * HOUR, rules).due_at == NOW + 19 * HOUR


def test_whoever_takes_each_change_by_itself_is_sent_all_that_waited_in_its_order() -> None:
    told = simulation(Route(receivers=("desk",)), collapsing=(), one_by_one=frozenset({"desk"}))
    told.silences.append(_silence(1))
    first = raised(0)
    story = [first, *(raised(number) for number in range(1, 150)), later(first, Kind.ESCALATED, Level.RED)]
    for each in story:
        told.hear(each)
    told.pass_to(NOW + 48 * HOUR)

    assert [each.changes for each in told.sent] == [(each,) for each in story]
    assert {each.purpose for each in told.sent} == {Purpose.CHANGE}


def test_a_recovery_goes_to_those_who_were_told_and_to_nobody_else() -> None:
    told = simulation(Route(match=matching(level="red"), receivers=("head",), **GO_ON), Route(receivers=("desk",)))
    first = raised()
    told.hear(first)
    told.hear(cleared(first.model_copy(update={"level": Level.RED})))

    assert [(each.receiver, each.changes[0].kind) for each in told.sent] == [
        ("desk", Kind.RAISED),
        ("desk", Kind.CLEARED),
    ]
    assert told.ended[cleared(first.model_copy(update={"level": Level.RED})).change_id, "head"] == "untold"


def test_a_recovery_of_what_was_withdrawn_before_it_was_told_is_not_told() -> None:
    told = simulation(Route(receivers=("desk",), group=Grouping(wait=MINUTE)))
    first = raised()
    told.hear(first)
    told.hear(later(first, Kind.WITHDRAWN, None))
    told.pass_to(NOW + HOUR)

    assert told.sent == []


_MANNERS: list[dict[str, Any]] = [
    {},
    {"group": Grouping(by=("borrower",), wait=MINUTE, interval=5 * MINUTE, repeat=HOUR)},
    {"group": Grouping(by=(), wait=MINUTE)},
    {"digest": Digest(at=("08:30", "17:00"), time_zone="Asia/Shanghai")},
    {"quiet": "nights"},
    {"group": Grouping(by=("branch",), wait=10 * MINUTE), "quiet": "nights"},
]
_LIVES: list[list[tuple[Kind, Level | None]]] = [
    [(Kind.CLEARED, None)],
    [(Kind.ESCALATED, Level.RED), (Kind.EASED, Level.BLUE), (Kind.CLEARED, None)],
    [(Kind.WITHDRAWN, None)],
    [(Kind.ESCALATED, Level.RED), (Kind.ACKNOWLEDGED, Level.RED)],
]


@st.composite
def _stories(draw: st.DrawFn) -> list[tuple[int, WarningChange]]:
    """Changes of several warnings, each after so many minutes, those of one warning in their order."""
    lives: list[list[WarningChange]] = []
    for number in range(draw(st.integers(1, 4))):
        first = raised(number, draw(st.sampled_from([Level.BLUE, Level.YELLOW])), "Kano", f"B-{number % 2}")
        life = [first]
        for kind, level in draw(st.sampled_from(_LIVES)):
            life.append(later(life[-1], kind, level))
        lives.append(life[: draw(st.integers(1, len(life)))])
    order = draw(st.permutations([number for number, life in enumerate(lives) for _ in life]))
    waits = draw(st.lists(st.integers(0, 900), min_size=len(order), max_size=len(order)))
    return [(wait, lives[number].pop(0)) for wait, number in zip(waits, order, strict=True)]


@given(
    _stories(),
    st.lists(st.sampled_from(_MANNERS), min_size=2, max_size=2),
    st.sampled_from([(), ("desk",), ("desk", "head")]),
    st.booleans(),
    st.sampled_from([{}, {"desk": Storm(messages=2)}]),
    st.sampled_from([[], [_silence(3)], [_silence(30)]]),
    st.sampled_from([(), ("desk",), ("desk", "head")]),
)
@settings(max_examples=150, deadline=None)
def test_whatever_comes_everybody_is_told_once_in_order_or_it_is_known_why_not(
    story: list[tuple[int, WarningChange]],
    manners: list[dict[str, Any]],
    collapsing: tuple[str, ...],
    inhibits: bool,
    storms: dict[str, Storm],
    silences: list[Silence],
    one_by_one: tuple[str, ...],
) -> None:
    rule = Inhibition(source=matching(level="red"), target=matching(level="blue"))
    told = simulation(
        Route(receivers=("desk",), **GO_ON, **manners[0]),
        Route(receivers=("head",), **manners[1]),
        collapsing=collapsing,
        hours=Hours({"nights": NIGHTS}),
        inhibit=(rule,) if inhibits else (),
        storms=storms,
        one_by_one=frozenset(one_by_one),
    )
    told.silences = list(silences)
    for wait, each in story:
        told.pass_to(told.now + wait * MINUTE)
        told.hear(each)
    waits = told.waits()
    for _, each in story:
        if each.kind is not Kind.ACKNOWLEDGED:
            for receiver in ("desk", "head"):
                assert ((each.change_id, receiver) in told.ended) != ((each.change_id, receiver) in waits)
    told.pass_to(told.now + timedelta(days=4))
    assert told.waits() == {} or inhibits
    _check_messages(told, manners)


@given(
    _stories(),
    st.lists(st.sampled_from(_MANNERS), min_size=2, max_size=2),
    st.sampled_from([(), ("desk",), ("desk", "head")]),
    st.booleans(),
    st.sampled_from([{}, {"desk": Storm(messages=2)}]),
    st.sampled_from([[], [_silence(3)], [_silence(30)]]),
    st.sampled_from([(), ("head",)]),
    st.dictionaries(st.sampled_from(["desk", "head"]), st.integers(0, 2000).map(lambda each: NOW + each * MINUTE)),
)
@settings(max_examples=200, deadline=None)
def test_nobody_hears_of_an_end_who_heard_of_no_beginning_and_who_heard_of_it_hears_of_the_end(
    story: list[tuple[int, WarningChange]],
    manners: list[dict[str, Any]],
    collapsing: tuple[str, ...],
    inhibits: bool,
    storms: dict[str, Storm],
    silences: list[Silence],
    one_by_one: tuple[str, ...],
    away: dict[str, datetime],
) -> None:
    """Whatever holds a message, and whatever is lost. Only what is blue is for the desk."""
    rule = Inhibition(source=matching(level="red"), target=matching(level="blue"))
    told = simulation(
        Route(match=matching(level="blue"), receivers=("desk",), **GO_ON, **manners[0]),
        Route(receivers=("head",), **manners[1]),
        collapsing=collapsing,
        hours=Hours({"nights": NIGHTS}),
        inhibit=(rule,) if inhibits else (),
        storms=storms,
        one_by_one=frozenset(one_by_one),
    )
    told.silences, told.away = list(silences), away
    for wait, each in story:
        told.pass_to(told.now + wait * MINUTE)
        told.hear(each)
    waits = told.waits()
    told.pass_to(told.now + timedelta(days=4))
    ends = [each for _, each in story if is_end(each)]
    for end, receiver in product(ends, ("desk", "head")):
        said = [
            (is_end(one), each.arrived)
            for each in told.sent
            for one in each.changes
            if (each.receiver, one.warning_id) == (receiver, end.warning_id)
        ]
        begun = any(arrived for is_over, arrived in said if not is_over)
        ended = [place for place, (is_over, _) in enumerate(said) if is_over]
        assert receiver == "desk" or {(end.change_id, receiver)} & {*told.ended, *waits}, (
            "it is known what became of it"
        )
        assert len(ended) == (1 if begun and (end.change_id, receiver) not in told.waits() else 0)
        assert all(place == len(said) - 1 for place in ended), "it comes last"


def _check_messages(told: Simulation, manners: list[dict[str, Any]]) -> None:
    for receiver, manner in zip(("desk", "head"), manners, strict=True):
        messages = [each for each in told.sent if each.receiver == receiver]
        news = [one for each in messages if each.purpose is not Purpose.REPEAT for one in each.changes]
        assert len({one.change_id for one in news}) == len(news), "never told twice"
        assert len({each.id for each in messages}) == len(messages), "never one id for two messages"
        for warning in {one.warning_id for one in news}:
            ordinals = [_ORDER[one.kind] for one in news if one.warning_id == warning]
            assert ordinals == sorted(ordinals), "never a recovery before its raise"
        if "quiet" in manner:
            assert not [each for each in messages if NIGHTS.holds(each.at)], "never in quiet hours"


_ORDER = {
    Kind.RAISED: 0, Kind.ESCALATED: 1, Kind.EASED: 2, Kind.ACKNOWLEDGED: 2, Kind.CLEARED: 3, Kind.WITHDRAWN: 3,
}  # fmt: skip


@pytest.mark.parametrize("equal", [("branch",), ("family", "rule")])
def test_an_inhibition_looks_among_the_warnings_of_a_borrower_or_a_group(equal: Any) -> None:
    with pytest.raises(ValueError, match="expected `borrower` or `group` in `equal`"):
        Inhibition(source=Match(), target=Match(), equal=equal)
