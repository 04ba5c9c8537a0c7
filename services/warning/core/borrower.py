"""The picture of one borrower: its facts, its warnings, and when to look again."""

from typing import Any, cast

import msgspec

from services.warning.core.calendar import DAY, SECOND
from services.warning.core.facts import Facts

MAX_REMEMBERED = 4_096
MINUTE = 60 * SECOND


class Open(msgspec.Struct, array_like=True, gc=False):
    """An open warning."""

    raised_at: int
    raised_until: int
    """Items before this moment were looked at when it was raised."""
    ordinal: int
    """How many of this rule were raised at that very moment before it."""
    level: int
    loan_id: str | None
    changes: int
    """Changes so far, the raise among them."""
    family: str
    raised_before: int
    """When this rule last raised a warning before this one; -1: never."""
    recovered_since: int = -1
    """Since when its clear condition has held; -1: it does not."""


class RuleState(msgspec.Struct, array_like=True, gc=False):
    """What one rule remembers of the borrower."""

    due: int = 0
    """When time alone may change something; 0: never."""
    open: Open | None = None
    held: dict[int, int] = {}
    """By level: since when a band at least as severe has been hit, while the rule's `hold` runs."""
    raised: int = 0
    last_raised: int = -1
    last_ordinal: int = 0


class Borrower(msgspec.Struct, omit_defaults=True):
    """One borrower's state. `due` is the moment of its next timer, 0 for none."""

    id: str
    clock: int = 0
    """The newest event's time or fired due time."""
    due: int = 0
    facts: Any = msgspec.field(default_factory=Facts)
    rules: dict[str, RuleState] = {}
    seen: dict[int, int] = {}
    """Event hash -> minute of its time and digest of its content, packed."""
    forgotten_until: int = 0
    """Ids of events up to this moment may have been forgotten for want of room."""
    prune_on: int = 0
    """The day from which on it is to be pruned again."""
    ruleset: str = ""
    """The beginning of the digest of the rules it was last judged by."""

    def remember(self, event_hash: int, time: int, digest: int) -> None:
        """Keep an applied event's id; where there are too many, the oldest eighth goes."""
        self.seen[event_hash] = (time // MINUTE) << 32 | digest
        if len(self.seen) > MAX_REMEMBERED:
            oldest = sorted(self.seen.items(), key=lambda each: each[1])[: MAX_REMEMBERED // 8]
            for each, _ in oldest:
                del self.seen[each]
            self.forgotten_until = max(self.forgotten_until, ((oldest[-1][1] >> 32) + 1) * MINUTE)

    def knows(self, event_hash: int) -> int | None:
        """The digest under which an event was applied, or None."""
        packed = self.seen.get(event_hash)
        return None if packed is None else packed & 0xFFFFFFFF

    def forget(self, lateness_days: int) -> None:
        """Drop the ids of events that would be too late by now."""
        oldest = (self.clock - lateness_days * DAY) // MINUTE << 32
        self.seen = {each: packed for each, packed in self.seen.items() if packed >= oldest}


_Stored = msgspec.defstruct(
    "_Stored", [("facts", Facts, msgspec.field(default_factory=Facts))], bases=(Borrower,), omit_defaults=True
)
# `facts` is typed at run time from what is found in facts/: this subclass tells the decoder.
_decoder = msgspec.msgpack.Decoder(_Stored)
_encoder = msgspec.msgpack.Encoder()

encode = _encoder.encode
"""A borrower as MessagePack bytes."""


def decode(stored: bytes) -> Borrower:
    """A borrower from what `encode` wrote. Raises msgspec.ValidationError."""
    return cast(Borrower, _decoder.decode(stored))


def new(borrower_id: str) -> Borrower:
    """A borrower of whom nothing is known."""
    return cast(Borrower, _Stored(id=borrower_id))
