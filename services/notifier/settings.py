"""The notifier's settings, from the environment."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import DatabaseSettings, HttpSettings, KafkaSettings


class NotifierSettings(HttpSettings, KafkaSettings, DatabaseSettings):
    """Where the notifier's receivers are written down, and how it keeps its work."""

    notifier_config: str = Field(default="", description="YAML file of receivers and routes")
    notifier_attempt_seconds: float = Field(
        default=30, gt=0, description="The longest one attempt may take, in any channel"
    )
    notifier_lease_seconds: float = Field(
        default=60, gt=0, description="After this a claimed delivery may be claimed again"
    )
    notifier_poll_seconds: float = Field(default=0.5, gt=0, description="How often work nobody announced is looked for")
    notifier_housekeeping_seconds: float = Field(
        default=10, gt=0, description="How often deadlines of disabled receivers are kept, and the backlog is measured"
    )
    notifier_remember_days: int = Field(
        default=21, ge=15, description="How long a change's id is remembered; the topic keeps changes for 14 days"
    )
    notifier_keep_days: int = Field(
        default=400, ge=1, description="How long it is kept what was told, in which attempts, and why something was not"
    )
    notifier_silence_days: float = Field(default=31, gt=0, description="The longest that a silence may last")
    notifier_contact_keys: SecretStr | None = Field(
        default=None,
        description="Keys that seal borrowers' contacts, NAME:KEY (32 bytes in base64) each, the first one seals",
    )
    notifier_contact_keys_file: str = Field(default="", description="A file with such keys instead, one a line")

    @model_validator(mode="after")
    def _lease_outlives_attempt(self) -> Self:
        if self.notifier_lease_seconds <= self.notifier_attempt_seconds:
            raise ValueError(
                f"expected NOTIFIER_LEASE_SECONDS above NOTIFIER_ATTEMPT_SECONDS ({self.notifier_attempt_seconds:g}),"
                f" or a slow attempt would be sent twice; got {self.notifier_lease_seconds:g}"
            )
        return self
