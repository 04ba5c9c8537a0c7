"""How borrowers can be reached, and that one was spoken to. Only holders of scope `contacts` see any of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.notifier.api.problems import problems
from services.notifier.core.contact import Contact, Way
from services.notifier.core.times import Zone
from services.notifier.store import contacts
from services.notifier.store.asking import asking
from services.notifier.store.connection import Connection
from services.notifier.store.contacts import Kept
from services.notifier.store.sealing import Sealer, SealError
from shared.auth import ApiKey
from shared.clock import Clock
from shared.events.fields import Identifier, Moment
from shared.http.paths import BorrowerId
from shared.problems import FieldError, Problem, ProblemError

_CONVERSATIONS = uuid5(NAMESPACE_URL, "urn:bellwether:notifier:conversation")


class NewContact(BaseModel):
    """How one borrower can be reached. Nothing goes out by a way that is not among `consents`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Literal["en", "zh"]
    time_zone: Zone = Field(description="Where the borrower is, such as Africa/Lagos")
    phone: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$", description="In E.164")
    email: str | None = Field(default=None, max_length=254, pattern=r"^[!-;=?A-~]+@[A-Za-z0-9.-]+$")
    consents: frozenset[Way] = Field(default=frozenset(), description="The ways that the borrower agreed to")
    opted_out: bool = Field(default=False, description="The borrower does not want to be written to")

    @model_validator(mode="after")
    def _agrees_to_what_there_is(self) -> Self:
        for way, address in (("sms", self.phone), ("email", self.email)):
            if way in self.consents and address is None:
                raise ValueError(f"expected an address for the consent to {way}")
        return self

    def of(self, borrower_id: str) -> Contact:
        """The contact as it is kept."""
        return Contact(borrower_id, **self.model_dump())


class ContactAnswer(NewContact):
    """A contact."""

    borrower_id: str
    updated_at: datetime

    @classmethod
    def told(cls, kept: Kept) -> Self:
        found = kept.contact
        return cls(
            borrower_id=found.borrower_id,
            language=found.language,
            time_zone=found.time_zone,
            phone=found.phone,
            email=found.email,
            consents=frozenset(way for way in ("sms", "email") if way in found.consents),
            opted_out=found.opted_out,
            updated_at=kept.updated_at,
        )


class Conversation(BaseModel):
    """The borrower was spoken to: for some days nothing is written about the debt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    loan_id: Identifier | None = Field(default=None, description="Of all loans if absent")
    at: Moment | None = Field(default=None, description="Now if absent")


class ConversationAnswer(BaseModel):
    """A conversation that is kept."""

    borrower_id: str
    loan_id: str | None
    at: datetime


class ContactDesk:
    """What the routes work with."""

    def __init__(self, connection: Connection, sealer: Sealer | None, clock: Clock) -> None:
        self._connection = connection
        self._sealer = sealer
        self._clock = clock

    async def one(self, borrower_id: str) -> ContactAnswer:
        """A borrower's contact. Raises ProblemError: 404 where there is none, 501 where it cannot be read."""
        sealer = self._keyed()
        try:
            async with asking(self._connection) as inside:
                found = await contacts.known(inside, sealer, [borrower_id])
        except SealError as error:
            raise _unkeyed(f"the contact cannot be read: {error}") from None
        if borrower_id not in found:
            raise _nobody(borrower_id)
        return ContactAnswer.told(found[borrower_id])

    async def put(self, borrower_id: str, given: NewContact) -> ContactAnswer:
        """Keep a contact in place of what was known. Raises ProblemError (501)."""
        sealer, contact, now = self._keyed(), given.of(borrower_id), self._clock.now()
        async with asking(self._connection) as inside:
            await contacts.put(inside, sealer, contact, now)
        return ContactAnswer.told(Kept(contact, now))

    async def delete(self, borrower_id: str) -> None:
        """Forget a contact: nothing is sent to that borrower any more. Raises ProblemError (404)."""
        async with asking(self._connection) as inside:
            if not await contacts.delete(inside, borrower_id):
                raise _nobody(borrower_id)

    async def spoken(self, borrower_id: str, given: Conversation) -> ConversationAnswer:
        """Keep that the borrower was spoken to; the same again changes nothing. Raises ProblemError (422)."""
        now = self._clock.now()
        at = given.at or now
        if at > now:
            raise _future(now)
        stands_for = uuid5(_CONVERSATIONS, f"{borrower_id}\0{given.loan_id or ''}\0{at.timestamp()}")
        async with asking(self._connection) as inside:
            await contacts.touch(inside, [(borrower_id, given.loan_id, "conversation", stands_for)], at)
        return ConversationAnswer(borrower_id=borrower_id, loan_id=given.loan_id, at=at)

    def _keyed(self) -> Sealer:
        if self._sealer is None:
            raise _unkeyed("contacts are kept sealed, and there are no keys: set NOTIFIER_CONTACT_KEYS or its file")
        return self._sealer


def _unkeyed(detail: str) -> ProblemError:
    return ProblemError(Problem(title="No key for the contact directory", status=501, detail=detail))


def _nobody(borrower_id: str) -> ProblemError:
    detail = f"the contact directory does not know the borrower {borrower_id!r}"
    return ProblemError(Problem(title="No such contact", status=404, detail=detail))


def _future(now: datetime) -> ProblemError:
    detail = f"expected a moment that has come; now it is {now.isoformat()}"
    error = FieldError(pointer="/body/at", detail=detail)
    return ProblemError(Problem(title="Invalid request", status=422, detail=f"/body/at: {detail}", errors=[error]))


def contacts_router(desk: ContactDesk, caller: Callable[..., ApiKey]) -> APIRouter:
    """The routes about contacts."""
    router = APIRouter(prefix="/v1/contacts", tags=["contacts"])

    @router.get("/{borrower_id:path}", summary="How a borrower can be reached", responses=problems(404, 501))
    async def one_contact(borrower_id: BorrowerId, _: Annotated[ApiKey, Depends(caller)]) -> ContactAnswer:
        return await desk.one(borrower_id)

    @router.put("/{borrower_id:path}", summary="Say how a borrower can be reached", responses=problems(501))
    async def put_contact(
        borrower_id: BorrowerId, given: NewContact, _: Annotated[ApiKey, Depends(caller)]
    ) -> ContactAnswer:
        return await desk.put(borrower_id, given)

    @router.delete("/{borrower_id:path}", summary="Forget a contact", status_code=204, responses=problems(404))
    async def delete_contact(borrower_id: BorrowerId, _: Annotated[ApiKey, Depends(caller)]) -> None:
        await desk.delete(borrower_id)

    @router.post(
        "/{borrower_id:path}/conversations", summary="Say that one was spoken to", status_code=201, responses=problems()
    )
    async def add_conversation(
        borrower_id: BorrowerId, given: Conversation, _: Annotated[ApiKey, Depends(caller)]
    ) -> ConversationAnswer:
        return await desk.spoken(borrower_id, given)

    return router
