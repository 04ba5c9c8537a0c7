"""The picture of one borrower: its facts, its warnings, and when to look again."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from struct import Struct
from typing import Any, cast

import msgspec

from services.warning.core.calendar import DAY, SECOND
from services.warning.core.facts import Facts

MAX_REMEMBERED = 4_096
FEW_REMEMBERED = 32
"""Half a kilobyte: to look through them costs more than they do."""
MINUTE = 60 * SECOND
_ENTRY = Struct("<QII")
_pack = _ENTRY.pack
_minute = itemgetter(1)


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
    own_loan: str = ""
    """The loan in its id; empty where it was raised of the borrower."""


class RuleState(msgspec.Struct, array_like=True, gc=False):
    """What one rule remembers of the borrower, or of one of its loans. Stored by place: a new field goes last.

    Of a rule per loan all is in `loans`, but for one `due` that stands for all of them.
    """

    due: int = 0
    """When time alone may change something; 0: never."""
    open: Open | None = None
    held: dict[int, int] = {}
    """By level: since when a band at least as severe has been hit, while the rule's `hold` runs."""
    raised: int = 0
    last_raised: int = -1
    last_ordinal: int = 0
    loans: dict[str, "RuleState"] = {}
    """Of a rule per loan: those loans that have an open warning, a hold that runs, or a past."""

    @property
    def quiet(self) -> bool:
        """No warning is open, and none is on its way."""
        return self.open is None and not self.held

    @property
    def empty(self) -> bool:
        """There is nothing to remember but when to look again."""
        return self.open is None and not self.held and not self.raised and not self.loans

    def opened(self) -> Iterator[Open]:
        """Every open warning of the rule."""
        for each in (self, *self.loans.values()):
            if each.open is not None:
                yield each.open


class Borrower(msgspec.Struct, omit_defaults=True, gc=False):
    """One borrower's state. `due` is the moment of its next timer, 0 for none."""

    id: str
    clock: int = 0
    """The newest event's time or fired due time."""
    due: int = 0
    facts: Any = msgspec.field(default_factory=Facts)
    rules: dict[str, RuleState] = {}
    seen: bytes = b""
    """Of each event its hash, the minute of its time and the digest of its content, 16 bytes together.

    In a dict they would be most of the objects a borrower is made of, and walking over those is what costs.
    """
    forgotten_until: int = 0
    """Ids of events up to this moment may have been forgotten for want of room."""
    prune_on: int = 0
    """The day from which on it is to be pruned again."""
    ruleset: str = ""
    """The beginning of the digest of the rules it was last judged by."""

    def remember(self, event_hash: int, time: int, digest: int) -> None:
        """Keep an applied event's id; where there are too many, the oldest eighth goes."""
        self.seen += _pack(event_hash, time // MINUTE, digest)
        if len(self.seen) > MAX_REMEMBERED * _ENTRY.size:
            by_age = sorted(_ENTRY.iter_unpack(self.seen), key=_minute)
            oldest, rest = by_age[: MAX_REMEMBERED // 8], by_age[MAX_REMEMBERED // 8 :]
            self.seen = b"".join(_pack(*each) for each in rest)
            self.forgotten_until = max(self.forgotten_until, (_minute(oldest[-1]) + 1) * MINUTE)

    def knows(self, event_hash: int) -> int | None:
        """The digest under which an event was applied, or None."""
        key, seen = event_hash.to_bytes(8, "little"), self.seen
        at = seen.find(key)
        while at >= 0:
            if at % _ENTRY.size == 0:
                return int.from_bytes(seen[at + 12 : at + 16], "little")
            at = seen.find(key, at + 1)  # by chance, across two entries
        return None

    def forget(self, lateness_days: int) -> None:
        """Drop the ids of events that would be too late by now, where there are enough of them to matter."""
        if len(self.seen) <= FEW_REMEMBERED * _ENTRY.size:
            return
        oldest = (self.clock - lateness_days * DAY) // MINUTE
        self.seen = b"".join([_pack(*each) for each in _ENTRY.iter_unpack(self.seen) if each[1] >= oldest])


_Stored = msgspec.defstruct(
    "_Stored", [("facts", Facts, msgspec.field(default_factory=Facts))], bases=(Borrower,), omit_defaults=True, gc=False
)
# `facts` is typed at run time from what is found in facts/: this subclass tells the decoder.
_encoder = msgspec.msgpack.Encoder()

encode = _encoder.encode
"""A borrower as MessagePack bytes."""

decode = cast(Callable[[bytes], Borrower], msgspec.msgpack.Decoder(_Stored).decode)
"""A borrower from what `encode` wrote. Raises msgspec.ValidationError."""


def new(borrower_id: str) -> Borrower:
    """A borrower of whom nothing is known."""
    return cast(Borrower, _Stored(id=borrower_id))
