"""How a gateway for text messages is configured."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from jinja2 import TemplateError
from pydantic import AfterValidator, Field, SecretStr, model_validator

from services.notifier.channels.borrowers import WritesToBorrowers
from services.notifier.channels.http import Url
from services.notifier.channels.phones import PhoneReceiverSettings
from services.notifier.channels.secret import Secret
from services.notifier.channels.sms.body import filled
from services.notifier.channels.sms.rule import AnswerRule
from services.notifier.channels.wording import Language
from services.notifier.core.schedule import RetrySchedule

OWN = frozenset({"phone", "text", "id"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name) or name.lower() in ("host", "content-length", "content-type", "transfer-encoding"):
        raise ValueError("expected the name of a header that is not made for each request")
    return name


def _line(given: str | SecretStr) -> str | SecretStr:
    value = given.get_secret_value() if isinstance(given, SecretStr) else given
    if not value.isascii() or not value.isprintable():
        raise ValueError("expected a header's value of printable ASCII characters")
    return given


Header = Annotated[Secret | str, AfterValidator(_line)]


class SmsSettings(PhoneReceiverSettings, WritesToBorrowers):
    """A gateway's request, written out, and how its answer is read."""

    channel: Literal["sms"]
    url: Url
    method: Literal["POST", "PUT", "GET"] = Field(default="POST", description="With GET the form is the URL's query")
    kind: Literal["json", "form"] = Field(default="json", description="How the body travels")
    body: dict[str, Any] = Field(
        min_length=1, max_length=50, description="Its texts are templates that may speak of phone, text, id and secrets"
    )
    secrets: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,49}$")], Secret] = Field(
        default={}, max_length=10, description="What the body may name besides"
    )
    headers: dict[Annotated[str, AfterValidator(_header)], Header] = Field(default={}, max_length=20)
    answer: AnswerRule | None = Field(default=None, description="The status decides alone if unset")
    language: Language = Field(default="en", description="Of messages to staff; borrowers have their own")
    max_segments: int = Field(default=3, ge=1, le=10, description="Of 160 or 153 characters, with Chinese of 70 or 67")
    retry: RetrySchedule = RetrySchedule(first=timedelta(seconds=30))

    def targets(self) -> tuple[str]:
        return (self.url,)

    def words(self, *, shown: bool = False) -> Mapping[str, str]:
        """The secrets the body may name, or, to be shown, that they are there."""
        return {name: "…" if shown else each.get_secret_value() for name, each in self.secrets.items()}

    @model_validator(mode="after")
    def _body_can_be_filled(self) -> Self:
        if taken := OWN & set(self.secrets):
            raise ValueError(f"expected other names of secrets than {', '.join(sorted(taken))}")
        try:
            said = filled(self.body, {"phone": "+10000000", "text": "text", "id": "id", **self.words(shown=True)})
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ValueError(f"expected templates in `body`: {error}") from None
        if self.kind == "form" and any(not isinstance(each, str | int) for each in said.values()):
            raise ValueError("expected texts and numbers in `body`: a form has no lists and no mappings")
        if self.method == "GET" and self.kind != "form":
            raise ValueError("expected `kind: form` with `method: GET`")
        return self
