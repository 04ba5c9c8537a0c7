"""One folder an upstream format: its `mapping.py` holds an UPSTREAM. Folders are discovered; there is no list."""

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, str]
"""One record of an upstream's file, by column; a cell that is not there is empty."""
Event = dict[str, Any]
"""A CloudEvent as JSON would have it."""
RowMapping = Callable[[Row], Iterable[Event]]
"""What one row says, as events. Pure; raises ValueError that names the column and what was expected there."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """How one upstream's files become events."""

    source: str
    """The CloudEvents source of all its events."""
    time_zone: ZoneInfo
    """The lender's, in which its days begin and end."""
    files: Mapping[str, RowMapping]
    """What each of its files is called in messages, in the order they are given, and how a row of it is read."""


def discover() -> dict[str, Upstream]:
    """Every upstream by its folder's name. Raises TypeError for a folder whose mapping.py holds no UPSTREAM."""
    folders = sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg)
    return {name: _load(name) for name in folders}


def _load(name: str) -> Upstream:
    upstream = getattr(import_module(f"{__name__}.{name}.mapping"), "UPSTREAM", None)
    if not isinstance(upstream, Upstream):
        raise TypeError(f"expected an Upstream called UPSTREAM in sources/{name}/mapping.py, found {upstream!r}")
    return upstream
