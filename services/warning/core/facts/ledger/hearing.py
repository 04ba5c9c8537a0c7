"""Goes through the words of a loan in their order, and keeps what they make of its plans."""

from collections.abc import Iterable, Mapping, Sequence

from services.warning.core.facts.ledger.chain import paid_by, stretches
from services.warning.core.facts.ledger.loan import Payment
from services.warning.core.facts.ledger.plans import FOR_EVER, Mark, Plan, Plans, Waiver
from services.warning.core.facts.ledger.words import NEVER_BEGUN, AnyWord, Fell, Lent, Replanned, Settled, Waived


class Hearing:
    """What is known once each word has been heard. What a word settles is what was known when it was booked.

    A word that says itself what it settled (`waived`, `begin`, `lacks`) is believed, so that what came before it may be
    forgotten. Words of before `final` are made to say so: nothing can arrive any more that came before them.
    """

    def __init__(self, payments: Iterable[Payment], final: int = -1) -> None:
        self.known = Plans()
        self.lacks: list[int] = []
        self.settled: list[Settled] = []
        """Closings and write-offs, in the order in which they were heard."""
        self._payments = list(payments)
        self._final = final
        self._ended: Settled | None = None

    def hear(self, word: AnyWord) -> None:
        """The next word."""
        match word:
            case Lent():
                self._lent(word)
            case Fell():
                self.known.plan_of(word.day).hear(word)
            case Replanned():
                self._replanned(word)
            case Settled():
                self._settled(word)

    def _lent(self, word: Lent) -> None:
        ended, self._ended = self._ended, None
        if word.begin >= 0:
            self._begin_again(word, word.begin, word.first_day)
        elif word.begin == NEVER_BEGUN and ended is not None and all(day > ended.day for day, _ in word.schedule):
            self._begin_again(word, max(word.time, ended.moment), ended.day + 1)
        else:
            self._correct(word)

    def _begin_again(self, word: Lent, begin: int, first_day: int) -> None:
        self.known.begin_again(word, begin, first_day)
        self.lacks = list(word.lacks or [])
        if word.time < self._final:
            word.begin, word.first_day = begin, first_day

    def _correct(self, word: Lent) -> None:
        due = self._due_or_paid(word) if word.lacks is None else {}
        base = self.known.correct(word)
        days = {each.day for each in base.slots.values()}
        missing = {*self.lacks, *(day for slot, day in due.items() if slot not in base.slots)}
        self.lacks = sorted(missing - days) if word.lacks is None else list(word.lacks)
        if word.time < self._final:
            word.begin, word.first_day, word.lacks = base.begin, base.first_day, list(self.lacks)

    def _due_or_paid(self, word: Lent) -> dict[str, int]:
        """Slots of this cycle's plans that had fallen due by the day of a word, or were paid, with their days."""
        plans = self.known.of_cycle()
        if not any(each.slots for each in plans):
            return {}
        last = stretches(self.known, paid_by(self._payments, word.time))[-1]
        unpaid = {(each.plan, each.slot) for each in last.unpaid}
        ends = [*(each.first_day for each in plans[1:]), FOR_EVER]
        return {
            each.slot: each.day
            for plan, end in zip(plans, ends, strict=True)
            for each in plan.owed
            if each.day < end and (each.day < word.day or (each.plan, each.slot) not in unpaid)
        }

    def _replanned(self, word: Replanned) -> None:
        plan = self.known.follow(word)
        waived = self._carried(word, plan) if word.waived is None else word.waived
        self.known.waivers += [Waiver(plan.begin, each, plan.first_day) for each in waived]
        if word.time < self._final:
            word.waived = waived

    def _carried(self, word: Replanned, plan: Plan) -> list[Waived]:
        """What the plans before leave unpaid, as known: the new one has it."""
        found = stretches(self.known, paid_by(self._payments, word.time))
        number = next(number for number, each in enumerate(found) if each.plan is plan)
        return [(each.plan, each.slot, each.amount) for each in found[number - 1].unpaid] if number else []

    def _settled(self, word: Settled) -> None:
        later = self.known.take_over(word.moment)
        by = "closed" if word.amount < 0 else "written_off"
        mark = Mark(word.moment, word.time, by)
        self.known.marks.append(mark)
        self.settled.append(word)
        self._ended = word
        waived = self._unpaid(word, mark, later) if word.waived is None else word.waived
        self.known.waivers += [Waiver(word.moment, each) for each in waived]
        if word.time < self._final:
            word.waived = waived

    def _unpaid(self, word: Settled, mark: Mark, later: list[Waived]) -> list[Waived]:
        """All that is unpaid as known, of plans that are still to begin as well, and what was to be waived later."""
        self.known.waivers += [Waiver(word.moment, each) for each in later]
        found = stretches(self.known, paid_by(self._payments, word.time))
        if later:
            del self.known.waivers[-len(later) :]
        number = next(number for number, each in enumerate(found) if each.mark is mark)
        unpaid = {(each.plan, each.slot): each.amount for stretch in found[number:] for each in stretch.owed}
        return [*later, *((plan, slot, amount) for (plan, slot), amount in unpaid.items())]


def hear(words: Sequence[AnyWord], payments: Iterable[Payment], final: int = -1) -> Hearing:
    """Everything that was said; of words of before `final` for good."""
    found = Hearing(payments, final)
    for each in _second_cycles_last(words):
        found.hear(each)
    return found


def _second_cycles_last(words: Sequence[AnyWord]) -> Sequence[AnyWord]:
    """A loan closed and lent anew in one nightly file, all stamped alike: the closing is of what was lent before."""
    closings = {each.time: each for each in words if isinstance(each, Settled)}
    anew = {each.time for each in words if isinstance(each, Lent) and _after(each, closings) and each is not words[0]}
    if not anew:
        return words

    def place(word: AnyWord) -> int:
        if word.time in anew and _after(word, closings):
            return 1 if isinstance(word, Lent) else 2
        return 0

    return sorted(words, key=lambda each: (each.time, place(each)))


def _after(word: AnyWord, closings: Mapping[int, Settled]) -> bool:
    """Whether it speaks only of days after the closing that was booked at its own time."""
    closing = closings.get(word.time)
    if closing is None or not isinstance(word, Lent | Fell):
        return False
    days = [day for day, _ in word.schedule] if isinstance(word, Lent) else [word.day]
    return all(day > closing.day for day in days)
