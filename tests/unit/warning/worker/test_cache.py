"""The cache keeps what was used last, within its bytes, and never evicts what is not committed."""

from services.warning.worker.cache import BYTES_BESIDE, Cache

ROOM_FOR_TWO = 2 * (BYTES_BESIDE + 10)


def _filled(*keys: bytes, max_bytes: int = ROOM_FOR_TWO) -> Cache:
    cache = Cache(max_bytes)
    for key in keys:
        cache.put(key, bytes(10))
    return cache


def test_what_was_used_longest_ago_goes_first() -> None:
    cache = _filled(b"1", b"2", b"3", b"1")

    cache.shrink(lambda _: False)

    assert list(cache.entries) == [b"3", b"1"]


def test_what_is_pinned_stays_even_where_there_is_no_room() -> None:
    cache = _filled(b"1", b"2", b"3", max_bytes=0)

    cache.shrink(lambda key: key == b"2")

    assert list(cache.entries) == [b"2"]


def test_a_state_that_grew_counts_with_its_new_size() -> None:
    cache = _filled(b"1", b"2")
    cache.put(b"1", bytes(11))

    cache.shrink(lambda _: False)

    assert list(cache.entries) == [b"1"]


def test_what_was_dropped_takes_no_room() -> None:
    cache = _filled(b"1", b"2", b"3")
    cache.drop([b"1", b"never there"])

    cache.shrink(lambda _: False)

    assert list(cache.entries) == [b"2", b"3"]


def test_an_empty_cache_has_room_again() -> None:
    cache = _filled(b"1", b"2", b"3")
    cache.clear()
    cache.put(b"4", bytes(10))

    cache.shrink(lambda _: False)

    assert len(cache) == 1
