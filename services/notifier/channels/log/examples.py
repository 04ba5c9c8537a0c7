"""What the log says."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

EXAMPLES = [
    Example(
        "a raised warning",
        {"channel": "log"},
        sample_change(AT),
        ('"type":"warning.raised"', '"borrower_id":"TEST-0001"', '"warning_level":"yellow"', '"value":8'),
    ),
    Example(
        "a recovery",
        {"channel": "log"},
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"type":"warning.cleared"', '"warning_level":null', '"previous_level":"red"'),
    ),
]
