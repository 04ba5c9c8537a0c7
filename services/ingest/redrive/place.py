"""How far redriving has got in one partition of the dead letters."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

_decode = msgspec.json.Decoder(dict[str, int]).decode


@dataclass(slots=True)
class Place:
    """Each kind of letter (its origin and reason) has its own place, since a run may ask for some kinds only.

    Kept as a consumer group's offset, before which nothing is left to do, with the kinds' places as its metadata.
    """

    start: int
    """All before it is dealt with."""
    done: dict[str, int] = field(default_factory=dict)
    """Of each kind, the offset before which it is dealt with, where that is beyond `start`."""
    _left: int | None = None

    @classmethod
    def read(cls, offset: int, metadata: str) -> "Place":
        """What `committed` returned; an offset of -1 is that of a group that never committed."""
        return cls(max(offset, 0), _decode(metadata) if metadata else {})

    def is_done(self, kind: str, offset: int) -> bool:
        """Whether an earlier run dealt with this letter."""
        return offset < max(self.start, self.done.get(kind, 0))

    def leave(self, offset: int) -> None:
        """This letter stays for another run."""
        if self._left is None:
            self._left = offset

    def finish(self, kind: str, offset: int) -> None:
        """This letter is dealt with."""
        self.done[kind] = offset + 1

    def committed(self, position: int) -> tuple[int, str]:
        """What to commit once all letters before `position` were looked at."""
        start = position if self._left is None else self._left
        kept = _after(self.done, start)
        return start, msgspec.json.encode(kept).decode() if kept else ""


def _after(done: Mapping[str, int], start: int) -> dict[str, int]:
    return {kind: offset for kind, offset in done.items() if offset > start}
