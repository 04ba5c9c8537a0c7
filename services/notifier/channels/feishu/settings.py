"""How a Feishu robot is configured."""

from typing import Literal

from pydantic import Field

from services.notifier.channels.robots import RobotSettings
from services.notifier.channels.secret import Secret
from services.notifier.core.flow import Rate


class FeishuSettings(RobotSettings):
    """A custom robot's webhook."""

    channel: Literal["feishu"]
    rate: Rate | None = Field(default=Rate(messages=100, burst=5), description="What Feishu takes: also 5 a second")
    secret: Secret | None = Field(default=None, description="Where the robot verifies signatures")
    keyword: str | None = Field(
        default=None, min_length=1, max_length=50, description="Where the robot asks for one: put before each title"
    )
