"""Borrowers in memory, bounded by bytes."""

from collections.abc import Callable, Iterable

BYTES_BESIDE = 250
"""What a borrower takes beside its state: a dict entry, the key, and the headers of both (sys.getsizeof)."""


class Cache:
    """One partition's borrowers, encoded, by Kafka key. What a batch touched last is evicted last."""

    def __init__(self, max_bytes: int) -> None:
        self.entries: dict[bytes, bytes] = {}
        self._bytes = 0
        self.max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self.entries)

    def put(self, key: bytes, state: bytes) -> None:
        """Keep a borrower's state, as the one used last."""
        old = self.entries.pop(key, None)
        self._bytes += len(state) + BYTES_BESIDE if old is None else len(state) - len(old)
        self.entries[key] = state

    def drop(self, keys: Iterable[bytes]) -> None:
        """Forget these borrowers."""
        for key in keys:
            state = self.entries.pop(key, None)
            if state is not None:
                self._bytes -= len(state) + BYTES_BESIDE

    def shrink(self, pinned: Callable[[bytes], bool]) -> None:
        """Evict the longest unused until the rest fits. A pinned one has changes that are not committed yet."""
        excess = self._bytes - self.max_bytes
        evicted: list[bytes] = []
        for key, state in self.entries.items():
            if excess <= 0:
                break
            if not pinned(key):
                evicted.append(key)
                excess -= len(state) + BYTES_BESIDE
        self.drop(evicted)

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self._bytes = 0
