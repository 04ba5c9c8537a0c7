"""How Alibaba Cloud's Short Message Service is configured."""

from datetime import timedelta
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from services.notifier.channels.http import Url
from services.notifier.channels.phones import PhoneReceiverSettings
from services.notifier.channels.secret import Secret
from services.notifier.channels.wording import Language
from services.notifier.core.schedule import RetrySchedule

Word = Literal[
    "title", "text", "borrower_id", "loan_id", "level", "previous_level", "rule", "family", "measure", "value", "unit",
    "threshold", "at", "total",
]  # fmt: skip
WORDS: tuple[Word, ...] = get_args(Word)
Variable = Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_]{0,49}$")]


class AliyunSmsSettings(PhoneReceiverSettings):
    """A signature and a template, both approved, and what the template's variables stand for."""

    channel: Literal["aliyun_sms"]
    url: Url = "https://dysmsapi.aliyuncs.com/"
    access_key_id: Secret
    access_key_secret: Secret
    sign_name: str = Field(min_length=1, max_length=30)
    template_code: str = Field(pattern=r"^SMS_[0-9]{1,20}$")
    params: dict[Variable, Word] = Field(
        default={},
        max_length=20,
        description="The template's variables, each with the word of the change it stands for",
    )
    longest_param: int = Field(default=35, ge=1, le=1_000, description="Characters a variable may have; cut to it")
    language: Language = Field(default="zh", description="Of the words; the template's own language")
    retry: RetrySchedule = RetrySchedule(first=timedelta(seconds=30))

    def targets(self) -> tuple[str]:
        return (self.url,)

    @model_validator(mode="after")
    def _url_has_no_query(self) -> Self:
        if urlsplit(self.url).query:
            raise ValueError("expected a url without a query: it is made for each message")
        return self
