"""Why somebody is not told of a change at once, or not at all: the one word that is kept and shown."""

from enum import StrEnum


class Reason(StrEnum):
    """The first eight hold a change back for a while; the others, and what ends while it is muted, leave it out."""

    GROUP = "group"
    """It waits for others, or follows what is held already."""
    DIGEST = "digest"
    QUIET = "quiet"
    INACTIVE = "inactive"
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    STORM = "storm"
    ESCALATION = "escalation"
    """Its step comes if nobody answers before."""
    UNTOLD = "untold"
    """How it went on, and the receiver was never told of what."""
    OVER = "over"
    """The warning had ended before anybody there was told of it."""
    SUPERSEDED = "superseded"
    """A later change of the warning is told instead."""
    UNCONFIGURED = "unconfigured"
    """The receiver is not configured any more."""
    CONDUCT = "conduct"
    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    NO_CONTACT = "no_contact"
    ACKNOWLEDGED = "acknowledged"
    """Somebody answered for the warning before its step of an escalation came."""
    CLOSED = "closed"
    """The warning ended before its step of an escalation came."""


MUTING = frozenset({Reason.SILENCED, Reason.INHIBITED})
"""Not told while they last, and not at all where the warning ends meanwhile."""
HOLDING = frozenset(
    {Reason.GROUP, Reason.DIGEST, Reason.QUIET, Reason.INACTIVE, Reason.STORM, Reason.ESCALATION, *MUTING}
)
