"""What a mail says."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "email",
    "host": "smtp.example",
    "from": "Bellwether <bellwether@lender.example>",
    "to": ["risk@lender.example", "Credit Officers <officers@lender.example>"],
}

EXAMPLES = [
    Example(
        "a raised warning, in both languages",
        SETTINGS,
        sample_change(AT),
        (
            "Subject: YELLOW warning: missed_payment, borrower TEST-0001 / 黄色预警：missed_payment，借款人 TEST-0001",
            "To: risk@lender.example, Credit Officers <officers@lender.example>",
            "Measured:  days_past_due = 8 days",
            "Threshold: 7 or more",
            "解除条件：结清全部到期款项",
        ),
    ),
    Example(
        "an escalation, in English alone",
        {**SETTINGS, "languages": ["en"]},
        sample_change(AT, kind=Kind.ESCALATED, level=Level.RED, previous_level=Level.YELLOW),
        (
            "Subject: RED warning, up from yellow: missed_payment, borrower TEST-0001\n",
            "Level:     red (before: yellow)\n",
        ),
    ),
    Example(
        "a recovery, in Chinese alone",
        {**SETTINGS, "languages": ["zh"]},
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ("Subject: 预警解除：missed_payment，借款人 TEST-0001\n", "级别：无（此前：红色）\n"),
    ),
    Example(
        "a withdrawal",
        SETTINGS,
        sample_change(AT, kind=Kind.WITHDRAWN, level=None, previous_level=Level.ORANGE),
        ("A correction has shown that this warning should not have been raised.", "更正数据表明"),
    ),
]
