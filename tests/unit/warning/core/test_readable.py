"""What ingest answers 202 to is never unreadable to the worker: the two read JSON by different libraries."""

import copy
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.warning.core.calendar import micros
from services.warning.core.facts import readers_of
from services.warning.core.records import CLOCK, read, through
from shared.events import DATA_MODELS, Accepted, accept, example
from shared.events.types.clock_advanced import ClockAdvanced

TYPES = sorted(DATA_MODELS)

_STAMPS = [
    "2026-03-31T23:59:60Z", "2026-03-31t23:59:59z", "2026-03-31T23:59:59.9999999Z", "2026-03-31T23:59:59.99999999999Z",
    "1970-01-01T00:00:00-23:59", "2199-12-30T23:59:59.999999+23:59", "2026-03-31T24:00:00Z",
    "2026-03-31T09:30:00-00:00",
    "2026-03-31 09:30:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-29T00:00:00Z",
    "1970-01-01", "2199-12-31", "0001-01-01", "2026-1-1", "2026-02-29",
]  # fmt: skip
_ODD = [
    "", " ", "\x00", "\x85", "\ufeff", "\ufffe", "é", "😀", "\uff11", "a" * 129, "1e5", "1E400", "-0", "Infinity",
    "NaN", "0x1", "99999999999999.9999", "0.0001", "00", "1,000", "2026-13", "9999-12",
]  # fmt: skip
_LITERALS = [
    "1e400", "-1e400", "9" * 400, "9" * 5_000, "1.0", "-0", "NaN", "Infinity", "1e2", "true", "null", "{}", "[]",
    "[" * 150 + "]" * 150, "[" * 1_500 + "]" * 1_500, r'"\ud800"', r'"\udead"', r'"\ud83d\ude00"', '"a', "01",
]  # fmt: skip
_NAMES = ["data", "data_base64", "note", "Note", "id", "subject", "a" * 64, "", "\u00e9", "datacontenttype", "through"]

_MARK = "put here"
VALUES = (
    st.sampled_from(_STAMPS + _ODD).map(json.dumps) | st.text(max_size=20).map(json.dumps) | st.sampled_from(_LITERALS)
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*path, key)
        yield from _places(each, (*path, key))


def _put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


@st.composite
def _texts(draw: st.DrawFn) -> bytes:
    """An event of any type in which some values are odd, written as no encoder would."""
    document = copy.deepcopy(example(draw(st.sampled_from(TYPES))))
    values = []
    for number in range(draw(st.integers(0, 2))):
        places = [each for each in _places(document) if each != ("type",)]
        _put(document, draw(st.sampled_from(places)), f"{_MARK} {number}")
        values.append(draw(VALUES))
    text = json.dumps(document, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    for number, value in enumerate(values):
        text = text.replace(json.dumps(f"{_MARK} {number}"), value)
    if draw(st.booleans()):
        text = f"{text.rstrip()[:-1]},{json.dumps(draw(st.sampled_from(_NAMES)))}:{draw(VALUES)}}}"
    return text.encode("utf-8", "surrogatepass")


def _taken(text: bytes) -> Accepted | None:
    try:
        return accept(text)
    except ValidationError:
        return None


def _decoded(value: bytes) -> None:
    event = read(value)
    if event.type == CLOCK:
        through(event)
    else:
        readers = readers_of(event.type)
        assert readers, "a type that ingest takes and no family of facts reads stops the worker"
        for _, decoder, _ in readers:
            decoder.decode(event.data)


@given(_texts())
def test_whatever_ingest_takes_the_worker_reads_as_the_same_event(text: bytes) -> None:
    taken = _taken(text)
    if taken is None:
        return
    event, found = taken.event, read(taken.value)
    assert (found.id, found.source, found.type, found.subject) == (event.id, event.source, event.type, event.subject)
    assert found.time == micros(event.time)
    if isinstance(event.data, ClockAdvanced):
        assert through(found) == micros(event.data.through)
    _decoded(taken.value)
    assert accept(taken.value).value == taken.value


@given(
    st.sampled_from(TYPES), st.binary(max_size=40) | st.sampled_from([b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":"\xff"}'])
)
def test_whatever_bytes_the_data_are_in_base64_the_worker_reads_what_is_taken(event_type: str, data: bytes) -> None:
    document = {name: value for name, value in example(event_type).items() if name != "data"}
    whole = json.dumps(example(event_type)["data"]).encode()
    for each in (data, whole + data, data + whole, whole):
        taken = _taken(json.dumps({**document, "data_base64": b64encode(each).decode()}).encode())
        if taken is not None:
            _decoded(taken.value)
        assert taken is not None or each is not whole


@pytest.mark.parametrize(
    "moment", ["2026-02-28T23:59:60Z", "2026-02-28T23:59:59.9999999Z", "2026-03-01t00:59:59.9999999+01:00"]
)
def test_a_moment_in_the_data_is_as_late_to_the_worker_as_to_ingest(moment: str) -> None:
    """Rounded up, as the worker's library does, it would be the next day."""
    taken = accept(json.dumps({**example(CLOCK), "data": {"through": moment}}).encode())
    assert msgspec.json.decode(taken.value)["data"]["through"] == "2026-02-28T23:59:59.999999Z"
    assert isinstance(taken.event.data, ClockAdvanced)
    assert through(read(taken.value)) == micros(taken.event.data.through)


def test_every_type_that_ingest_takes_is_read() -> None:
    for event_type in TYPES:
        _decoded(accept(json.dumps(example(event_type)).encode()).value)
