"""What Feishu is sent."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.samples import sample_change
from shared.warnings import Kind, Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "feishu",
    "url": {"secret_env": "EXAMPLE_FEISHU_URL"},
    "secret": {"secret_env": "EXAMPLE_FEISHU_SECRET"},
}

EXAMPLES = [
    Example(
        "a raised warning, to each reader in their language",
        SETTINGS,
        sample_change(AT),
        (
            '{"msg_type":"post","content":{"post":{"en_us":{',
            '"title":"YELLOW warning: missed_payment, borrower TEST-0001"',
            '"zh_cn":{"title":"黄色预警：missed_payment，借款人 TEST-0001"',
            '[{"tag":"text","text":"Measured: days_past_due = 8 days"}]',
            '[{"tag":"text","text":"截至：2026年3月1日 09:30 UTC"}]',
        ),
    ),
    Example(
        "an escalation, for a robot that asks for a keyword",
        {**SETTINGS, "languages": ["zh"], "keyword": "预警通知"},
        sample_change(AT, kind=Kind.ESCALATED, level=Level.RED, previous_level=Level.YELLOW),
        ('"title":"预警通知 预警升级为红色（原黄色）：missed_payment，借款人 TEST-0001"',),
    ),
    Example(
        "a withdrawal",
        SETTINGS,
        sample_change(AT, kind=Kind.WITHDRAWN, level=None, previous_level=Level.ORANGE),
        ("A correction has shown that this warning should not have been raised.", "更正数据表明"),
    ),
]
