"""How an e-mail receiver is configured."""

import re
from email.headerregistry import Address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.notifier.channels.borrowers import WritesToBorrowers
from services.notifier.channels.secret import Secret
from services.notifier.channels.settings import Audience
from services.notifier.channels.wording import Languages
from services.notifier.core.durations import Duration, parse_duration

_WRITTEN = re.compile(r"(?:(?P<name>[^<>@]*)<(?P<inner>[^<>\s]+)>|(?P<plain>[^<>\s]+))")


def mailbox(written: str) -> Address:
    """`Name <user@host>` or `user@host`, taken apart. Raises ValueError for anything else."""
    expected = "expected a mailbox such as risk@lender.example or Risk <risk@lender.example>"
    found = _WRITTEN.fullmatch(written)
    if not found or not written.isprintable():
        raise ValueError(expected)
    plain = found["inner"] or found["plain"]
    try:
        address = Address((found["name"] or "").strip(' "'), addr_spec=plain)
    except Exception as error:
        # The standard library's parser raises IndexError and errors of its own besides ValueError.
        raise ValueError(expected) from error
    if not address.username or not address.domain or not plain.isascii():
        raise ValueError(expected)
    return address


def _checked(written: str) -> str:
    mailbox(written)
    return written


Mailbox = Annotated[str, AfterValidator(_checked)]


class EmailSettings(WritesToBorrowers):
    """A mail server, and whom it shall reach."""

    way = "email"
    channel: Literal["email"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: Secret | None = None
    sender: Mailbox = Field(alias="from")
    to: tuple[Mailbox, ...] = Field(default=(), max_length=50, description="Left out for audience borrower")
    languages: Languages = ("en", "zh")
    timeout: Duration = Field(default=parse_duration("20s"), description="For each step of the conversation")
    ca_file: str | None = Field(default=None, description="PEM file that vouches for the server; the system's if unset")

    @model_validator(mode="after")
    def _is_for_somebody(self) -> Self:
        if (self.audience is Audience.BORROWER) == bool(self.to):
            raise ValueError("expected `to` with at least 1 item, or audience borrower without `to`")
        return self

    @model_validator(mode="after")
    def _signs_in_whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("expected `username` and `password`, or neither")
        if self.username is not None and self.tls == "none":
            raise ValueError(
                "expected `tls: starttls` or `tls: tls`: without, the password would be readable on the way"
            )
        return self
