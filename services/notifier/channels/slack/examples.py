"""What Slack is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {"channel": "slack", "url": {"secret_env": "EXAMPLE_SLACK_URL"}}

EXAMPLES = [
    Example(
        "a raised warning, in both languages",
        SETTINGS,
        sample_change(AT),
        (
            '"text":"YELLOW warning: missed_payment, borrower TEST-0001 / 黄色预警：missed_payment，借款人 TEST-0001"',
            r"*Measured:* days_past_due = 8 days\n*Threshold:* 7 or more\n*As of:* 1 Mar 2026, 09:30 UTC",
            r"*阈值：* 7 及以上\n*截至：* 2026年3月1日 09:30 UTC",
        ),
    ),
    Example(
        "a borrower's name cannot call everyone",
        {**SETTINGS, "languages": ["en"]},
        sample_change(AT).model_copy(update={"borrower_id": "<!channel> & Co"}),
        ('"*This is a test', "*Borrower:* &lt;!channel&gt; &amp; Co"),
    ),
    Example(
        "a recovery, in Chinese alone",
        {**SETTINGS, "languages": ["zh"]},
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"text":"预警解除：missed_payment，借款人 TEST-0001"', "*级别：* 无（此前：红色）"),
    ),
]
