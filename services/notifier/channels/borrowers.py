"""What a borrower is told: few words, gentle ones, and none that a stranger who reads along could make much of."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.channels.settings import Audience, ReceiverSettings
from services.notifier.channels.wording import Language, Wording
from services.notifier.core.message import Message
from shared.warnings import Kind


class BorrowerWords(BaseModel):
    """Which words, and who it is that writes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    template: Literal["upcoming", "late"] = Field(description="Before the due date, or in the first days after it")
    lender: str = Field(min_length=1, max_length=50, description="As borrowers know it")
    contact: str = Field(min_length=1, max_length=100, description="Where they can ask: a telephone number, a page")


class WritesToBorrowers(ReceiverSettings):
    """What a channel's settings have where it can write to the borrower that a message names."""

    addresses_borrowers = True
    borrower: BorrowerWords | None = Field(default=None, description="For audience borrower, and for it alone")

    @model_validator(mode="after")
    def _has_words_for_its_audience(self) -> Self:
        if (self.audience is Audience.BORROWER) != (self.borrower is not None):
            raise ValueError("expected `borrower` with audience borrower, and not without")
        if self.borrower is not None and self.borrower.template == "upcoming" and Kind.CLEARED in self.borrower_kinds:
            raise ValueError(
                "expected no `cleared` in `borrower_kinds` with template upcoming: such a warning also ends unpaid"
            )
        return self


def for_borrower(wording: Wording, words: BorrowerWords, message: Message, language: Language) -> str:
    """The text. A recovery says that all is well, whatever the template."""
    return wording.render(words.template, message.change, language, lender=words.lender, contact=words.contact)


def titled_for_borrower(wording: Wording, words: BorrowerWords, language: Language) -> str:
    """The subject, which others may see: who writes, and nothing else."""
    return wording.fill("borrower", language, lender=words.lender)
