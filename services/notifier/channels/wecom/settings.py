"""How a WeCom robot is configured."""

from typing import Literal

from pydantic import Field

from services.notifier.channels.robots import RobotSettings


class WeComSettings(RobotSettings):
    """A group robot's webhook, with its key."""

    channel: Literal["wecom"]
    format: Literal["markdown", "text"] = Field(
        default="markdown", description="`text` also reaches WeChat, which does not show Markdown"
    )
