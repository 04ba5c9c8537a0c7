"""DATABASE_URL says all that it means, or is refused, and no message repeats what it holds."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database_url import KNOWN, MODES, database_address

URL = "postgresql://bellwether:s3cret@db.lender.example:5433/loans"


def test_a_plain_address_is_taken_apart_and_says_nothing_of_encryption() -> None:
    arguments = database_address(URL).arguments({"search_path": "warning"})

    assert arguments == {
        "host": "db.lender.example",
        "port": 5433,
        "user": "bellwether",
        "password": "s3cret",
        "database": "loans",
        "server_settings": {"search_path": "warning"},
    }


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_password_comes_through_percent_encoded(password: str) -> None:
    address = database_address(f"postgresql://u:{quote(password, safe='')}@host/database")

    assert address.password == password
    assert (address.host, address.port, address.database) == ("host", None, "database")


def test_a_socket_and_a_name_for_the_servers_own_lists_are_taken_from_the_parameters() -> None:
    arguments = database_address("postgresql:///?host=/run/postgresql&application_name=bell+wether").arguments({})

    assert arguments["host"] == "/run/postgresql"
    assert arguments["database"] == "postgres"
    assert arguments["server_settings"] == {"application_name": "bell+wether"}


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_what_is_said_of_encryption_goes_to_the_driver(mode: str) -> None:
    assert database_address(f"{URL}?sslmode={mode}").arguments({})["dsn"] == f"postgresql://?sslmode={mode}"


def test_the_systems_authorities_vouch_for_a_name_and_nothing_less() -> None:
    context = database_address(f"{URL}?sslrootcert=system").arguments({})["ssl"]
    assert context.check_hostname

    with pytest.raises(ValueError, match="expected sslmode=verify-full with sslrootcert=system"):
        database_address(f"{URL}?sslmode=verify-ca&sslrootcert=system")


REFUSED = {
    "connect_timeout=5": f"expected no parameters but {', '.join(KNOWN)}; got 'connect_timeout'",
    "sslmode=require&channel_binding=require": "got 'channel_binding'",
    "password=s3cret": "got 'password'",
    "SSLMODE=require": "got 'SSLMODE'",
    "sslmode=verify_full": f"expected sslmode as one of {', '.join(MODES)}",
    "sslmode=": "expected sslmode once, with a value",
    "sslmode": "expected sslmode once, with a value",
    "sslmode=disable&sslmode=verify-full": "expected sslmode once, with a value",
    "sslmode=verify-ca": "expected sslrootcert with sslmode=verify-ca",
    "sslmode=require&sslkey=/etc/key.pem": "expected sslcert with sslkey",
    "sslmode=require&sslrootcert=/nowhere/s3cret": "expected sslrootcert as a PEM file of certificates: No such file",
    "sslmode=require&sslcert=/nowhere/s3cret": "expected sslcert and sslkey as PEM files",
}


@pytest.mark.parametrize(("parameters", "expected"), REFUSED.items(), ids=REFUSED)
def test_what_is_not_understood_is_refused_with_what_was_expected(
    parameters: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)

    with pytest.raises(ValueError, match="expected") as refused:
        database_address(f"{URL}?{parameters}")

    assert expected in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_file_that_libpq_looks_for_by_itself_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").touch()

    assert "sslmode=verify-full" in database_address(f"{URL}?sslmode=verify-full").arguments({})["dsn"]


def test_a_file_without_a_certificate_is_refused_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("s3cret")

    with pytest.raises(ValueError, match="expected sslrootcert as a PEM file of certificates") as refused:
        database_address(f"{URL}?sslmode=verify-full&sslrootcert={tmp_path}/root.pem")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret@one:5432,two:5432/loans",
        "postgresql://u:1?s3cret=x@host/loans",
        "postgresql://u:1#s3cret@host/loans",
        "postgresql://u:1@host/loans#s3cret",
    ],
)
def test_a_url_that_means_something_else_than_it_seems_to_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="expected") as refused:
        database_address(url)
    assert "s3cret" not in str(refused.value)


def test_an_address_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(database_address(URL))
