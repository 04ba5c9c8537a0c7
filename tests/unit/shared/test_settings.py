"""A wrong setting is named with what was expected, and what was given is shown nowhere."""

import pytest
from pydantic import ValidationError

from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.warning.settings import Settings as WarningSettings
from shared.settings import FromEnvironment, KafkaSettings, from_environment

SERVICES: tuple[type[FromEnvironment], ...] = (IngestSettings, NotifierSettings, WarningSettings)
SECRET = "hunter2/Zr7+q@x?y#z"
EVERY = [(each, name) for each in SERVICES for name in each.model_fields]
FREE = {
    "auth_keys_file",
    "kafka_username",
    "kafka_password",
    "kafka_ca_file",
    "notifier_config",
    "notifier_contact_keys",
    "notifier_contact_keys_file",
    "ruleset_file",
    "warning_group_instance_id",
}
"""Settings that may be any text; whether it means something shows in use: tests/integration/test_secrets.py."""
SECRETS = {"kafka_password", "notifier_contact_keys"}


def _refused(settings: type[FromEnvironment], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        from_environment(settings)
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert not told.out
    return told.err


@pytest.mark.parametrize(("settings", "name"), [each for each in EVERY if each[1] not in FREE])
def test_a_setting_that_is_wrong_is_one_line_without_what_was_given(
    settings: type[FromEnvironment], name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name.upper(), SECRET)

    told = _refused(settings, capsys)

    assert told.startswith(f"{name.upper()}: ")
    assert told.count("\n") == 1
    assert "hunter2" not in told
    with pytest.raises(ValidationError) as refused:
        settings()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(("settings", "name"), [each for each in EVERY if each[1] in FREE])
def test_a_setting_that_holds_a_secret_does_not_show_it(
    settings: type[FromEnvironment], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name.upper(), SECRET)

    assert (SECRET in repr(settings())) is (name not in SECRETS)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bellwether:hunter2@db.example:54x2/loans",
        "postgresql://bellwether:hunter2/Zr7@db.example/loans",
        "postgresql://bellwether:hun#hunter2@db.example/loans",
        "postgresql://bellwether:1?hunter2=x@db.example/loans",
        "mysql://bellwether:hunter2@db.example/loans",
        "postgresql//bellwether:hunter2@db.example/loans",
        "postgresql://bellwether:hunter2@db.example:5432,other.example:5432/loans",
        "postgresql://bellwether:hunter2@db.example/loans?connect_timeout=1",
        "postgresql://bellwether:hunter2@[db.example/loans",
        "hunter2",
    ],
)
def test_a_mistyped_database_url_does_not_show_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    told = _refused(WarningSettings, capsys)

    assert told.startswith("DATABASE_URL: ")
    assert "hunter2" not in told


def test_the_password_of_a_right_database_url_is_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://bellwether:hunter2@db.example/loans")

    assert "hunter2" not in f"{WarningSettings()!r} {WarningSettings()}"


def test_every_wrong_setting_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"AUTH": "on", "HTTP_PORT": "http", "TIME_ZONE": "Lagos", "WARNING_CACHE_MB": "0"}.items():
        monkeypatch.setenv(name, value)

    assert _refused(WarningSettings, capsys).splitlines() == [
        "HTTP_PORT: expected a valid integer, unable to parse string as an integer",
        "AUTH: expected 'keys' or 'off'",
        'TIME_ZONE: expected an IANA time zone such as "Africa/Lagos"',
        "WARNING_CACHE_MB: expected greater than or equal to 1",
    ]


def test_settings_that_do_not_go_together_are_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOTIFIER_LEASE_SECONDS", "5")

    assert _refused(NotifierSettings, capsys).startswith("expected NOTIFIER_LEASE_SECONDS above ")


@pytest.mark.parametrize("brokers", ["kafka", "kafka:9092", "a_b.example:1,10.0.0.1:9092, c:9092", "[::1]:9092"])
def test_brokers_are_hosts_with_or_without_a_port(brokers: str) -> None:
    assert KafkaSettings(kafka_bootstrap=brokers).kafka_bootstrap == brokers


@pytest.mark.parametrize("brokers", ["", "a:9092,", "kafka://a:9092", "u:hunter2@a:9092", "a:port"])
def test_brokers_that_are_none_are_refused(brokers: str) -> None:
    with pytest.raises(ValidationError, match="expected host:port of one or more brokers"):
        KafkaSettings(kafka_bootstrap=brokers)
