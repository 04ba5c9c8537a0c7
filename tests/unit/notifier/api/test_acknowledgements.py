"""What a link in a message does: asked, it changes nothing; pressed, it is published once, whatever Kafka does."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from fastapi.responses import HTMLResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.api.acknowledgements import Acknowledge, AcknowledgementDesk
from services.notifier.configuration.sections import AcknowledgementLinks
from services.notifier.core.tokens import Link, press_id, signed
from shared.acknowledgements import AcknowledgementGiven
from shared.clock import ManualClock
from shared.kafka.producer import NotAcknowledgedError
from shared.problems import ProblemError
from tests.changes import AT

OLD, NEW = b"the old secret", b"the new secret"
WARNING = UUID(int=7)
LINK = Link(WARNING, "branch-kano", AT + timedelta(days=7))
TOKEN = signed(LINK, NEW)


class Topic:
    """Takes acknowledgements, unless it is away."""

    def __init__(self) -> None:
        self.given: list[AcknowledgementGiven] = []
        self.away = False

    async def publish(self, given: AcknowledgementGiven) -> None:
        if self.away:
            raise NotAcknowledgedError([False], None)
        self.given.append(given)


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(AT)


@pytest.fixture
def desk(topic: Topic, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AcknowledgementDesk:
    monkeypatch.setenv("NEW", NEW.decode())
    monkeypatch.setenv("OLD", OLD.decode())
    secrets = [{"secret_env": "NEW"}, {"secret_env": "OLD"}]
    links = AcknowledgementLinks.model_validate({"base_url": "https://notifier.example", "secrets": secrets})
    return AcknowledgementDesk(topic.publish, lambda: links, clock)


def _text(answer: HTMLResponse) -> str:
    return bytes(answer.body).decode()


def _assert_kept_by_nobody(answer: HTMLResponse) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    policy = answer.headers["content-security-policy"]
    style = _text(answer).partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'")
    assert "script" not in policy + _text(answer)


def test_looking_at_a_link_publishes_nothing_and_shows_a_button_in_both_languages(
    desk: AcknowledgementDesk, topic: Topic
) -> None:
    answer = desk.asked(TOKEN)

    assert (answer.status_code, topic.given) == (200, [])
    for said in ('<form method="post">', "I answer for it", "我来处理", str(WARNING), "branch-kano"):
        assert said in _text(answer)
    _assert_kept_by_nobody(answer)


async def test_pressing_the_button_publishes_the_receivers_word_with_the_same_id_each_time(
    desk: AcknowledgementDesk, topic: Topic, clock: ManualClock
) -> None:
    answers = [await desk.pressed(TOKEN, b""), await desk.pressed(TOKEN, b"by=+")]

    assert [each.status_code for each in answers] == [202, 202]
    expected = AcknowledgementGiven(
        id=press_id(TOKEN), warning_id=WARNING, by="branch-kano", note=None, at=clock.now(), via="link",
        link_of="branch-kano",
    )  # fmt: skip
    assert topic.given == [expected, expected]
    assert "Thank you" in _text(answers[0])
    assert "<form" not in _text(answers[0])
    _assert_kept_by_nobody(answers[0])


async def test_whoever_gives_a_name_is_named_beside_whose_link_it_was_and_cannot_write_markup(
    desk: AcknowledgementDesk, topic: Topic
) -> None:
    answer = await desk.pressed(TOKEN, urlencode({"by": " <b>Night\r\n\x00Desk</b> "}).encode())

    assert (topic.given[0].by, topic.given[0].link_of) == ("<b>Night Desk</b>", "branch-kano")
    assert "&lt;b&gt;Night Desk&lt;/b&gt;" in _text(answer)
    assert "<b>" not in _text(answer)


@settings(max_examples=100)
@given(form=st.binary(max_size=300) | st.text(max_size=300).map(lambda each: urlencode({"by": each}).encode("utf-8")))
async def test_whatever_the_form_holds_there_is_a_name_that_the_record_takes(form: bytes) -> None:
    topic, clock = Topic(), ManualClock(AT)
    links = AcknowledgementLinks.model_construct(secrets=(_Known(),))
    answer = await AcknowledgementDesk(topic.publish, lambda: links, clock).pressed(TOKEN, form)

    assert (answer.status_code, len(topic.given)) == (202, 1)
    assert topic.given[0].by.strip() == topic.given[0].by != ""


class _Known:
    def get_secret_value(self) -> str:
        return NEW.decode()


@pytest.mark.parametrize("secret", [OLD, NEW])
async def test_links_of_a_secret_that_is_being_replaced_are_good(
    desk: AcknowledgementDesk, topic: Topic, secret: bytes
) -> None:
    assert (await desk.pressed(signed(LINK, secret), b"")).status_code == 202
    assert len(topic.given) == 1


async def test_a_link_that_nobody_made_and_one_that_has_ended_say_so_and_do_nothing(
    desk: AcknowledgementDesk, topic: Topic, clock: ManualClock
) -> None:
    forged = [desk.asked("x.y"), await desk.pressed(signed(LINK, b"guessed"), b"")]
    assert [(each.status_code, "not right" in _text(each)) for each in forged] == [(403, True)] * 2
    clock.advance(timedelta(days=7))
    ended = [desk.asked(TOKEN), await desk.pressed(TOKEN, b"")]
    assert [(each.status_code, "has ended" in _text(each)) for each in ended] == [(410, True)] * 2
    assert topic.given == []
    for each in (*forged, *ended):
        assert "<form" not in _text(each)
        _assert_kept_by_nobody(each)


def test_without_links_in_the_configuration_no_link_is_right(topic: Topic, clock: ManualClock) -> None:
    assert AcknowledgementDesk(topic.publish, lambda: None, clock).asked(TOKEN).status_code == 403


async def test_while_kafka_is_away_nothing_is_confirmed(desk: AcknowledgementDesk, topic: Topic) -> None:
    topic.away = True
    answer = await desk.pressed(TOKEN, b"")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert '<form method="post">' in _text(answer), "to press again"

    with pytest.raises(ProblemError) as refused:
        await desk.acknowledge(WARNING, Acknowledge(by="night-desk"))
    assert (refused.value.problem.status, refused.value.headers) == (503, {"Retry-After": "5"})


async def test_a_caller_may_bring_an_id_to_repeat_it_with(desk: AcknowledgementDesk, topic: Topic) -> None:
    own = UUID(int=99)
    given = Acknowledge(by="night-desk", note="I have called her.", id=own)
    answers = [await desk.acknowledge(WARNING, given) for _ in range(2)]
    assert [each.id for each in answers] == [own, own]
    assert [each.via for each in topic.given] == ["api", "api"]
    made_up = await desk.acknowledge(WARNING, Acknowledge(by="night-desk"))
    assert made_up.id != own
