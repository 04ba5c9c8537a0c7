"""Rows as the lender writes them, and the events they become. Each is a test."""

from dataclasses import dataclass, field

from services.ingest.sources import Event

_EARLIER = {
    "customerid": "8a85",
    "systemloanid": "301",
    "loannumber": "2",
    "approveddate": "2016-08-15 00:22:40.000000",
    "creationdate": "2016-08-14 23:22:32.000000",
    "loanamount": "10000.0000",
    "totaldue": "13000.0000",
    "termdays": "30",
    "closeddate": "2016-09-01 16:06:48.000000",
    "referredby": "",
    "firstduedate": "2016-09-14 00:00:00.000000",
    "firstrepaiddate": "2016-09-01 15:51:43.000000",
}
_FINAL = {
    "customerid": "8a85",
    "systemloanid": "302",
    "loannumber": "3",
    "approveddate": "2017-07-05 17:04:41.000000",
    "creationdate": "2017-07-05 16:04:18.000000",
    "loanamount": "30000.0000",
    "totaldue": "40000.0000",
    "termdays": "90",
    "referredby": "",
    "good_bad_flag": "Bad",
}


@dataclass(frozen=True)
class Example:
    """A row of one of the upstream's files, and what comes of it."""

    name: str
    file: str
    row: dict[str, str]
    events: list[Event] = field(default_factory=list)


def _event(identity: str, event_type: str, time: str, data: dict[str, object]) -> Event:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/superlender",
        "type": event_type,
        "subject": "8a85",
        "time": time,
        "data": {"loan_id": identity.partition("-")[0], **data},
    }


def _repayment(identity: str, time: str, amount: str, value_date: str) -> Event:
    data: dict[str, object] = {"amount": amount, "currency": "NGN", "value_date": value_date}
    return _event(identity, "repayment.received", time, data)


_DISBURSED = _event(
    "301-1",
    "loan.disbursed",
    "2016-08-14T23:22:40Z",
    {
        "principal": "10000.0000",
        "currency": "NGN",
        "product": "30 days",
        "schedule": [{"due_date": "2016-09-14", "amount": "13000.0000"}],
    },
)

EXAMPLES = [
    Example(
        "closed within the hour of its first repayment: repaid at once",
        "PREVLOANS",
        _EARLIER,
        [
            _DISBURSED,
            _repayment("301-2", "2016-09-01T14:51:43Z", "13000.0000", "2016-09-01"),
            _event("301-3", "loan.closed", "2016-09-01T15:06:48Z", {"closed_on": "2016-09-01"}),
        ],
    ),
    Example(
        "closed later than that: half then and half at the closing, whose local day is not the day in UTC",
        "PREVLOANS",
        {**_EARLIER, "closeddate": "2016-10-05 00:30:00.000000"},
        [
            _DISBURSED,
            _repayment("301-2", "2016-09-01T14:51:43Z", "6500.0000", "2016-09-01"),
            _repayment("301-3", "2016-10-04T23:30:00Z", "6500.0000", "2016-10-05"),
            _event("301-4", "loan.closed", "2016-10-04T23:30:00Z", {"closed_on": "2016-10-05"}),
        ],
    ),
    Example(
        "a final loan of 90 days: three instalments that add up, and nothing of what became of it",
        "PERF",
        _FINAL,
        [
            _event(
                "302-1",
                "loan.disbursed",
                "2017-07-05T16:04:41Z",
                {
                    "principal": "30000.0000",
                    "currency": "NGN",
                    "product": "90 days",
                    "schedule": [
                        {"due_date": "2017-08-04", "amount": "13333.3333"},
                        {"due_date": "2017-09-03", "amount": "13333.3333"},
                        {"due_date": "2017-10-03", "amount": "13333.3334"},
                    ],
                },
            )
        ],
    ),
]
