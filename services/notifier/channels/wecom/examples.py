"""What WeCom is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {"channel": "wecom", "url": {"secret_env": "EXAMPLE_WECOM_URL"}}

EXAMPLES = [
    Example(
        "a raised warning, in both languages",
        SETTINGS,
        sample_change(AT),
        (
            r'{"msgtype":"markdown","markdown":{"content":"YELLOW warning: missed_payment, borrower TEST-0001\n**',
            "**This is a test message",
            r"\n\n黄色预警：missed_payment，借款人 TEST-0001\n**这是一条测试消息",
            "**截至：** 2026年3月1日 09:30 UTC",
        ),
    ),
    Example(
        "a recovery as text, in Chinese alone",
        {**SETTINGS, "format": "text", "languages": ["zh"]},
        sample_change(AT, kind=Kind.CLEARED, level=None, previous_level=Level.RED),
        ('{"msgtype":"text","text":{"content":"预警解除：missed_payment，借款人 TEST-0001', "级别：无（此前：红色）"),
    ),
    Example(
        "a borrower's name cannot call everyone",
        {**SETTINGS, "languages": ["en"]},
        sample_change(AT).model_copy(update={"borrower_id": "<@all>"}),
        ("**Borrower:** ＜@all＞",),
    ),
]
