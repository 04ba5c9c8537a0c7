"""Settings of the warning service, each read from the environment."""

from pathlib import Path
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from shared.settings import ClockSettings, DatabaseSettings, HttpSettings, KafkaSettings

SHIPPED_RULESET = Path(__file__).parent / "core" / "rules" / "default.yaml"


class Settings(HttpSettings, KafkaSettings, DatabaseSettings, ClockSettings):
    """What an operator may set."""

    time_zone: str = Field(
        default="UTC", description="The lender's time zone, an IANA name: its midnights are when days past due grow"
    )
    ruleset_file: Path = Field(
        default=SHIPPED_RULESET, description="The rules to judge by; the shipped ones where none is named"
    )
    warning_group_instance_id: str | None = Field(
        default=None,
        description="A stable name of this replica (a StatefulSet's ordinal): it comes back to its partitions at once",
    )
    warning_clock_settle_seconds: float = Field(
        default=300.0,
        ge=0,
        description="With WARNING_CLOCK=wall, how long after a due time it is judged, so that late bookings arrive",
    )
    warning_clock_tolerance_seconds: float = Field(
        default=60.0,
        gt=0,
        description="With WARNING_CLOCK=wall, how far this machine's clock and PostgreSQL's may be apart;"
        " beyond, no due time comes",
    )
    warning_clock_step_seconds: float = Field(
        default=86_400.0,
        gt=0,
        description="With WARNING_CLOCK=wall, how far beyond a due time one step goes; a longer way takes several",
    )
    warning_future_limit_seconds: float = Field(
        default=3_600.0,
        ge=0,
        description="With WARNING_CLOCK=wall, an event further ahead of its record goes to the dead letters; 0: none."
        " Not below INGEST_FUTURE_LIMIT_SECONDS",
    )
    warning_cache_mb: int = Field(
        default=1_024, ge=1, description="Memory for borrowers' states, in MB; the default fits a 2 GiB pod"
    )
    warning_batch_records: int = Field(
        default=4_000, ge=1, le=20_000, description="Records decided in one transaction at most"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError('expected an IANA time zone such as "Africa/Lagos"')
        return zone
