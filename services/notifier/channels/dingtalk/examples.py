"""What DingTalk is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "dingtalk",
    "url": {"secret_env": "EXAMPLE_DINGTALK_URL"},
    "secret": {"secret_env": "EXAMPLE_DINGTALK_SECRET"},
}

EXAMPLES = [
    Example(
        "a raised warning, in both languages",
        SETTINGS,
        sample_change(AT),
        (
            '{"msgtype":"markdown","markdown":{"title":"YELLOW warning: missed_payment, borrower TEST-0001 / ',
            "黄色预警：missed_payment",
            r"\n\n---\n\n**This is a test message: no borrower is late.**  \n  **Borrower:** TEST-0001  \n  ",
            "**截至：** 2026年3月1日 09:30 UTC",
        ),
    ),
    Example(
        "an escalation, in Chinese alone, for a robot that asks for a keyword",
        {**SETTINGS, "languages": ["zh"], "keyword": "预警通知"},
        sample_change(AT, kind=Kind.ESCALATED, level=Level.RED, previous_level=Level.YELLOW),
        ('"title":"预警通知 预警升级为红色（原黄色）：missed_payment，借款人 TEST-0001"', "### 预警通知 预警升级"),
    ),
    Example(
        "a borrower's name cannot hide a link",
        {**SETTINGS, "languages": ["en"]},
        sample_change(AT).model_copy(update={"borrower_id": "[pay here](https://a.example)"}),
        ("**Borrower:** ［pay here］(https://a.example)",),
    ),
]
