"""Receivers that are telephone numbers: those in the settings, or that of the borrower whom a message names."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.notifier.channels.http import HttpReceiverSettings
from services.notifier.channels.settings import Audience
from services.notifier.core.message import Message

Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="In E.164, such as +2348012345678")]
NOBODY = "expected a recipient with a telephone number: this receiver writes to borrowers"
_SHOWN_DIGITS = 4


class PhoneReceiverSettings(HttpReceiverSettings):
    """A gateway, and the numbers it shall reach; each number is a request of its own, with a verdict of its own."""

    addresses_borrowers = True
    way = "sms"
    to: tuple[Phone, ...] = Field(default=(), max_length=20, description="Left out for audience borrower")
    concurrency: int = Field(default=4, ge=1, le=256, description="Messages under way to it at once, in each replica")

    @model_validator(mode="after")
    def _is_for_somebody(self) -> Self:
        if (self.audience is Audience.BORROWER) == bool(self.to):
            raise ValueError("expected `to` with at least 1 number, or audience borrower without `to`")
        return self

    def numbers(self, message: Message) -> Mapping[str, str]:
        """Whom the message goes to, by names that show four digits, since they stand in logs; empty for nobody."""
        if self.audience is not Audience.BORROWER:
            numbers = tuple(dict.fromkeys(self.to))
        else:
            phone = message.recipient.phone if message.recipient is not None else None
            numbers = (phone,) if phone else ()
        return {f"{place} (…{each[-_SHOWN_DIGITS:]})": each for place, each in enumerate(numbers, 1)}
