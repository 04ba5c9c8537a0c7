"""What is remembered of a borrower: one file a family of events, found at start; there is no list."""

from services.warning.core.facts.catalogue import FAMILIES, Facts, checks_of, readers_of
from services.warning.core.facts.family import KEPT_DAYS, LATENESS_DAYS, Family, Remark

__all__ = ["FAMILIES", "KEPT_DAYS", "LATENESS_DAYS", "Facts", "Family", "Remark", "checks_of", "readers_of"]
