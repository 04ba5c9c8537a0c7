"""What a webhook says."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "webhook",
    "url": "https://hooks.example/warnings",
    "secrets": [{"secret_env": "EXAMPLE_WEBHOOK_SECRET"}],
}

EXAMPLES = [
    Example(
        "a raised warning",
        SETTINGS,
        sample_change(AT),
        ('"type":"warning.raised"', '"timestamp":"2026-03-01T09:30:00Z"', '"level":"yellow"', "测试"),
    ),
    Example(
        "a recovery",
        SETTINGS,
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"type":"warning.cleared"', '"level":null', '"previous_level":"red"'),
    ),
]
