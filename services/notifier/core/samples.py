"""A made-up change, to try a receiver with and to show a template: it names no real borrower."""

from datetime import date, datetime
from uuid import UUID, uuid5

from services.notifier.core.message import Message, Purpose
from shared.warnings import Band, Evidence, Kind, Level, Measure, OwnPast, Ruleset, Text, WarningChange, Window

_NOTHING = UUID(int=0)


def sample_change(
    at: datetime,
    *,
    ordinal: int = 0,
    kind: Kind = Kind.RAISED,
    level: Level | None = Level.YELLOW,
    previous_level: Level | None = None,
    warning_id: UUID = _NOTHING,
    rule: str = "missed_payment",
    family: str = "repayment",
) -> WarningChange:
    """A change that says of itself that it is a test. The same arguments give the same change."""
    return WarningChange(
        change_id=uuid5(warning_id, f"{kind} {level} {ordinal}"),
        warning_id=warning_id,
        kind=kind,
        borrower_id="TEST-0001",
        per="loan",
        loan_id="TEST-LOAN-1",
        rule=rule,
        family=family,
        level=level,
        previous_level=previous_level,
        at=at,
        raised_at=at,
        measure=Measure(name="days_past_due", value=8, unit="days"),
        band=Band(level=level, direction="above", threshold=7) if level else None,
        evidence=Evidence(
            event_id=None,
            event_source=None,
            items=[],
            window=Window(first=date(2026, 1, 1), last=date(2026, 1, 9)),
            own_past=OwnPast(raised_before=0, last_raised_at=None),
        ),
        clears_when=Text(en="all that is due is paid", zh="结清全部到期款项"),
        ruleset=Ruleset(name="test", version="0", digest="0" * 64),
        text=Text(en="This is a test message: no borrower is late.", zh="这是一条测试消息，并无借款人逾期。"),
        time_zone="UTC",
        engine="test",
    )


def sample_message(message_id: UUID, at: datetime) -> Message:
    """The sample change on its way to a receiver, which can tell from the type as well that it is a test."""
    change = sample_change(at)
    data = change.model_dump_json().encode()
    return Message(message_id, change, data, created_at=at, sent_at=at, purpose=Purpose.TEST)
