"""Why somebody was told, is not told yet, or was not told: a sentence for whoever asks."""

from collections.abc import Mapping
from datetime import datetime

from services.notifier.core.reasons import Reason

_HELD: Mapping[str, str] = {
    Reason.GROUP: "is gathered with others and told together",
    Reason.DIGEST: "waits for the next digest",
    Reason.QUIET: "waits for quiet hours to end",
    Reason.INACTIVE: "waits for active hours to begin",
    Reason.SILENCED: "is silenced",
    Reason.INHIBITED: "is muted by a weightier warning",
    Reason.STORM: "is summed up with many others",
    Reason.ESCALATION: "is told by a step of an escalation, if nobody answers for the warning before",
}
_SUPPRESSED: Mapping[str, str] = {
    Reason.UNTOLD: "was not told, because nobody there was ever told of this warning",
    Reason.OVER: "was not told, because the warning was over before it was told there",
    Reason.SUPERSEDED: "was not told by itself",
    Reason.SILENCED: "was not told, because it was silenced",
    Reason.INHIBITED: "was not told, because a weightier warning muted it",
    Reason.UNCONFIGURED: "was not told, because there is no such receiver any more",
    Reason.CONDUCT: "was not told, because the rules of contact with borrowers forbid it",
    Reason.OPTED_OUT: "was not told, because the borrower wants no messages",
    Reason.NO_CONSENT: "was not told, because the borrower has not agreed to be written to this way",
    Reason.ACKNOWLEDGED: "was not told, because somebody answered for the warning before",
    Reason.CLOSED: "was not told, because the warning ended before",
    Reason.NO_CONTACT: "was not told, because there is no such contact in the directory",
}
_DELIVERED = {
    "pending": "is on its way",
    "delivered": "was told",
    "dead": "could not be told",
    "superseded": "was not sent, because a later change took its place",
    "suppressed": "was not sent",
}


def sentence(
    state: str, reason: str, detail: str, until: datetime | None, delivery_state: str | None, error: str | None
) -> str:
    """Such as "is silenced: silenced by head office: known; looked at again at 2026-03-01T12:00:00+00:00"."""
    match state:
        case "held":
            said, why = _HELD.get(reason, f"waits ({reason})"), detail
        case "suppressed":
            said, why = _SUPPRESSED.get(reason, f"was not told ({reason})"), detail
        case _:
            said, why = _DELIVERED[delivery_state or "pending"], error or ""
    again = f"; looked at again at {until.isoformat()}" if until is not None else ""
    return f"{said}{f': {why}' if why else ''}{again}"
