"""What becomes of an event, and why one is not applied."""

from collections.abc import Sequence
from typing import Literal

from services.warning.core.facts import Remark

Outcome = Literal["applied", "duplicate", "id_conflict", "too_late", "reversal_mismatch"]

_WHY = {
    "id_conflict": "another event with the same source and id, but other content, was applied before",
    "too_late": "the event is further behind its borrower's clock, or its partition's, than the lateness bound",
}


def refusal(outcome: Outcome, remarks: Sequence[Remark]) -> str | None:
    """Why an event was refused, in a sentence; None where it was applied, or had been before.

    What does not fit the facts is told by the last of the remarks on it.
    """
    if outcome in _WHY:
        return _WHY[outcome]
    return remarks[-1].detail if outcome == "reversal_mismatch" else None
