"""A lender's book that is written anew from the first word for every question, as docs/ledger.md has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from services.warning.core.calendar import AsOf
from services.warning.core.engine import Engine
from services.warning.core.indicators import Indicator
from tests.unit.warning.core.histories import DAYS, START, Said, lived

RELATIVE = Decimal("0.05")
ABSOLUTE = {"individual": Decimal(10), "enterprise": Decimal(30)}
GRACE = {"individual": 1, "enterprise": 0}
EVER = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
NOTHING = Decimal()


@dataclass
class Owed:
    """So much of one instalment: (first day of its plan, its identity or its day)."""

    due: date
    amount: Decimal
    name: tuple[date, str]


@dataclass(eq=False)
class Plan:
    """From `begin` on, for instalments due on `first` or later: what was said of it, in order."""

    begin: datetime
    first: date
    cycle: int
    words: list[Said]
    whole: bool

    @property
    def currency(self) -> str | None:
        if self.whole:
            return str(self.words[0]["data"]["currency"])
        return str(self.words[-1]["data"]["currency"]) if self.words else None

    def instalments(self) -> list[Owed]:
        """What stands in the end."""
        stands: dict[str, tuple[date, Decimal]] = {}
        for number, word in enumerate(self.words):
            data = word["data"]
            if self.whole and not number:
                stands = {_name(each): (_due(each), Decimal(each["amount"])) for each in data["schedule"]}
            elif data["currency"] == self.currency and not self._beaten(word, stands):
                if data.get("installment") is None:
                    stands = {name: each for name, each in stands.items() if each[0] != _due(data)}
                stands[_name(data)] = (_due(data), Decimal(data["amount"]))
        return [Owed(day, amount, (self.first, name)) for name, (day, amount) in stands.items() if amount]

    def _beaten(self, word: Said, stands: dict[str, tuple[date, Decimal]]) -> bool:
        """Of the schedule's own time, and with the smaller id, about an instalment that the schedule has."""
        if not self.whole or word["time"] != self.words[0]["time"] or word["id"] > self.words[0]["id"]:
            return False
        unnamed = word["data"].get("installment") is None
        return _name(word["data"]) in stands or (unnamed and _due(word["data"]) in [day for day, _ in stands.values()])


@dataclass
class Page:
    """What is owed and paid from `begin` on; a new one where a plan takes effect, or a closing counts."""

    begin: datetime
    owed: list[Owed]
    plan: Plan
    closing: Said | None
    paid: list[tuple[datetime, Decimal]] = field(default_factory=list)

    def had(self, moment: datetime) -> Decimal:
        return sum((amount for when, amount in self.paid if when < moment), NOTHING)

    def overdue(self, day: date, zone: ZoneInfo) -> tuple[Decimal, Decimal]:
        """At 00:00: what is overdue, and all that is still owed."""
        paid = self.had(_midnight(day, zone))
        fallen = sum((each.amount for each in self.owed if each.due < day), NOTHING)
        return fallen - paid, sum((each.amount for each in self.owed), NOTHING) - paid

    def lacking(self, moment: datetime) -> list[Owed]:
        """What is unpaid: the oldest is paid first."""
        left, found = self.had(moment), []
        for each in sorted(self.owed, key=lambda each: (each.due, each.amount, each.name)):
            part = min(left, each.amount)
            left -= part
            if part < each.amount:
                found.append(Owed(each.due, each.amount - part, each.name))
        return found


@dataclass
class Book:
    """All pages of a loan."""

    zone: ZoneInfo
    pages: list[Page]

    def page(self, day: date) -> Page:
        """The one that counts at 00:00."""
        return [each for each in self.pages if each.begin < _midnight(day, self.zone)][-1]

    def midnight(self, day: date) -> datetime:
        return _midnight(day, self.zone)

    def at_the_end_of(self, due: date, day: date) -> list[Page]:
        """The page that will count when a day ends, among those from this day's on."""
        end = _midnight(due + timedelta(days=1), self.zone)
        first = self.pages.index(self.page(day))
        ends = [*(each.begin for each in self.pages[1:]), NEVER]
        return [
            each
            for each, over in list(zip(self.pages, ends, strict=True))[first:]
            if end <= over and due >= max(day, each.begin.astimezone(self.zone).date() if each.begin > EVER else day)
        ]

    def days_past_due(self, day: date, kind: str) -> int:
        """What is overdue after grace."""
        return max(0, self.overdue_days(day, kind) - GRACE[kind])

    def overdue_days(self, day: date, kind: str) -> int:
        """Goes through all days up to this one and counts those in a row on which a material amount was overdue."""
        page = self.page(day)
        if not page.owed:
            return 0
        row, each = 0, min(each.due for each in page.owed)
        while each <= day:
            overdue, owed = page.overdue(each, self.zone)
            row = row + 1 if overdue > ABSOLUTE[kind] and overdue > RELATIVE * owed else 0
            each += timedelta(days=1)
        oldest = min((each.due for each in page.lacking(_midnight(day, self.zone))), default=day)
        return min(row, max(0, (day - oldest).days))


@dataclass
class Waiver:
    """So much of an instalment is owed no more from a moment on; `plan` is that whose beginning settled it."""

    moment: datetime
    name: tuple[date, str]
    amount: Decimal
    plan: Plan | None = None


class Reader:
    """Reads a loan's words in their order, and at each that settles something sees what was unpaid as known by then."""

    def __init__(self, events: list[Said], zone: ZoneInfo) -> None:
        self._events = events
        self._zone = zone
        self._plans = [Plan(EVER, date.min, 0, [], whole=False)]
        self._waivers: list[Waiver] = []
        self._closings: list[Said] = []
        self._closed: Said | None = None
        for word in _in_order(events):
            self._read(word)

    def _read(self, word: Said) -> None:
        match word["type"]:
            case "loan.disbursed":
                self._lent(word)
            case "installment.due":
                due = _due(word["data"])
                next(each for each in reversed(self._plans) if each.first <= due).words.append(word)
            case "loan.rescheduled":
                self._replanned(word)
            case "loan.closed" | "loan.written_off":
                self._settled(word)

    def _lent(self, word: Said) -> None:
        closing, self._closed = self._closed, None
        cycle = self._plans[-1].cycle
        if closing is not None and all(_due(each) > _settled_on(closing) for each in word["data"]["schedule"]):
            first = _settled_on(closing) + timedelta(days=1)
            begin = max(_time(word), self._counts(closing))
            self._cut(first)
            self._plans.append(Plan(begin, first, cycle + 1, [word], whole=True))
        else:
            base = next(each for each in self._plans if each.cycle == cycle)
            base.words, base.whole = [word], True
            self._keep([each for each in self._plans if each.cycle < cycle or each is base])

    def _replanned(self, word: Said) -> None:
        day, cycle = date.fromisoformat(word["data"]["effective_on"]), self._plans[-1].cycle
        begun = next(each.begin for each in self._plans if each.cycle == cycle)
        self._cut(day)
        plan = Plan(max(_midnight(day, self._zone), begun), day, cycle, [word], whole=True)
        self._plans.append(plan)
        pages = self.pages(word["time"])
        (place,) = [number for number, each in enumerate(pages) if each.plan is plan and not each.closing]
        if place:
            self._waive(plan.begin, pages[place - 1].lacking(NEVER), plan)

    def _settled(self, word: Said) -> None:
        moment = self._counts(word)
        for each in self._waivers:
            if each.moment > moment:
                each.moment, each.plan = moment, None
        self._closings.append(word)
        self._closed = word
        pages = self.pages(word["time"])
        (place,) = [number for number, each in enumerate(pages) if each.closing is word]
        self._waive(moment, list({each.name: each for page in pages[place:] for each in page.owed}.values()), None)

    def _waive(self, moment: datetime, owed: list[Owed], plan: Plan | None) -> None:
        self._waivers += [Waiver(moment, each.name, each.amount, plan) for each in owed]

    def _cut(self, first: date) -> None:
        cycle = self._plans[-1].cycle
        self._keep([each for each in self._plans if each.cycle < cycle or each.first < first])

    def _keep(self, plans: list[Plan]) -> None:
        self._plans = plans
        self._waivers = [each for each in self._waivers if each.plan is None or each.plan in plans]

    def _counts(self, word: Said) -> datetime:
        return _within(_settled_on(word), _time(word), self._zone)

    def pages(self, known: str = "9999") -> list[Page]:
        """Every page as known at a time: payments of that time are, reversals of it are not."""
        found = self._blank()
        for when, amount, currency, booked in payments(self._events, self._zone, known):
            place = sum(page.begin <= when for page in found) - 1
            closing = next(
                (n for n, page in enumerate(found[: place + 1]) if page.closing and booked <= page.closing["time"]), 0
            )
            page = found[closing - 1 if closing else place]
            if page.plan.currency == currency:
                page.paid.append((found[closing].begin if closing else when, amount))
        self._fill(found)
        return found

    def _blank(self) -> list[Page]:
        begun: list[tuple[datetime, int, Plan | None, Said | None]] = [
            (each.begin, 2 if each.cycle and each.words[0]["type"] == "loan.disbursed" else 0, each, None)
            for each in self._plans
        ]
        begun += [(self._counts(each), 1, None, each) for each in self._closings]
        found: list[Page] = []
        for begin, _, plan, closing in sorted(begun, key=lambda each: each[:2]):
            found.append(Page(begin, [], found[-1].plan if plan is None else plan, closing))
        return found

    def _fill(self, pages: list[Page]) -> None:
        waivers = list(self._waivers)
        for number, page in enumerate(pages):
            before = pages[number - 1] if number else None
            if before and before.plan.currency == page.plan.currency:
                page.owed += before.lacking(NEVER)
            if before is None or before.plan is not page.plan:
                page.owed += page.plan.instalments()
            here = {each.plan.first for each in pages[: number + 1]}
            for waiver in [each for each in waivers if each.moment <= page.begin and each.name[0] in here]:
                waivers.remove(waiver)
                for owed in page.owed:
                    if owed.name == waiver.name:
                        owed.amount = max(NOTHING, owed.amount - waiver.amount)
            page.owed = [each for each in page.owed if each.amount]


def payments(events: list[Said], zone: ZoneInfo, known: str) -> Iterator[tuple[datetime, Decimal, str, str]]:
    """(moment, what is left, currency, when it was first told of) of all that were told of by a time."""
    told: dict[str, list[tuple[bool, str, str, Said, str]]] = {}
    for each in events:
        if each["type"] == "repayment.received":
            told.setdefault(each["id"], []).append((True, "", "", each["data"], each["time"]))
        for paid in each["data"].get("payments", []):
            said = {**paid, "currency": each["data"]["currency"]}
            told.setdefault(paid["repayment_id"], []).append((False, each["time"], each["id"], said, each["time"]))
    for name, words in told.items():
        booked = min(each[-1] for each in words)
        *_, data, time_ = max(words, key=lambda each: each[:3])
        left = Decimal(data["amount"])
        for each in sorted(events, key=lambda each: (each["time"], each["id"])):
            if each["type"] == "repayment.reversed" and each["data"]["repayment_id"] == name and each["time"] < known:
                left -= left if each["data"].get("amount") is None else Decimal(each["data"]["amount"])
        if booked <= known and left:
            moment = _within(date.fromisoformat(data["value_date"]), datetime.fromisoformat(time_), zone)
            yield moment, left, data["currency"], booked


def _in_order(events: list[Said]) -> list[Said]:
    """By time; of one time plans come before instalments and these before closings, but for a second cycle."""
    ranks = {"loan.disbursed": 0, "loan.rescheduled": 0, "installment.due": 1, "loan.closed": 2, "loan.written_off": 2}
    words = sorted(
        (each for each in events if each["type"] in ranks),
        key=lambda each: (each["time"], ranks[each["type"]], each["id"]),
    )
    closings = {each["time"]: each for each in words if ranks[each["type"]] == 2}

    def after(word: Said) -> bool:
        closing, data = closings.get(word["time"]), word["data"]
        if closing is None or word["type"] not in ("loan.disbursed", "installment.due"):
            return False
        return all(_due(each) > _settled_on(closing) for each in data.get("schedule", [data]))

    anew = {each["time"] for each in words[1:] if each["type"] == "loan.disbursed" and after(each)}
    return sorted(
        words, key=lambda each: (each["time"], (each["time"] in anew and after(each)) * (1 + ranks[each["type"]]))
    )


def _name(data: Said) -> str:
    return str(data["due_date"] if data.get("installment") is None else f"#{data['installment']}")


def _due(data: Said) -> date:
    return date.fromisoformat(data["due_date"])


def _settled_on(word: Said) -> date:
    return date.fromisoformat(word["data"].get("closed_on") or word["data"]["on"])


def _time(word: Said) -> datetime:
    return datetime.fromisoformat(word["time"])


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _within(day: date, moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment nearest to this one on that day."""
    first, last = _midnight(day, zone), _midnight(day + timedelta(days=1), zone) - timedelta(microseconds=1)
    return min(max(first, moment), last)


def book_of(events: list[Said], loan_id: str, zone: ZoneInfo) -> Book:
    return Book(zone, Reader([each for each in events if each["data"].get("loan_id") == loan_id], zone).pages())


def kind_of(events: list[Said]) -> str:
    kinds = [each["data"]["kind"] for each in events if each["type"] == "borrower.registered"]
    return str(kinds[-1]) if kinds else "individual"


def asked_day_by_day(
    engine: Engine, events: list[Said], indicator: Indicator
) -> Iterator[tuple[Any, tuple[Book, Book], date, str]]:
    """Every third day: what the indicator says, the books of both loans, the day, and the borrower's kind.

    Nothing where no loan was ever spoken of: there the indicator must be absent.
    """
    borrower, _ = lived(engine, events, to_the_end=False)
    zone = ZoneInfo(engine.calendar.zone)
    books = (book_of(events, "L1", zone), book_of(events, "L2", zone))
    known = any("loan_id" in each["data"] for each in events)
    for number in range(-5, DAYS + 60, 3):
        day = START + timedelta(days=number)
        midnight = engine.calendar.midnight(day.toordinal())
        found = indicator.value(borrower.facts, AsOf(midnight, day.toordinal(), midnight), engine.terms)
        if known:
            yield found, books, day, kind_of(events)
        else:
            assert found is None, day
