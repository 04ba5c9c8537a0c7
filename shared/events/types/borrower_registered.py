"""borrower.registered: the lender took on a borrower, or learnt something new of one."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from shared.events.fields import EventData, Word


class BorrowerRegistered(EventData):
    """Who the borrower is and who looks after it, without its name or a contact. A later one replaces an earlier."""

    TYPE: ClassVar = "borrower.registered"
    EXAMPLE: ClassVar = {
        "kind": "enterprise",
        "segment": "sme_seasonal",
        "sector": "agriculture",
        "region": "Kano",
        "branch": "Kano Central",
        "relationship_manager": "RM-017",
    }

    kind: Literal["individual", "enterprise"]
    segment: Word | None = None
    sector: Word | None = None
    region: Word | None = None
    branch: Word | None = None
    lender_unit: Word | None = None
    relationship_manager: Annotated[Word | None, Field(description="The lender's own word for the member of staff")] = (
        None
    )
    group: Annotated[Word | None, Field(description="The group of connected borrowers it belongs to")] = None
