"""Every indicator there is, found in this folder."""

import pkgutil
from importlib import import_module
from types import MappingProxyType

import services.warning.core.indicators as package
from services.warning.core.indicators.indicator import Indicator, Reading

__all__ = ["CATALOGUE", "Indicator", "Reading"]


def _discover() -> dict[str, Indicator]:
    found: dict[str, Indicator] = {}
    for each in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{each.name}")
        for indicator in getattr(module, "INDICATORS", ()):
            if indicator.name in found:
                raise ValueError(f"two indicators are called {indicator.name}; the second is in {each.name}.py")
            found[indicator.name] = indicator
    return dict(sorted(found.items()))


CATALOGUE: MappingProxyType[str, Indicator] = MappingProxyType(_discover())
"""By name."""
