"""A borrower is written to at decent hours, seldom, and never against their will."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.configuration.conduct import profiles
from services.notifier.core.conduct import Allowed, Conduct, Judgement, Never, Touch, Wait, judge
from services.notifier.core.contact import Contact
from services.notifier.core.reasons import Reason

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHANGHAI = Contact("B-1", "zh", "Asia/Shanghai", "+8613800138000", "b@home.example", frozenset({"sms", "email"}))
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo")
PROFILES = profiles()


def _judged(contact: Contact | None = SHANGHAI, touches: tuple[Touch, ...] = (), now: datetime = NOON) -> Judgement:
    return judge(PROFILES["china"], contact, "sms", "L-1", touches, now)


def test_the_profiles_say_of_every_rule_where_it_comes_from() -> None:
    assert set(PROFILES) == {"china", "us-regulation-f"}
    assert "1006.6" in PROFILES["us-regulation-f"].hours.source
    assert "1006.14(b)" in PROFILES["us-regulation-f"].caps[1].source
    assert "GB/T 45251" in PROFILES["china"].hours.source


def test_at_noon_a_borrower_who_agreed_is_written_to() -> None:
    assert _judged() == Allowed(SHANGHAI)


def test_at_night_the_message_waits_for_the_morning_where_the_borrower_is() -> None:
    found = _judged(now=datetime(2026, 3, 3, 14, tzinfo=UTC))
    assert isinstance(found, Wait)
    assert found.until == datetime(2026, 3, 4, 8, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (None, Reason.NO_CONTACT),
        (Contact("B-1", "en", "UTC", None, "b@home.example", frozenset({"sms"})), Reason.NO_CONTACT),
        (Contact("B-1", "en", "UTC", "+8613800138000", None, frozenset({"email"})), Reason.NO_CONSENT),
        (Contact("B-1", "en", "UTC", "+8613800138000", None, frozenset({"sms"}), opted_out=True), Reason.OPTED_OUT),
    ],
)
def test_without_an_address_or_a_consent_nothing_is_ever_sent(contact: Contact | None, reason: Reason) -> None:
    found = _judged(contact)
    assert isinstance(found, Never)
    assert found.reason is reason


def test_a_message_on_another_debt_does_not_count_and_one_on_all_of_them_does() -> None:
    assert isinstance(_judged(touches=(Touch(NOON - HOUR, "message", "L-2"),)), Allowed)
    assert isinstance(_judged(touches=(Touch(NOON - HOUR, "message", None),)), Wait)


def test_after_a_conversation_the_debt_rests_for_seven_days() -> None:
    found = _judged(touches=(Touch(NOON - DAY, "conversation", "L-1"),))
    assert found == Wait(NOON + 6 * DAY, "the borrower was spoken to not long ago")


_conducts = st.sampled_from(sorted(PROFILES)).map(PROFILES.__getitem__)
_contacts = st.builds(
    Contact,
    st.just("B-1"),
    st.just("en"),
    st.sampled_from(ZONES),
    st.sampled_from([None, "+12025550100"]),
    st.none(),
    st.sets(st.sampled_from(["sms", "email"])).map(frozenset),
    st.booleans(),
)
_debts = st.sampled_from([None, "L-1", "L-2"])
_moments = st.integers(0, 366 * 24 * 60).map(lambda each: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=each))


def _decent(conduct: Conduct, contact: Contact, moment: datetime) -> bool:
    clock = moment.astimezone(ZoneInfo(contact.time_zone)).strftime("%H:%M")
    return any(begins <= clock < ends for begins, ends in (each.split("-") for each in conduct.hours.allowed))


@given(_conducts, _contacts, _debts, _moments)
@settings(max_examples=200, deadline=None)
def test_whatever_is_allowed_is_within_the_hours_and_wanted(
    conduct: Conduct, contact: Contact, debt: str | None, now: datetime
) -> None:
    found = judge(conduct, contact, "sms", debt, [], now)
    match found:
        case Allowed():
            assert contact.phone
            assert "sms" in contact.consents
            assert not contact.opted_out
            assert _decent(conduct, contact, now)
        case Wait(until=until):
            assert until > now
            assert judge(conduct, contact, "sms", debt, [], until) == Allowed(contact)
        case Never():
            assert contact.opted_out or contact.phone is None or "sms" not in contact.consents


@given(
    _conducts,
    st.sampled_from(ZONES),
    _moments,
    st.lists(st.tuples(st.integers(1, 2_000), _debts, st.booleans()), min_size=1, max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_however_long_it_goes_on_no_cap_is_passed_and_every_rest_is_kept(
    conduct: Conduct, zone: str, now: datetime, wanted: list[tuple[int, str | None, bool]]
) -> None:
    contact = Contact("B-1", "en", zone, "+12025550100", None, frozenset({"sms"}))
    touches: list[Touch] = []
    for minutes, debt, spoken in wanted:
        now += timedelta(minutes=minutes)
        if spoken:
            touches.append(Touch(now, "conversation", debt))
        elif isinstance(judge(conduct, contact, "sms", debt, touches, now), Allowed):
            touches.append(Touch(now, "message", debt))
    for place, each in enumerate(touches):
        if each.kind == "conversation":
            continue
        assert _decent(conduct, contact, each.at)
        before = [old for old in touches[:place] if None in (old.debt, each.debt) or old.debt == each.debt]
        for cap in conduct.caps:
            recent = [old for old in before if old.kind == "message" and each.at - old.at < cap.within]
            assert len(recent) < cap.messages
        assert conduct.rest is not None
        rest = conduct.rest.after_conversation
        assert not [old for old in before if old.kind == "conversation" and each.at - old.at < rest]
