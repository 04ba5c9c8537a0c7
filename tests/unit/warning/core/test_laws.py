"""What order, duplication, batches and the passing of time may change, and what not."""

from copy import deepcopy
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.warning.core.borrower import Borrower
from services.warning.core.changes import to_json
from services.warning.core.engine import Engine
from services.warning.core.facts import FAMILIES
from tests.unit.warning.core.histories import (
    DAYS,
    PATIENT_RULES,
    RULES,
    START,
    ZONES,
    Said,
    busy_loans,
    engine_of,
    histories,
    late_orders,
    levels,
    lived,
    looked_at_all_the_time,
    readings,
)

ENGINES = {zone: engine_of(RULES, zone) for zone in ZONES}
PATIENT = {zone: engine_of(PATIENT_RULES, zone) for zone in ZONES}
zones = st.sampled_from(ZONES)
pasts = histories() | busy_loans()
laws = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _facts(engine: Engine, borrower: Borrower) -> object:
    """The facts, pruned to the same day, so that it does not matter when the last pruning was."""
    facts = deepcopy(borrower.facts)
    for name, family in FAMILIES.items():
        family.prune(getattr(facts, name), START.toordinal() + DAYS)
    return facts


@laws
@given(st.data(), histories(), zones)
def test_facts_indicators_and_levels_do_not_depend_on_the_order_of_arrival(
    data: st.DataObject, events: list[Said], zone: str
) -> None:
    engine = ENGINES[zone]
    one, _ = lived(engine, events)
    other, _ = lived(engine, data.draw(late_orders(events)))

    assert _facts(engine, one) == _facts(engine, other)
    assert readings(engine, one, range(DAYS, DAYS + 130, 7)) == readings(engine, other, range(DAYS, DAYS + 130, 7))
    assert levels(one) == levels(other)


@laws
@given(st.data(), busy_loans(), zones)
def test_what_is_said_of_one_loan_makes_one_picture_in_any_order(
    data: st.DataObject, events: list[Said], zone: str
) -> None:
    engine = ENGINES[zone]
    one, _ = lived(engine, events, to_the_end=False)
    other, _ = lived(engine, data.draw(late_orders(events)), to_the_end=False)

    assert one.facts == other.facts
    assert readings(engine, one, range(-10, 90, 5)) == readings(engine, other, range(-10, 90, 5))
    assert levels(one) == levels(other)


@laws
@given(st.data(), pasts, zones)
def test_rules_with_hold_and_clear_agree_once_these_have_run_out(
    data: st.DataObject, events: list[Said], zone: str
) -> None:
    one, _ = lived(PATIENT[zone], events)
    other, _ = lived(PATIENT[zone], data.draw(late_orders(events)))

    assert levels(one) == levels(other)


@laws
@given(st.data(), pasts, zones, st.sampled_from([ENGINES, PATIENT]))
def test_an_event_that_comes_again_changes_nothing(
    data: st.DataObject, events: list[Said], zone: str, engines: dict[str, Engine]
) -> None:
    again = data.draw(late_orders(events))
    repeated = [each for said in again for each in [said] * data.draw(st.integers(1, 2))]
    one, changes = lived(engines[zone], again)
    other, same = lived(engines[zone], repeated + again[-3:])

    assert one == other
    assert changes == same


@laws
@given(pasts, zones, st.sampled_from([ENGINES, PATIENT]), st.integers(1, 4))
def test_a_state_survives_its_bytes_between_any_two_batches(
    events: list[Said], zone: str, engines: dict[str, Engine], every: int
) -> None:
    one, changes = lived(engines[zone], events)
    other, same = lived(engines[zone], events, stored_every=every)

    assert one == other
    assert changes == same


@laws
@given(st.data(), pasts, zones, st.sampled_from([ENGINES, PATIENT]))
def test_no_due_time_comes_too_late(
    data: st.DataObject, events: list[Said], zone: str, engines: dict[str, Engine]
) -> None:
    arrived = data.draw(late_orders(events))
    _, changes = lived(engines[zone], arrived)

    assert [to_json(each) for each in looked_at_all_the_time(engines[zone], arrived)] == list(map(to_json, changes))


@laws
@given(st.data(), pasts, zones, st.sampled_from([ENGINES, PATIENT]))
def test_the_changes_of_a_warning_tell_one_life(
    data: st.DataObject, events: list[Said], zone: str, engines: dict[str, Engine]
) -> None:
    _, changes = lived(engines[zone], data.draw(late_orders(events)))

    assert len({each.change_id for each in changes}) == len(changes)
    assert [each.at_micros for each in changes] == sorted(each.at_micros for each in changes)
    for warning in {each.warning_id for each in changes}:
        life = [each for each in changes if each.warning_id == warning]
        assert [each.number for each in life] == list(range(len(life)))
        assert life[0].kind == "raised"
        assert all(before.level == after.previous_level for before, after in pairwise(life))
        assert all(each.level is not None for each in life[:-1])
