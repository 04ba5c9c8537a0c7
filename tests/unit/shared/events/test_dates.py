"""Value dates, periods and currencies are judged against their event's own time."""

import json
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from shared.events import DATA_MODELS, ORDINARY, Accepted, Ahead, accept, example
from shared.events.currencies import ACTIVE, CURRENCIES, ENDED

TIME = "2026-03-01T09:30:00Z"


def _accept(
    event_type: str, *, time: str = TIME, ahead: Ahead = ORDINARY, data: dict[str, str] | None = None, **rest: str
) -> Accepted:
    whole = example(event_type)
    said = {**whole["data"], **(data or {}), **rest}
    return accept(json.dumps({**whole, "time": time, "data": said}).encode(), ahead)


@pytest.mark.parametrize(
    ("event_type", "field"),
    [("repayment.received", "value_date"), ("loan.closed", "closed_on"), ("exposure.reported", "as_of")],
)
def test_a_value_date_may_lie_a_month_ahead_and_no_further(event_type: str, field: str) -> None:
    _accept(event_type, data={field: "2026-04-01"})
    with pytest.raises(ValidationError, match=r"31 days after the event's own, 2026-03-01; got 2062-01-02") as refused:
        _accept(event_type, data={field: "2062-01-02"})
    assert refused.value.errors()[0]["loc"] == ("data", field)


def test_a_value_date_may_be_as_old_as_its_sender_likes() -> None:
    assert b'"value_date":"1971-01-01"' in _accept("repayment.received", value_date="1971-01-01").value


@pytest.mark.parametrize("month", ["2025-01", "2026-03"])
def test_a_month_that_has_begun_may_be_reported(month: str) -> None:
    assert f'"month":"{month}"'.encode() in _accept("revenue.reported", month=month).value


def test_a_month_of_a_distant_year_is_refused_naming_both_times() -> None:
    with pytest.raises(ValidationError, match=r"7 days after the event's own day, 2026-03-01; got 2062-01"):
        _accept("revenue.reported", month="2062-01")
    with pytest.raises(ValidationError, match="got 2026-04"):
        _accept("revenue.reported", month="2026-04")


def test_how_far_ahead_is_a_setting_each() -> None:
    _accept("revenue.reported", month="2026-04", ahead=Ahead(period_days=31))
    _accept("repayment.received", value_date="2026-12-31", ahead=Ahead(value_days=365))
    with pytest.raises(ValidationError, match="at most 2 days"):
        _accept("repayment.received", value_date="2026-03-04", ahead=Ahead(value_days=2))


@pytest.mark.parametrize("event_type", DATA_MODELS)
def test_the_example_of_each_type_speaks_of_its_own_time(event_type: str) -> None:
    assert _accept(event_type).event.type == event_type


@pytest.mark.parametrize("code", ["HRK", "BGN", "ZWL", "LTL"])
def test_a_currency_of_history_is_taken_for_its_time_and_the_year_after(code: str) -> None:
    last = ENDED[code] + timedelta(days=366)
    _accept("revenue.reported", time=f"{last}T12:00:00Z", month=f"{ENDED[code]:%Y-%m}", currency=code)
    with pytest.raises(ValidationError, match=rf"{last + timedelta(days=1)}; {code} ended on {ENDED[code]}"):
        _accept("revenue.reported", time=f"{last + timedelta(days=1)}T12:00:00Z", month="2000-01", currency=code)


def test_currencies_of_today_have_no_end_and_each_is_named_once() -> None:
    assert not set(ACTIVE) & set(ENDED)
    assert len(CURRENCIES) == len(set(CURRENCIES))
    assert ENDED["DEM"] == date(2002, 5, 15)


def test_a_month_may_show_less_than_nothing() -> None:
    assert json.loads(_accept("revenue.reported", amount="-80.00").value)["data"]["amount"] == "-80.00"


def test_a_debt_begins_no_later_than_it_is_reported_for() -> None:
    _accept("exposure.reported", as_of="2026-02-28", opened_on="2026-02-28")
    with pytest.raises(ValidationError, match="on or before as_of, 2026-02-28; got 2026-03-01"):
        _accept("exposure.reported", as_of="2026-02-28", opened_on="2026-03-01")
