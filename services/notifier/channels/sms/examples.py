"""What a gateway is asked to send."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.contact import Contact
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "sms",
    "url": "https://gateway.example/v1/messages",
    "headers": {"Authorization": {"secret_env": "EXAMPLE_SMS_AUTHORIZATION"}},
    "body": {"from": "BELLWETHER", "to": ["{{ phone }}"], "content": "{{ text }}", "reference": "{{ id }}"},
    "answer": {"path": "messages.0.status", "delivered": ["queued", "sent"], "later": ["throttled"]},
}
BORROWER = {
    **SETTINGS,
    "audience": "borrower",
    "borrower": {"template": "late", "lender": "Example Bank", "contact": "+1 202 555 0100"},
}

EXAMPLES = [
    Example(
        "a raised warning, to an officer",
        {**SETTINGS, "to": ["+2348012345678"]},
        sample_change(AT, level=Level.RED),
        (
            '{"from":"BELLWETHER","to":["+2348012345678"],"content":"RED warning: missed_payment, borrower TEST-0001',
            "This is a test message",
        ),
    ),
    Example(
        "as a form, with a key in it",
        {
            **SETTINGS,
            "to": ["+8613800000001"],
            "language": "zh",
            "kind": "form",
            "secrets": {"key": {"secret_env": "EXAMPLE_SMS_KEY"}},
            "body": {"apikey": "{{ key }}", "mobile": "{{ phone[3:] }}", "text": "{{ text }}"},
        },
        sample_change(AT),
        ("apikey=%E2%80%A6&mobile=13800000001&text=%E9%BB%84%E8%89%B2%E9%A2%84%E8%AD%A6",),
    ),
    Example(
        "a gentle word to the borrower, without a number or a name of the debt",
        BORROWER,
        sample_change(AT),
        ('"to":["+12025550123"]', "Example Bank: we have not seen your latest payment yet.", "+1 202 555 0100"),
        {"recipient": Contact("TEST-0001", "en", "America/New_York", phone="+12025550123")},
    ),
    Example(
        "a recovery thanks them, in their language",
        BORROWER,
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.BLUE),
        ("【Example Bank】谢谢您",),
        {"recipient": Contact("TEST-0001", "zh", "Asia/Shanghai", phone="+8613800000003")},
    ),
]
