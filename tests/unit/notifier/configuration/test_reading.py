"""A configuration is validated whole, and every mistake is told with its place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels import discover
from services.notifier.channels.settings import ReceiverSettings
from services.notifier.configuration import ConfigurationError, load, read
from services.notifier.configuration.sections import SECTIONS
from services.notifier.core.routing import Manner

CHANNELS = ", ".join(sorted(discover()))
EXAMPLE = Path("services/notifier/example.yaml")
WELL = "receivers: {journal: {channel: log}}\nroutes: [{receivers: [journal]}]\n"
NINE_TIMES_NINE = "a0: &a0 x\n" + "".join(
    f"a{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 9)}]\n" for each in range(1, 10)
)
"""A list of nine lists of nine lists: 553 bytes that would be 400 million values."""


def _told(text: str) -> str:
    with pytest.raises(ConfigurationError) as found:
        read(text, "notifier.yaml")
    return str(found.value)


def test_the_example_is_a_configuration_that_shows_all_there_is() -> None:
    found = load(EXAMPLE, without_secrets=True)
    routes = [*found.routes, *(inner for each in found.routes for inner in each.routes)]
    shown = {name for each in (*found.receivers.values(), *routes) for name in each.model_fields_set}

    assert all(getattr(found, name) for name in SECTIONS)
    assert set(Manner.model_fields) | {"match", "go_on", "routes"} <= shown
    assert set(ReceiverSettings.model_fields) - {"collapse"} <= shown


def test_the_example_needs_its_secrets_to_serve() -> None:
    with pytest.raises(
        ConfigurationError, match="expected secret_env to name an environment variable with a secret; it is not set"
    ):
        load(EXAMPLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1, column 1: expected a mapping with `receivers` and `routes`"),
        ("a: [", "line 1, column 5"),
        ("a:\n  b: c\x08d", "line 2, column 7: expected printable characters, got U+0008"),
        ("a:\n  b: 2026-02-30", "line 2, column 6: day is out of range for month"),
        ("[" * 5_000, "line 1, column 25: nested more than 24 deep"),
        ('a: "\\0"', "line 1, column 4: expected printable characters, got U+0000"),
        ('a: "\\ud800"', "line 1, column 4: expected printable characters, got U+D800"),
        ('a: "\\UFFFFFFFF"', "line 1, column 7: expected an escape that names a character of Unicode"),
        ("a: !!timestamp noon", "line 1, column 4: expected a value that its tag fits"),
        (NINE_TIMES_NINE, "line 7, column 20: expected at most 250000 values with every alias written out"),
        ("a: &a [*a]", "line 1, column 8: the alias stands within what it stands for"),
        (f"{WELL}a: {'9' * 5_000}", "line 3, column 4: Exceeds the limit"),
        ("receivers: {}\nroutes: []", "line 2, column 9: expected `routes`, a list of at least one"),
        ("receivers: {A: {channel: log}}", "column 13: expected a name of lower-case letters"),
        ("receivers: {a: {channel: pigeon}}", f"expected `channel`, one of {CHANNELS}"),
        ("receivers: {a: {channel: log, colour: 1}}", "column 31: there is no such setting"),
        ("receivers: {a: {channel: log, concurrency: 0}}", "column 44: concurrency: Input should be greater than"),
        ("receivers: {a: {channel: log}, a: {channel: log}}", "column 32: this key stands twice"),
        (f"{WELL}more: 1", "line 3, column 1: expected `receivers`, `routes`, `times`,"),
        (
            "receivers: {a: {channel: log}}\nroutes: [{receivers: [b]}]",
            "line 2, column 23: there is no receiver of this name; expected one of a",
        ),
        (
            "receivers: {a: {channel: log}, b: {channel: log}}\nroutes: [{receivers: [a]}]",
            "line 1, column 32: no route leads to the receiver 'b'",
        ),
        ("receivers: {a: {channel: log}}\nroutes: [{match: {level: purple}, receivers: [a]}]", "line 2, column 26"),
        ("!!python/object:os.system {}", "line 1, column 1"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    assert expected in _told(text)


def test_an_anchor_may_be_used_again_and_a_mapping_merged_as_far_as_a_file_needs() -> None:
    text = "receivers: {a: &a {channel: log}, b: {<<: *a, concurrency: 2}, c: *a}\nroutes: [{receivers: [a, b, c]}]\n"

    found = read(text).receivers

    assert found["a"] == found["c"]
    assert found["b"] == found["a"].model_copy(update={"concurrency": 2})


def test_a_file_that_is_not_utf_8_is_told_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"receivers: {}\nroutes: caf\xe9\n")
    with pytest.raises(ConfigurationError, match="line 2, column 12: expected UTF-8, got the byte 0xe9"):
        load(tmp_path / "latin.yaml")


def test_a_file_of_any_size_is_refused_before_it_is_read_whole() -> None:
    with pytest.raises(ConfigurationError, match="expected a file of at most 4000000 bytes"):
        load(Path("/dev/zero"))


def test_all_mistakes_are_told_at_once_in_the_order_of_the_text() -> None:
    told = _told("receivers: {a: {channel: x}, b: {channel: log, c: 1}}\nroutes: [{receivers: [z]}]")

    assert [line.split(": ")[1].split(",")[0] for line in told.splitlines() if line.startswith("notifier.yaml")] == [
        "line 1",
        "line 1",
        "line 2",
    ]


SECRET = "hunter2-Zr7"
MISPLACED = (
    SECRET,
    f"*{SECRET}",
    f"!{SECRET}",
    f"[{SECRET}",
    f"{{{SECRET}",
    f"'{SECRET}",
    f"!!int {SECRET}",
    f"{{receivers: {SECRET}}}",
    f"{SECRET}: 1",
    f"receivers: {{{SECRET}_: {{channel: log}}}}",
    f"receivers: {{a: {{channel: {SECRET}}}}}",
    f"receivers: {{a: {{channel: log, {SECRET}: 1}}}}",
    f"receivers: {{a: {{channel: log, {SECRET}: 1, {SECRET}: 2}}}}",
    f"receivers: {{a: {{channel: log, fallback: {SECRET}}}}}",
    f"receivers: {{a: {{channel: log, retry_by_level: {{{SECRET}: {{}}}}}}}}",
    f"receivers: {{a: {{channel: webhook, url: {SECRET}, secrets: [{SECRET}]}}}}",
    f"receivers: {{a: {{channel: webhook, url: 'https://u:{SECRET}@a.example', secrets: {SECRET}}}}}",
    f"receivers: {{a: {{channel: webhook, url: 'https://a.example:{SECRET}', secrets: [{{secret_env: {SECRET}}}]}}}}",
    f"receivers: {{a: {{channel: slack, url: {SECRET}}}, b: {{channel: slack, url: {{secret_file: {SECRET}}}}}}}",
    f"receivers: {{a: {{channel: email, host: a, from: {SECRET}, to: [{SECRET}], password: {SECRET}}}}}",
    f"receivers: {{a: {{channel: kafka, bootstrap: '{SECRET}@a', topic: '{SECRET}!', password: {SECRET}}}}}",
    f"times: {{a: {{time_zone: {SECRET}, hours: [{SECRET}]}}}}",
    f"{WELL}escalations: {{a: {{steps: [{{wait: {SECRET}, receivers: [{SECRET}]}}]}}}}",
    f"receivers: {{a: {{channel: log}}}}\nroutes: [{{match: {{level: {SECRET}}}, receivers: [{SECRET}]}}]",
    f"receivers: {{a: {{channel: log}}}}\nroutes: [{{receivers: [{SECRET}], quiet: {SECRET}, escalation: {SECRET}}}]",
)


@pytest.mark.parametrize("text", MISPLACED)
def test_a_secret_in_the_wrong_place_is_not_repeated_in_the_error(text: str) -> None:
    assert SECRET not in _told(text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        load(tmp_path / "none.yaml")


@given(st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"% \n\tab0", max_size=60))
def test_whatever_the_text_is_it_is_read_or_refused_in_our_words(text: str) -> None:
    refused = _refusal(text)

    assert refused is None or refused.startswith("notifier.yaml: line ")


def _refusal(text: str) -> str | None:
    try:
        read(text, "notifier.yaml")
    except ConfigurationError as error:
        return str(error)
    return None
