"""Takes in what is said of a loan's plan: disbursements, instalments, reschedules, closings, write-offs."""

from bisect import insort

from services.warning.core.calendar import Calendar
from services.warning.core.changes import iso_day
from services.warning.core.facts.amounts import ten_thousandths
from services.warning.core.facts.family import Remark, Since
from services.warning.core.facts.ledger.drawing import draw
from services.warning.core.facts.ledger.loan import Due, Loan, View, story_of, views
from services.warning.core.facts.ledger.paying import put_so_far
from services.warning.core.facts.ledger.reading import (
    InstallmentDue,
    LoanClosed,
    LoanDisbursed,
    LoanRescheduled,
    LoanWrittenOff,
)
from services.warning.core.facts.ledger.state import Ledger, loan_of
from services.warning.core.facts.ledger.words import AnyWord, Fell, Lent, Replanned, Settled, scheduled
from services.warning.core.records import Event


def disbursed(state: Ledger, event: Event, data: LoanDisbursed, calendar: Calendar) -> int:
    """A later disbursement of the same loan corrects everything said before, or begins a second cycle."""
    loan = loan_of(state, data.loan_id, event.time)
    word = Lent(
        event.time, event.key, event.hash, data.currency, ten_thousandths(data.principal),
        data.product, *scheduled(data.schedule),
    )  # fmt: skip
    before = _first_moment(loan, calendar)
    paid = [put_so_far(state, loan, event, data, each, calendar) for each in data.payments]
    if _is_plain(loan, word):
        _keep(loan, word)
        remarks: list[Remark] = []
    else:
        remarks = _tell(loan, word, data.loan_id)
    moments = [event.time, before, _first_moment(loan, calendar), *paid]
    return Since(min(moments), *remarks, *(each for one in paid if isinstance(one, Since) for each in one.remarks))


def _is_plain(loan: Loan, word: Lent) -> bool:
    """Whether it is the only disbursement, and no instalment is older than it."""
    if loan.story is not None or loan.time >= 0:
        return False
    days = {day for day, _ in word.schedule}
    return all(_speaks_after(day, due.time, due.key, word, days) for day, due in loan.dues.items()) and all(
        due.currency == word.currency for due in loan.dues.values()
    )


def _speaks_after(day: int, time: int, key: str, plan: Lent | Loan, days: set[int]) -> bool:
    """Whether a word on a day holds beside or against a disbursement."""
    return time > plan.time or (time == plan.time and (key > plan.key or day not in days))


def _keep(loan: Loan, word: Lent) -> None:
    loan.time, loan.hash, loan.key = word.time, word.hash, word.key
    loan.currency, loan.principal, loan.product = word.currency, word.principal, word.product
    loan.schedule, loan.names = word.schedule, word.names
    draw(loan)


def fell_due(state: Ledger, event: Event, data: InstallmentDue, calendar: Calendar) -> int:
    """A later word on an instalment replaces an earlier one."""
    loan = loan_of(state, data.loan_id, event.time)
    day, amount = data.due_date.toordinal(), ten_thousandths(data.amount)
    if data.installment is None and _is_one_more(loan, event, data.currency, day):
        loan.dues[day] = Due(amount, data.currency, event.time, event.hash, event.key)
        _append(loan, day, amount)
        return min(event.time, _counts_from(min([day, *loan.days[:1]]), calendar))
    name = "" if data.installment is None else str(data.installment)
    word = Fell(event.time, event.key, event.hash, name, day, amount, data.currency)
    before = _first_moment(loan, calendar)
    remarks = [] if _follow(loan, word) else _tell(loan, word, data.loan_id)
    return Since(min(event.time, before, _first_moment(loan, calendar), _counts_from(day, calendar)), *remarks)


def _is_one_more(loan: Loan, event: Event, currency: str, day: int) -> bool:
    """The usual case: a plain loan, a day nobody has spoken of since it was disbursed."""
    if loan.story is not None or day in loan.dues or (loan.currency is not None and loan.currency != currency):
        return False
    if event.time > loan.time:
        return True
    return _speaks_after(day, event.time, event.key, loan, {each for each, _ in loan.schedule})


def _append(loan: Loan, day: int, amount: int) -> None:
    if not loan.days or day <= loan.days[-1]:
        draw(loan)
    elif amount:
        loan.days.append(day)  # the usual case: one more at the end
        loan.owed.append(loan.owed[-1] + amount)


def rescheduled(state: Ledger, event: Event, data: LoanRescheduled, calendar: Calendar) -> int:
    """A plan for what is still to come, from a day on."""
    loan = loan_of(state, data.loan_id, event.time)
    day = data.effective_on.toordinal()
    word = Replanned(
        event.time, event.key, event.hash, day, calendar.midnight(day), data.currency, data.reason == "difficulty",
        *scheduled(data.schedule),
    )  # fmt: skip
    return _since(loan, word, word.begin, data.loan_id, calendar)


def closed(state: Ledger, event: Event, data: LoanClosed, calendar: Calendar) -> int:
    """What is unpaid as known by now is owed no more from a day on."""
    loan = loan_of(state, data.loan_id, event.time)
    day = data.closed_on.toordinal()
    word = Settled(event.time, event.key, event.hash, day, calendar.within(day, event.time))
    if _is_paid_up(loan, word):
        _end(loan, word)
        return word.moment
    return _since(loan, word, word.moment, data.loan_id, calendar)


def _is_paid_up(loan: Loan, word: Settled) -> bool:
    """The usual cases: the last word on a plain loan that is paid, and a closing told again of one that is closed."""
    if word.time < loan.touched or loan.newest > word.moment:
        return False
    story = loan.story
    if story is None:
        return bool(loan.owed) and loan.paid >= loan.owed[-1]
    return not loan.owed and not story.items and story.by == "closed" and story.words[-1].order < word.order


def _end(loan: Loan, word: Settled) -> None:
    """What `draw` would make of it."""
    story = loan.story
    if story is None:
        items = sorted(each for each in loan.items if each[1])
        last = View(-1, "", loan.time, loan.days, loan.owed, items, loan.paid, loan.newest)
        story = story_of(loan)
    else:
        last = View(story.begin, story.by, story.known, [], [], [], 0, -1)
    story.words.append(word)
    story.earlier.append(last)
    story.begin, story.by, story.known = word.moment, "closed", word.time
    loan.days, loan.owed, loan.paid, loan.newest, loan.key = [], [], 0, word.moment, ""


def written_off(state: Ledger, event: Event, data: LoanWrittenOff, calendar: Calendar) -> int:
    """As a closing, with the amount that was given up."""
    loan = loan_of(state, data.loan_id, event.time)
    day, amount = data.on.toordinal(), ten_thousandths(data.amount)
    word = Settled(event.time, event.key, event.hash, day, calendar.within(day, event.time), amount, data.currency)
    return _since(loan, word, word.moment, data.loan_id, calendar)


def _since(loan: Loan, word: AnyWord, moment: int, loan_id: str, calendar: Calendar) -> int:
    before = _first_moment(loan, calendar)
    remarks = _tell(loan, word, loan_id)
    return Since(min(word.time, moment, before, _first_moment(loan, calendar)), *remarks)


def _tell(loan: Loan, word: AnyWord, loan_id: str) -> list[Remark]:
    """Put a word in its place among the others, and say what of it cannot be gone by."""
    story = story_of(loan)
    lacked, foreign = set(story.lacks), story.foreign
    insort(story.words, word, key=lambda each: each.order)
    draw(loan)
    remarks = []
    if lacks := [each for each in story.lacks if each not in lacked]:
        remarks.append(_lacks_past(loan_id, lacks))
    if story.foreign > foreign:
        remarks.append(
            Remark("other_currency", loan_id, f"an instalment does not count: its plan is in {loan.currency}")
        )
    return remarks


def _follow(loan: Loan, word: Fell) -> bool:
    """The usual case of loans whose instalments have identities: one more at the end, and nothing replaced."""
    story = loan.story
    if story is None or story.earlier or word.currency != loan.currency or not word.amount:
        return False
    if not loan.days or word.day <= loan.days[-1] or word.time <= story.words[-1].time:
        return False
    if word.name and any(word.name in _named(each) for each in story.words):
        return False
    story.words.append(word)
    _append(loan, word.day, word.amount)
    return True


def _named(word: AnyWord) -> list[str]:
    if isinstance(word, Fell):
        return [word.name]
    return [] if isinstance(word, Settled) else word.names


def _lacks_past(loan_id: str, days: list[int]) -> Remark:
    said = ", ".join(iso_day(each) for each in days[:10])
    return Remark("lacks_past", loan_id, f"expected the schedule to repeat what had fallen due or was paid: {said}")


def _first_moment(loan: Loan, calendar: Calendar) -> int:
    """As of when its first instalment counts; a change of any may matter from then on."""
    found = [each.days[0] for each in views(loan) if each.days]
    return _counts_from(min(found), calendar) if found else 1 << 63


def _counts_from(due_day: int, calendar: Calendar) -> int:
    """The last moment before the end of a due day, so that what looks as of the next 00:00 has looked at it."""
    return calendar.midnight(due_day + 1) - 1
