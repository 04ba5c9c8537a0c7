"""Borrowers in memory, bounded by bytes."""

from collections.abc import Callable, Iterable

from services.warning.core.borrower import Borrower

BYTES_PER_STORED_BYTE = 7
"""A state in memory against its MessagePack bytes, measured with tracemalloc on the simulated portfolio: 6.4."""


class Cache:
    """One partition's borrowers by Kafka key. What a batch touched last is evicted last."""

    def __init__(self, max_bytes: int) -> None:
        self.entries: dict[bytes, Borrower] = {}
        self._sizes: dict[bytes, int] = {}
        self._bytes = 0
        self.max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self.entries)

    def put(self, key: bytes, borrower: Borrower, stored_bytes: int) -> None:
        """Keep a borrower, or note its new size and that it was used last."""
        self._bytes += stored_bytes * BYTES_PER_STORED_BYTE - self._sizes.pop(key, 0)
        self._sizes[key] = stored_bytes * BYTES_PER_STORED_BYTE
        self.entries[key] = borrower

    def drop(self, keys: Iterable[bytes]) -> None:
        """Forget borrowers whose state in memory is not the stored one."""
        for key in keys:
            self.entries.pop(key, None)
            self._bytes -= self._sizes.pop(key, 0)

    def shrink(self, pinned: Callable[[bytes], bool]) -> None:
        """Evict the longest unused until the rest fits. A pinned one has changes that are not committed yet."""
        excess = self._bytes - self.max_bytes
        evicted: list[bytes] = []
        for key, size in self._sizes.items():
            if excess <= 0:
                break
            if not pinned(key):
                evicted.append(key)
                excess -= size
        self.drop(evicted)

    def clear(self) -> None:
        """Forget everything."""
        self.entries.clear()
        self._sizes.clear()
        self._bytes = 0
