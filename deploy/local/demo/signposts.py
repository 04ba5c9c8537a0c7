"""Where to look while the demo stays up, and an event to send."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.local.stack import SERVICES, Stack


def signposts(stack: Stack) -> RenderableType:
    """The addresses of the running services, ready for a browser or a shell."""
    table = Table(box=None, show_header=False)
    table.add_column(style="dim")
    table.add_column(no_wrap=True)
    for name in SERVICES:
        table.add_row(f"{name}: its API", f"{stack.url(name)}/docs")
    table.add_row("warnings", f"{stack.url('warning')}/v1/warnings")
    table.add_row("deliveries", f"{stack.url('notifier')}/v1/deliveries")
    for name in SERVICES:
        table.add_row(f"{name}: metrics", f"{stack.url(name)}/metrics")
    told = Text("Everything is still running. README.md, 'A first event', goes on from here, after this in a shell:")
    shell = Text("\n".join(f"export {name.upper()}={stack.url(name)}" for name in SERVICES))
    return Group(table, told, shell, Text("Ctrl-C ends it all."))
