"""Bodies are cut into events exactly as they were written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.bodies import BATCH, NDJSON, line_numbers, split
from shared.problems import ProblemError

DOCUMENTS = st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3), min_size=1, max_size=10)


@given(DOCUMENTS, st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\n"]), st.booleans())
def test_lines_are_events_whatever_ends_them(documents: list[dict[str, int]], end: bytes, last: bool) -> None:
    written = [json.dumps(each).encode() for each in documents]
    body = end.join(written) + (end if last else b"")
    assert [each.strip() for each in split(body, NDJSON, limit=10)] == written
    assert [body.split(b"\n")[number - 1].strip() for number in line_numbers(body)] == written


@given(DOCUMENTS)
def test_an_arrays_elements_are_events_each_as_it_was_written(documents: list[dict[str, int]]) -> None:
    written = [json.dumps(each, indent=1).encode() for each in documents]
    assert split(b" [" + b" , ".join(written) + b"] ", BATCH, limit=10) == written


@pytest.mark.parametrize(("body", "given_type"), [(b"1\n2\n3", NDJSON), (b"[1, 2, 3]", BATCH)])
def test_a_batch_over_the_limit_is_refused_whole(body: bytes, given_type: str) -> None:
    assert len(split(body, given_type, limit=3)) == 3
    with pytest.raises(ProblemError, match="expected a batch of at most 2 events, got 3") as refused:
        split(body, given_type, limit=2)
    assert refused.value.problem.status == 413
