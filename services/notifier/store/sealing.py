"""Seals what is known of a borrower: whoever reads the table without a key reads nothing, and can put nothing there."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES, _NONCE_BYTES = 32, 12
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_EXPECTED = "expected contact keys as NAME:KEY, each KEY 32 bytes in base64, separated by commas or lines"


class KeysError(ValueError):
    """What was given are no keys. Its words never repeat what was given."""


class SealError(Exception):
    """Nothing here can read it: its key is gone, it was changed, or it belongs to another borrower."""


class Sealer:
    """AES-256-GCM. The first key seals, every key opens; so a new key is put before the old ones until none is needed.

    A sealed entry is its key's name, a zero byte, a nonce of 12 bytes, and the cipher text. The borrower's id and the
    key's name are authenticated along: an entry copied to another borrower does not open.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._first = next(iter(keys))

    @classmethod
    def from_text(cls, text: str) -> "Sealer | None":
        """The keys written so; None for none at all. Raises KeysError."""
        written = [each.strip() for each in re.split(r"[,\n]", text) if each.strip()]
        keys = dict(_key(each, place) for place, each in enumerate(written, 1))
        if len(keys) < len(written):
            raise KeysError(f"{_EXPECTED}; a name stands twice")
        return cls(keys) if keys else None

    def seal(self, borrower_id: str, plain: bytes) -> bytes:
        """What can be kept."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._keys[self._first].encrypt(nonce, plain, _context(self._first, borrower_id))
        return self._first.encode() + b"\0" + nonce + cipher

    def open(self, borrower_id: str, sealed: bytes) -> bytes:
        """What was sealed for this borrower. Raises SealError."""
        name, _, rest = sealed.partition(b"\0")
        key = self._keys.get(name.decode("ascii", "replace"))
        if key is None:
            raise SealError("the key it was sealed with is not among the contact keys")
        try:
            return key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _context(name.decode(), borrower_id))
        except (InvalidTag, ValueError):
            raise SealError("it was changed, or sealed for another borrower") from None


def _key(written: str, place: int) -> tuple[str, bytes]:
    name, _, encoded = written.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _NAME.fullmatch(name) or len(key) != _KEY_BYTES:
        raise KeysError(f"{_EXPECTED}; number {place} is not")
    return name, key


def _context(name: str, borrower_id: str) -> bytes:
    return f"{name}\0{borrower_id}".encode()
