"""A message as the values of a SendSms request: what the template's variables stand for."""

from pathlib import Path

import msgspec

from services.notifier.channels.aliyun_sms.settings import AliyunSmsSettings
from services.notifier.channels.room import within_characters
from services.notifier.channels.telling import Telling
from services.notifier.channels.wording import Wording, one_line, words
from services.notifier.core.message import Message

_telling = Telling(Wording(Path(__file__).parent))


def values(message: Message, settings: AliyunSmsSettings, phone: str) -> dict[str, str]:
    """The request's values for one number. Its receipts carry the delivery's id as OutId."""
    return {
        "PhoneNumbers": phone.removeprefix("+"),
        "SignName": settings.sign_name,
        "TemplateCode": settings.template_code,
        "OutId": str(message.id),
        **({"TemplateParam": _params(message, settings)} if settings.params else {}),
    }


def _params(message: Message, settings: AliyunSmsSettings) -> str:
    """JSON of strings: the service refuses numbers, and a variable that is empty."""
    known = {
        **words(message.change, settings.language),
        "title": _telling.title(message, (settings.language,)),
        "total": str(message.total),
    }
    said = {name: one_line(str(known[word] or "-")) or "-" for name, word in settings.params.items()}
    cut = {name: within_characters(value, settings.longest_param) for name, value in said.items()}
    return msgspec.json.encode(cut).decode()
