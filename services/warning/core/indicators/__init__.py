"""Numbers computed from the facts: one file a family of indicators, found at start; there is no list."""

from services.warning.core.indicators.catalogue import CATALOGUE, Indicator, Reading

__all__ = ["CATALOGUE", "Indicator", "Reading"]
