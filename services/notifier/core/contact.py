"""How a borrower can be reached."""

from dataclasses import dataclass
from typing import Literal, get_args

Way = Literal["sms", "email"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True, slots=True)
class Contact:
    """One borrower's entry in the contact directory. Without a consent for a channel nothing goes out by it."""

    borrower_id: str
    language: Literal["en", "zh"]
    time_zone: str
    """Of the borrower, who is not written to at night there."""
    phone: str | None = None
    """In E.164, such as +2348012345678."""
    email: str | None = None
    consents: frozenset[str] = frozenset()
    """The ways that the borrower agreed to: `sms`, `email`."""
    opted_out: bool = False

    def __repr__(self) -> str:
        """Without what would lead to the borrower, so that no log and no traceback ever does."""
        return f"Contact({self.borrower_id!r})"

    def address(self, way: Way) -> str | None:
        """Where the borrower is reached this way."""
        return self.phone if way == "sms" else self.email
