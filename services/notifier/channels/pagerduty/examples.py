"""What PagerDuty is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.message import Purpose
from services.notifier.core.samples import sample_change
from shared.warnings import Acknowledgement, Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {"channel": "pagerduty", "routing_key": {"secret_env": "EXAMPLE_PAGERDUTY_KEY"}}
_KEY = '"dedup_key":"00000000-0000-0000-0000-000000000000"'
_LINK = "https://bellwether.example/v1/acknowledge?token=t"

EXAMPLES = [
    Example(
        "a raised warning opens an alert",
        {**SETTINGS, "link": "https://bellwether.example/"},
        sample_change(AT, level=Level.ORANGE),
        (
            '"event_action":"trigger",' + _KEY,
            '"summary":"ORANGE warning: missed_payment, borrower TEST-0001","source":"TEST-0001","severity":"error"',
            '"client_url":"https://bellwether.example/","links":[{"href":"' + _LINK + '","text":"I answer for it"}]',
        ),
        {"acknowledge_url": _LINK},
    ),
    Example(
        "an acknowledgement acknowledges it",
        SETTINGS,
        sample_change(AT, kind=Kind.ACKNOWLEDGED, previous_level=Level.YELLOW).model_copy(
            update={"acknowledgement": Acknowledgement(id=sample_change(AT).change_id, by="an officer", note=None)}
        ),
        ('"event_action":"acknowledge",' + _KEY,),
    ),
    Example(
        "a recovery resolves it",
        SETTINGS,
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('"event_action":"resolve",' + _KEY,),
    ),
    Example(
        "a flood is one alert, in both languages",
        {**SETTINGS, "languages": ["en", "zh"]},
        sample_change(AT, level=Level.RED),
        ('"summary":"Flood: 240 warnings / 预警激增：240条预警"', '"severity":"critical"', "and 239 more"),
        {"purpose": Purpose.STORM, "total": 240},
    ),
]
