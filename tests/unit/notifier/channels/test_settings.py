"""What a channel's settings refuse, and that no secret is shown."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from services.notifier.channels import discover, examples
from services.notifier.channels.email.settings import EmailSettings, mailbox
from services.notifier.channels.webhook.settings import WebhookSettings
from services.notifier.core.flow import Rate
from services.notifier.core.schedule import RetrySchedule
from tests.sink import SECRET, webhook

MAIL = {"channel": "email", "host": "smtp.example", "from": "a@lender.example", "to": ["b@lender.example"]}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_SECRET", SECRET)
    monkeypatch.setenv("SHORT_SECRET", "whsec_c2hvcnQ=")
    monkeypatch.setenv("PLAIN_SECRET", "not a webhook secret at all")


@pytest.mark.parametrize(
    "url",
    ["", "hook", "ftp://hooks.example/", "https://", "https://user:pass@hooks.example/", "https://a.example/#b",
     "https://hooks.example:99999/", "https://[::1/", "http://169.254.169.254/"],
)  # fmt: skip
def test_a_url_that_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(webhook(url))


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ([], "at least 1 item"),
        ([SECRET], "a secret never stands in the configuration itself"),
        (
            [{"secret_env": "NO_SUCH_SECRET"}],
            "expected secret_env to name an environment variable with a secret; it is not set",
        ),
        ([{"secret_file": "/no/such/file"}], "expected secret_file to name a file with a secret: No such file"),
        ([{"secret_env": "A", "secret_file": "B"}], "expected {secret_env: NAME} or {secret_file: PATH}"),
        ([{"secret_env": "SHORT_SECRET"}], "24 to 64 bytes"),
        ([{"secret_env": "PLAIN_SECRET"}], "expected a secret of whsec_"),
    ],
)
def test_a_secret_that_signs_nothing_is_refused(secrets: list[Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        WebhookSettings.model_validate(webhook("https://hooks.example/", secrets=secrets))


def test_settings_never_show_a_secret() -> None:
    settings = WebhookSettings.model_validate(webhook("https://hooks.example/"))

    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    "written",
    ["", "nobody", "a@", "@b", "a b@c.example", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example",
     "<a@b.example", "A <a@b.example> c", "ä@b.example"],
)  # fmt: skip
def test_what_is_no_single_mailbox_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected a mailbox"):
        mailbox(written)


def test_a_name_and_its_address_are_told_apart() -> None:
    assert (mailbox("Credit Risk <risk@lender.example>").display_name, mailbox("r@l.example").display_name) == (
        "Credit Risk",
        "",
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"username": "u"}, "expected `username` and `password`, or neither"),
        ({"username": "u", "password": {"secret_env": "SINK_SECRET"}, "tls": "none"}, "would be readable on the way"),
        ({"to": []}, "at least 1 item"),
        ({"languages": ["fr"]}, "'en' or 'zh'"),
    ],
)
def test_mail_settings_that_cannot_work_are_refused(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        EmailSettings.model_validate({**MAIL, **settings})


@pytest.mark.parametrize("channel", sorted(set(discover()) - {"email", "sms", "aliyun_sms"}))
def test_a_channel_that_cannot_write_to_a_single_borrower_refuses_that_audience(channel: str) -> None:
    settings = {**examples(channel)[0].settings, "audience": "borrower"}

    with pytest.raises(ValidationError, match=f"{channel} cannot write to a single borrower"):
        discover()[channel].settings.model_validate(settings, context={"without_secrets": True})


@pytest.mark.parametrize("channel", ["email", "sms", "aliyun_sms"])
def test_nobody_is_sent_a_heartbeat_where_borrowers_are(channel: str) -> None:
    words = {"template": "late", "lender": "Example Bank", "contact": "help@lender.example"}
    borrower = {} if channel == "aliyun_sms" else {"borrower": words}
    settings = {**examples(channel)[0].settings, "audience": "borrower", "to": [], "heartbeat": "1h", **borrower}

    with pytest.raises(ValidationError, match="there is nobody to send it to"):
        discover()[channel].settings.model_validate(settings, context={"without_secrets": True})


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"audience": "borrower", "borrower": {"template": "late", "lender": "B", "contact": "c"}},
            "audience borrower without `to`",
        ),
        ({"audience": "borrower", "to": []}, "expected `borrower` with audience borrower"),
        ({"borrower": {"template": "late", "lender": "B", "contact": "c"}}, "and not without"),
        ({"audience": "borrower", "to": [], "borrower": {"template": "rude", "lender": "B", "contact": "c"}}, "late"),
    ],
)
def test_mail_to_borrowers_has_words_for_them_and_no_other_address(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        EmailSettings.model_validate({**MAIL, **settings})


@pytest.mark.parametrize(
    ("channel", "messages", "seconds", "burst"),
    [
        ("feishu", 100, 60, 5),
        ("dingtalk", 19, 60, 1),  # one below the limit, past which it is deaf for ten minutes
        ("wecom", 20, 60, 1),
        ("slack", 1, 1, 5),
        ("pagerduty", 120, 60, 10),
    ],
)
def test_each_vendors_limit_is_the_preset(channel: str, messages: int, seconds: int, burst: int) -> None:
    settings = discover()[channel].settings.model_validate(
        examples(channel)[0].settings, context={"without_secrets": True}
    )

    assert settings.rate == Rate(messages=messages, per=timedelta(seconds=seconds), burst=burst)


def test_a_retry_that_says_one_thing_leaves_the_rest_to_the_channel() -> None:
    written = {**examples("pagerduty")[0].settings, "retry": {"deadline": "2h"}}
    settings = discover()["pagerduty"].settings.model_validate(written, context={"without_secrets": True})

    assert settings.retry == RetrySchedule(first=timedelta(seconds=30), deadline=timedelta(hours=2))
