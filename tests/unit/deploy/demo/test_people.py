"""Who is told in the demo: the notifier itself takes the configuration, and routes by it."""

import json

from deploy.local.demo import people
from services.notifier.configuration.reading import read
from services.notifier.configuration.sections import Configuration
from services.notifier.core.routing import receivers_of
from shared.warnings import Kind, Level
from tests.unit.deploy.demo.changes import change


def _configuration() -> Configuration:
    written = json.dumps(people.configuration("http://127.0.0.1:1", "http://127.0.0.1:2"))
    return read(written, without_secrets=True)


def test_officers_hear_of_what_concerns_them_and_the_system_of_everything() -> None:
    routes = _configuration().routes

    assert receivers_of(routes, change("a", Kind.RAISED, Level.BLUE)) == (people.SYSTEM,)
    assert receivers_of(routes, change("a", Kind.RAISED, Level.YELLOW)) == (people.SYSTEM, people.OFFICERS)
    assert receivers_of(routes, change("a", Kind.ACKNOWLEDGED, Level.RED)) == (people.SYSTEM, people.OFFICERS)


def test_what_is_orange_is_handed_up_to_the_chief_and_then_to_the_board() -> None:
    steps = _configuration().escalations["unanswered"].steps

    assert [each.receivers for each in steps] == [(people.CHIEF,), (people.BOARD,)]


def test_every_secret_of_the_configuration_is_made_anew_for_each_run() -> None:
    first, second = people.new_secrets(), people.new_secrets()
    written = json.dumps(people.configuration("http://127.0.0.1:1", "http://127.0.0.1:2"))

    assert all(f'"{name}"' in written for name in first)
    assert written.count("secret_env") == len(first)
    assert set(first.values()).isdisjoint(second.values())
