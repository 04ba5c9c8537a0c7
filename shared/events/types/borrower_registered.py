"""borrower.registered: the lender took on a borrower, or learnt something new of one."""

from typing import ClassVar, Literal

from shared.events.fields import EventData, Word


class BorrowerRegistered(EventData):
    """Who the borrower is, without a name or a contact. A later one replaces an earlier one."""

    TYPE: ClassVar = "borrower.registered"
    EXAMPLE: ClassVar = {"kind": "enterprise", "segment": "sme_seasonal", "sector": "agriculture", "region": "Kano"}

    kind: Literal["individual", "enterprise"]
    segment: Word | None = None
    sector: Word | None = None
    region: Word | None = None
