"""What a topic is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {"channel": "kafka", "bootstrap": "kafka.example:9092", "topic": "risk.warnings"}

EXAMPLES = [
    Example(
        "a raised warning",
        SETTINGS,
        sample_change(AT),
        (
            '"topic":"risk.warnings","key":"TEST-0001"',
            '"content-type":"application/json","ce_specversion":"1.0","ce_id":"',
            '"ce_source":"/bellwether/warning","ce_type":"warning.raised","ce_subject":"TEST-0001"',
            '"ce_time":"2026-03-01T09:30:00+00:00","ce_partitionkey":"TEST-0001"',
            '"level":"yellow"',
        ),
    ),
    Example(
        "a recovery, on a cluster that asks who is there",
        {
            **SETTINGS,
            "security_protocol": "SASL_SSL",
            "username": "bellwether",
            "password": {"secret_env": "EXAMPLE_KAFKA_PASSWORD"},
        },
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"ce_type":"warning.cleared"', '"previous_level":"red"'),
    ),
]
