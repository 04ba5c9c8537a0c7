"""Tokens of acknowledgement links: who was told of which warning and until when the link is good, signed.

A token is `PAYLOAD.SIGNATURE`, both in URL-safe Base64 without padding. The payload is the warning's id (16 bytes), the
second at which the link ends (8 bytes) and the receiver's name; the signature is an HMAC-SHA256 over a word for this
use, so that a secret that signs something else too lends no token its signature, and the payload.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

_USE = b"bellwether acknowledgement link 1\x00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED_BYTES = 24
_SIGNATURE_BYTES = 32
LONGEST = 1_000
"""Characters. Receivers' names have 63 at most, so a token of ours has under 200."""
_PRESSES = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:acknowledgement")


class WrongTokenError(Exception):
    """Nobody who has one of the secrets made this token."""


class ExpiredTokenError(Exception):
    """The token was good, and is not any more."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: whoever holds it was told of the warning as this receiver."""

    warning_id: UUID
    receiver: str
    expires_at: datetime


def signed(link: Link, secret: bytes) -> str:
    """The token of a link. It ends with a whole second, the one that `expires_at` falls in."""
    seconds = (link.expires_at - _EPOCH) // timedelta(seconds=1)
    payload = link.warning_id.bytes + seconds.to_bytes(8, "big") + link.receiver.encode()
    return f"{_written(payload)}.{_written(_signature(payload, secret))}"


def proven(token: str, secrets: Sequence[bytes], now: datetime) -> Link:
    """The link of a token that one of the secrets signed. Raises WrongTokenError or ExpiredTokenError."""
    payload, signature = _parts(token)
    # All are tried, whichever fits: how long it takes says nothing.
    fits = [hmac.compare_digest(_signature(payload, each), signature) for each in secrets]
    if not any(fits):
        raise WrongTokenError("expected a link that this service made")
    expires_at = _EPOCH + timedelta(seconds=int.from_bytes(payload[16:_FIXED_BYTES], "big"))
    if now >= expires_at:
        raise ExpiredTokenError(f"the link ended at {expires_at.isoformat()}")
    return Link(UUID(bytes=payload[:16]), payload[_FIXED_BYTES:].decode(), expires_at)


def press_id(token: str) -> UUID:
    """The id of the acknowledgement that pressing the link gives, however often it is pressed."""
    return uuid5(_PRESSES, token)


def _signature(payload: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, _USE + payload, hashlib.sha256)


def _parts(token: str) -> tuple[bytes, bytes]:
    """Payload and signature. Each is written in one way only: a token changed anywhere is another one."""
    if len(token) > LONGEST or not token.isascii():
        raise WrongTokenError("expected a link that this service made")
    written = token.split(".")
    try:
        payload, signature = (base64.urlsafe_b64decode(each + "=" * (-len(each) % 4)) for each in written)
    except (ValueError, binascii.Error):
        raise WrongTokenError("expected a link that this service made") from None
    if [_written(payload), _written(signature)] != written or len(payload) <= _FIXED_BYTES:
        raise WrongTokenError("expected a link that this service made")
    if len(signature) != _SIGNATURE_BYTES:
        raise WrongTokenError("expected a link that this service made")
    return payload, signature


def _written(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
