"""Forgets what matters to no question any more, and makes final what nothing can change any more."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from services.warning.core.calendar import DAY, EPOCH_DAY
from services.warning.core.facts.family import KEPT_DAYS, LATENESS_DAYS, Remark
from services.warning.core.facts.ledger.chain import allotted, paid_by, stretches
from services.warning.core.facts.ledger.drawing import draw
from services.warning.core.facts.ledger.hearing import hear
from services.warning.core.facts.ledger.loan import Loan, Story
from services.warning.core.facts.ledger.plans import Plan
from services.warning.core.facts.ledger.state import Ledger, Reversal
from services.warning.core.facts.ledger.words import NEVER_BEGUN, AnyWord, Fell, Lent, Settled, slot_of
from services.warning.core.facts.order import TIES_KEPT, forget_key

CLOSED_KEPT = 2 * LATENESS_DAYS * DAY
"""A closed loan stays until nothing can arrive late for it, and what did arrive late can be corrected late."""
UNKNOWN_KEPT = KEPT_DAYS * DAY
"""Payments of a loan nobody disbursed stay as long as any item, and so do loans written off: recoveries come late."""


def prune(state: Ledger, day: int) -> list[Remark]:
    """Forget loans that are over for good, loans nobody disbursed, words that no other can change, done tombstones."""
    now = (day - EPOCH_DAY) * DAY
    remarks = _miss(state, now) if state.returned else []
    for loan_id, loan in list(state.loans.items()):
        if _is_over(loan, now):
            del state.loans[loan_id]
            continue
        for payment in [each for each, time in loan.reversed.items() if time + CLOSED_KEPT < now]:
            del loan.reversed[payment]
        _forget_keys(loan, day)
        if loan.story is not None:
            _settle(loan, loan.story, now - TIES_KEPT)
            _drop_cycles(loan, loan.story, now - CLOSED_KEPT)
    return remarks


def _miss(state: Ledger, now: int) -> list[Remark]:
    """Remark once on reversals whose payment has not come, and drop them when it cannot come any more."""
    remarks: list[Remark] = []
    for named, waiting in list(state.returned.items()):
        missed = [each for each in waiting if not each.said and each.taken.time + LATENESS_DAYS * DAY < now]
        remarks += [_missed(state, each) for each in missed]
        state.returned[named] = [each for each in waiting if each.taken.time + CLOSED_KEPT >= now]
        if not state.returned[named]:
            del state.returned[named]
    return remarks


def _missed(state: Ledger, reversal: Reversal) -> Remark:
    reversal.said = True
    if (loan := state.loans.get(reversal.loan_id)) is not None:
        loan.alone += 1
    source, _, named = reversal.taken.key.partition("\n")
    detail = f"the payment that reversal {named} of {source} takes back has not come within {LATENESS_DAYS} days"
    return Remark("reversal_alone", reversal.loan_id, detail)


def _is_over(loan: Loan, now: int) -> bool:
    story = loan.story
    newest = max(loan.touched, loan.newest)
    if story is not None and story.by in ("closed", "written_off"):
        owes = loan.owed and loan.owed[-1] > loan.paid
        return not owes and newest + (CLOSED_KEPT if story.by == "closed" else UNKNOWN_KEPT) < now
    return not loan.days and newest + UNKNOWN_KEPT < now


def _forget_keys(loan: Loan, day: int) -> None:
    forget_key(loan, day)
    for word in (*loan.dues.values(), *(loan.story.words if loan.story is not None else ())):
        forget_key(word, day)
    for payment in loan.payments.values():
        if payment.key and payment.told + TIES_KEPT < (day - EPOCH_DAY) * DAY:
            payment.key = ""
        for taken in payment.taken:
            forget_key(taken, day)


def _settle(loan: Loan, story: Story, final: int) -> None:
    """Have old words say for good what they settled, and drop those that others have taken the place of."""
    old = [each for each in story.words if each.time < final]
    singles = [slot_of(each.name, each.day) for each in old if isinstance(each, Fell)]
    if len(set(singles)) == len(singles) and not any(map(_is_open, old)):
        return  # the usual case: there is no more to be made final than the last time
    heard = hear(old, loan.payments.values(), final)
    standing = set(map(id, (*_standing(heard.known.plans), *heard.settled)))
    story.words = [each for each in story.words if each.time >= final or id(each) in standing]
    _drop_repeats(loan, story, final)


def _drop_repeats(loan: Loan, story: Story, final: int) -> None:
    """Drop closings that only said again what the one before had said, with nothing said or paid in between."""
    told = sorted(each.known for each in loan.payments.values())
    kept: list[AnyWord] = []
    for each in story.words:
        if not (each.time < final and kept and _repeats(each, kept[-1], told)):
            kept.append(each)
    if len(kept) < len(story.words):
        story.words = kept
        draw(loan)


def _repeats(word: AnyWord, before: AnyWord, told: Sequence[int]) -> bool:
    if not isinstance(word, Settled) or not isinstance(before, Settled) or word.waived != []:
        return False
    same = (word.day, word.amount) == (before.day, before.amount) and word.moment >= before.moment
    return same and bisect_right(told, before.time) == bisect_right(told, word.time)


def _is_open(word: AnyWord) -> bool:
    """Whether what it settled still hangs on the words before it."""
    if isinstance(word, Lent):
        return word.begin == NEVER_BEGUN
    return not isinstance(word, Fell) and word.waived is None


def _standing(plans: Iterable[Plan]) -> list[AnyWord]:
    """The words that plans rest on."""
    found: list[AnyWord] = []
    for plan in plans:
        found += [slot.word for slot in plan.slots.values()]
        found += plan.single
        found += [plan.word] if plan.word is not None else []
    return found


def _drop_cycles(loan: Loan, story: Story, until: int) -> None:
    """Drop the cycles before one that began long ago, where they left nothing unpaid."""
    if not any(isinstance(each, Lent) and 0 <= each.begin < until for each in story.words[1:]):
        return
    heard = hear(story.words, loan.payments.values())
    plans = heard.known.plans
    base = next((each for each in reversed(plans) if _began_before(each, until)), None)
    if base is None:
        return
    found = stretches(heard.known, paid_by(loan.payments.values()))
    first = next(number for number, each in enumerate(found) if each.plan is base)
    if any(found[first - 1].unpaid):
        return
    staying = [each for each in plans if each.cycle >= base.cycle]
    kept = {id(each) for each in _standing(staying)}
    kept |= {id(each) for each in heard.settled if _concerns(each, staying)}
    story.words = [each for each in story.words if id(each) in kept]
    for named, payment in list(loan.payments.items()):
        if allotted(payment.moment, payment.known, found)[0] < first:
            del loan.payments[named]
    draw(loan)


def _began_before(plan: Plan, until: int) -> bool:
    """Whether a plan is the first of a later cycle, and says so itself."""
    return isinstance(plan.word, Lent) and 0 <= plan.word.begin < until


def _concerns(word: Settled, plans: Sequence[Plan]) -> bool:
    """Whether a closing or a write-off came after these plans began, or settled some of them."""
    days = {each.first_day for each in plans}
    return word.moment > plans[0].begin or word.waived is None or any(day in days for day, _, _ in word.waived)
