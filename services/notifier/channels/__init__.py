"""One folder a channel: its `channel.py` holds a CHANNEL, its `examples.py` the EXAMPLES. There is no list."""

import pkgutil
from functools import cache
from importlib import import_module

from services.notifier.channels.channel import ChannelType, Example


@cache
def discover() -> dict[str, ChannelType]:
    """Every channel by its folder's name. Raises TypeError for a folder whose channel.py holds no CHANNEL."""
    folders = sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg)
    return {name: _load(name) for name in folders}


def examples(name: str) -> list[Example]:
    """A channel's examples."""
    found: list[Example] = import_module(f"{__name__}.{name}.examples").EXAMPLES
    return found


def _load(name: str) -> ChannelType:
    channel = getattr(import_module(f"{__name__}.{name}.channel"), "CHANNEL", None)
    if not isinstance(channel, ChannelType):
        raise TypeError(f"expected a ChannelType called CHANNEL in channels/{name}/channel.py, found {channel!r}")
    return channel
