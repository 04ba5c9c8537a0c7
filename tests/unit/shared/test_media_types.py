"""A media type is what it says, in any case and with parameters."""

import pytest

from shared.media_types import MediaType, declares_json, is_plain_json, media_type


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("application/json; charset=utf-8", MediaType("application/json", "utf-8")),
        ("Application/CloudEvents+JSON", MediaType("application/cloudevents+json", "utf-8")),
        ('application/json;charset="UTF-16"', MediaType("application/json", "utf-16")),
        ("", MediaType("none/none", "utf-8")),
        ("nonsense", MediaType("text/plain", "utf-8")),
    ],
)
def test_it_is_read_without_its_parameters_but_with_its_charset(given: str, expected: MediaType) -> None:
    assert media_type(given) == expected


@pytest.mark.parametrize("given", ["application/json", "TEXT/JSON", "application/vnd.x+json; v=2", "a/b+c+json"])
def test_json_is_declared_by_the_subtype_or_its_suffix(given: str) -> None:
    assert declares_json(given)


@pytest.mark.parametrize("given", ["", "json", "application/jsonl", "application/x-json5", "text/xml", "a b/json"])
def test_anything_else_declares_something_else(given: str) -> None:
    assert not declares_json(given)


def test_only_what_adds_nothing_goes_without_saying() -> None:
    assert all(map(is_plain_json, ["application/json", "Application/JSON ; charset=UTF-8"]))
    assert not any(map(is_plain_json, ["", "text/json", "application/json; version=2", "application/ld+json"]))
