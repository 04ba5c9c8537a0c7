"""What Alertmanager is told."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "alertmanager",
    "urls": ["https://alertmanager-0.example", "https://alertmanager-1.example"],
    "labels": {"team": "credit-risk"},
}
_LABELS = '"family":"repayment","borrower_id":"TEST-0001","loan_id":"TEST-LOAN-1"}'

EXAMPLES = [
    Example(
        "a raised warning fires until something ends it, 30 days at most",
        SETTINGS,
        sample_change(AT),
        (
            '{"team":"credit-risk","alertname":"missed_payment","severity":"yellow",' + _LABELS,
            '"summary":"YELLOW warning: missed_payment, borrower TEST-0001"',
            '"summary_zh":"黄色预警：missed_payment，借款人 TEST-0001"',
            '"startsAt":"2026-03-01T09:30:00.000Z","endsAt":"2026-03-31T09:30:00.000Z"',
        ),
    ),
    Example(
        "an escalation ends the alert of the level before and starts another",
        SETTINGS,
        sample_change(AT, kind=Kind.ESCALATED, level=Level.RED, previous_level=Level.YELLOW),
        (
            '"severity":"yellow",' + _LABELS,
            '"endsAt":"2026-03-01T09:29:00.000Z"}',
            '"severity":"red",' + _LABELS,
            '"endsAt":"2026-03-31T09:30:00.000Z"}',
        ),
    ),
    Example(
        "a recovery",
        SETTINGS,
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"severity":"red",' + _LABELS, '"endsAt":"2026-03-01T09:29:00.000Z"}'),
    ),
    Example(
        "a withdrawal",
        {**SETTINGS, "link": "https://bellwether.example/"},
        sample_change(AT, kind=Kind.WITHDRAWN, level=None, previous_level=Level.ORANGE),
        (
            '"severity":"orange",',
            "should not have been raised",
            '"endsAt":"2026-03-01T09:29:00.000Z","generatorURL":"https://bellwether.example/"}',
        ),
    ),
]
