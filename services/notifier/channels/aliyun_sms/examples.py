"""What Alibaba Cloud is asked to send."""

from datetime import UTC, datetime

from services.notifier.channels.channel import Example
from services.notifier.core.contact import Contact
from services.notifier.core.samples import sample_change
from shared.warnings import Level

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = {
    "channel": "aliyun_sms",
    "access_key_id": {"secret_env": "EXAMPLE_ALIYUN_KEY_ID"},
    "access_key_secret": {"secret_env": "EXAMPLE_ALIYUN_KEY_SECRET"},
    "sign_name": "贷后预警",
    "template_code": "SMS_100000001",
}

EXAMPLES = [
    Example(
        "a raised warning, to two officers",
        {
            **SETTINGS,
            "to": ["+8613800000001", "+8613800000002"],
            "params": {"level": "level", "borrower": "borrower_id", "count": "total"},
        },
        sample_change(AT, level=Level.RED),
        (
            '"PhoneNumbers":"8613800000001","SignName":"贷后预警","TemplateCode":"SMS_100000001"',
            r'"TemplateParam":"{\"level\":\"红色\",\"borrower\":\"TEST-0001\",\"count\":\"1\"}"',
            '"PhoneNumbers":"8613800000002"',
        ),
    ),
    Example(
        "a reminder to the borrower, in words the template holds",
        {**SETTINGS, "audience": "borrower"},
        sample_change(AT),
        ('"PhoneNumbers":"8613800000003"',),
        {"recipient": Contact("TEST-0001", "zh", "Asia/Shanghai", phone="+8613800000003")},
    ),
]
