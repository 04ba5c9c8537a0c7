"""Chat robots: they answer 200 to everything and say in the body, by a number, whether they took it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import Field

from services.notifier.channels.http import HttpReceiverSettings, SecretUrl
from services.notifier.channels.wording import Languages
from services.notifier.core.flow import Rate
from services.notifier.core.schedule import RetrySchedule
from services.notifier.core.verdict import Delivered, Refused, Retry, Verdict
from services.notifier.outbound.answers import GONE, LATER, said, unless_taken, unreadable
from services.notifier.outbound.post import HttpAnswer, retry_after

JSON = {"Content-Type": "application/json; charset=utf-8"}
# Their dialects of Markdown have no documented way to escape. A full-width twin reads the same and means nothing.
_TWINS = str.maketrans("<>[]*`#!\\~", "＜＞［］＊｀＃！＼～")
_BRACKETS = {ord(each): f"%{ord(each):02X}" for each in "()[]<> "}


class RobotSettings(HttpReceiverSettings):
    """A robot in a group chat. Its URL is its key."""

    url: SecretUrl
    languages: Languages = ("en", "zh")
    concurrency: int = Field(default=1, ge=1, le=256, description="Robots take 20 to 100 messages a minute")
    rate: Rate | None = Field(default=Rate(messages=20), description="What group robots take, or less")
    retry: RetrySchedule = RetrySchedule(first=timedelta(seconds=15))

    def targets(self) -> tuple[str]:
        return (self.url.get_secret_value(),)


@dataclass(frozen=True, slots=True)
class Codes:
    """What a vendor's numbers mean. 0 is a yes; a number that is not named here is a no for good."""

    vendor: str
    name: str
    later: Mapping[int, timedelta | None]
    """Nothing against the message: how long to wait, None where the vendor does not say."""
    gone: frozenset[int] = field(default=frozenset())
    """The robot itself is no more."""


def escape(value: str) -> str:
    """A value that no robot takes for a link, a mention or a heading."""
    return value.translate(_TWINS)


def link(words: str, url: str) -> str:
    """A link in the Markdown that robots know. A bracket in the URL would end it."""
    return f"[{words}]({url.translate(_BRACKETS)})"


def verdict(given: HttpAnswer, now: datetime, codes: Codes) -> Verdict:
    """What a robot's answer means. Its number counts more than the status: some say no with both, most with one."""
    code = said(given).get(codes.name)
    if not isinstance(code, int) or isinstance(code, bool):
        expected = f"a JSON object with a number called {codes.name}"
        return unless_taken(given, now) or unreadable(given, expected)
    if code == 0:
        return unless_taken(given, now) or Delivered(given.answer)
    why = f"{codes.vendor}: {codes.name} {code}"
    if code in codes.gone or given.status == GONE:
        return Refused(why, given.answer, gone=True)
    if code in codes.later or given.status in LATER or given.status >= 500:
        return Retry(why, retry_after(given.headers, now) or codes.later.get(code), given.answer)
    return Refused(why, given.answer)
