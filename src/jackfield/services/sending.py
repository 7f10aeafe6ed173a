"""One run of a delivery job: what is due is claimed, several items are on their way, and what came of each is written.

What becomes of an item that a vendor does not take is decided here; see ADR 21.
"""

import asyncio
from collections import deque
from functools import partial
from typing import Final

import msgspec
import structlog

from jackfield.domain.credential import Secrets
from jackfield.domain.delivery import TRIES, DeliveryState, Outgoing, Settlement, marker_of
from jackfield.domain.errors import Unavailable
from jackfield.domain.integration import Detail
from jackfield.domain.ports import HotDeliveries
from jackfield.domain.provider import (
    AccountResting,
    Connection,
    Delivered,
    Delivers,
    Delivery,
    ObjectVanished,
    OurFault,
    Place,
    ProviderError,
    UnknownRefusal,
    VendorLimited,
    VendorUnavailable,
    concerns_the_integration,
)
from jackfield.domain.send_lease import LeaseOver, under
from jackfield.services.alarms import OWN_ERRORS, label
from jackfield.services.claim_lease import ClaimLease
from jackfield.services.places import at
from jackfield.services.running import Retries, Run
from jackfield.services.vendor_calls import UNTOLD_SECONDS, VendorCalls

#: half a minute, a minute, two, and so on up to six hours: the last try is after three and a half days
_RETRIES: Final = Retries(tries=TRIES, first_seconds=30.0, longest_seconds=6 * 3600.0)
#: of what the vendor refuses for a reason that we cannot read: the last one is after some four hours
_UNKNOWN_TRIES: Final = 10
#: so many failures in a row are the vendor's, not the items': the others are spared
_VENDOR_IS_DOWN: Final = 5
_LONGEST_REST_SECONDS: Final = 900.0
#: seconds: together more than a database takes to come back
_SETTLE_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
_INTERNAL: Final = "Jackfield made an error with this item; the log has the details under this delivery's ID"

_log = structlog.get_logger(__name__)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where items go: the integration as it is now, its credential, the place, and what calls the vendor.

    `place` is what links are kept under there, `place_id` the vendor's own id of it. `deliverer` None: nothing
    installed here can. `at_once` is how many may be on their way.
    """

    integration: Detail
    secrets: Secrets
    place: bytes
    place_id: str | None = None
    deliverer: Delivers | None
    at_once: int


class Sending:
    """Brings out what is due for one integration."""

    def __init__(self, run: Run, target: Target, deliveries: HotDeliveries, calls: VendorCalls) -> None:
        self._run = run
        self._job = run.job
        self._target = target
        self.integration = target.integration
        self._deliveries = deliveries
        self._calls = calls
        #: of what is in hand, by the delivery's id
        self._leases: dict[int, ClaimLease] = {}
        self._failures_in_a_row = 0
        self._lost: Unavailable | None = None
        self.delivered = 0
        self.failed = 0
        #: whether the vendor took a call, which proves the credential
        self.was_taken = False
        #: why the integration cannot be worked with
        self.refusal: ProviderError | None = None
        #: how long the account has to be left alone
        self.rest_seconds: float | None = None
        #: where the vendor says that the first item went, if nobody could know before
        self.told: Place | None = None

    async def send_all(self) -> None:
        """Until nothing is due, or nothing can be sent any more; what is on its way is waited for.

        Some are claimed ahead, so that the vendor need not wait for our database. Raises Unavailable when that is away.
        """
        ahead: deque[Outgoing] = deque()
        on_their_way: set[asyncio.Task[Settlement]] = set()
        try:
            while True:
                await self._claim(ahead)
                on_their_way |= self._start(ahead, on_their_way)
                if not on_their_way:
                    break
                ended, on_their_way = await asyncio.wait(on_their_way, return_when=asyncio.FIRST_COMPLETED)
                on_their_way |= self._start(ahead, on_their_way)
                await self._settle([task.result() for task in ended])
            await self._settle([_given_back(one) for one in ahead])
        finally:
            # a process that is stopped in the middle leaves them in doubt, which they are
            for task in on_their_way:
                task.cancel()
            await asyncio.gather(*on_their_way, return_exceptions=True)
        if self._lost is not None:
            raise self._lost

    @property
    def _is_stopped(self) -> bool:
        reasons = (self.refusal, self.rest_seconds, self._lost, self.told)
        return self._run.is_stopping or any(reason is not None for reason in reasons)

    async def _claim(self, ahead: deque[Outgoing]) -> None:
        missing = self._target.at_once - len(ahead)
        if self._is_stopped or missing <= len(ahead):
            return
        times = self._deliveries.times
        # before anybody answers: the database counts from a later moment
        began = times.clock()
        try:
            claimed = await self._deliveries.claim(self._job, self.integration, self._target.place, missing)
        except Unavailable as error:
            self._lost = error
            return
        ahead += claimed
        for one in claimed:
            self._leases[one.id] = ClaimLease(times, began, partial(self._deliveries.renew, self._job, one))

    def _start(
        self, ahead: deque[Outgoing], on_their_way: set[asyncio.Task[Settlement]]
    ) -> set[asyncio.Task[Settlement]]:
        if self._is_stopped:
            return set()
        room = self._target.at_once - len(on_their_way)
        loop = asyncio.get_running_loop()
        return {loop.create_task(self._bring(ahead.popleft())) for _ in range(min(room, len(ahead)))}

    async def _settle(self, settlements: list[Settlement]) -> None:
        """What a vendor took must not be forgotten because the database is away for a moment."""
        if not settlements:
            return
        for one in settlements:
            self._leases.pop(one.outgoing.id, None)
        for pause in _SETTLE_PAUSES:
            try:
                await self._deliveries.settle(self._job, self._target.place, settlements)
            except Unavailable:
                await asyncio.sleep(pause)
            else:
                return
        await self._deliveries.settle(self._job, self._target.place, settlements)

    async def _bring(self, one: Outgoing) -> Settlement:
        try:
            return self._without_sending(one) or await self._send(one)
        except ProviderError as error:
            return await self._not_delivered(one, error)
        except Unavailable as error:
            self._lost = error
            return self._unsure(one)
        except LeaseOver:
            return self._unsure(one)
        except Exception:  # noqa: BLE001  one item must not keep the others from going out
            _log.exception("an item could not be delivered", delivery_id=one.id, integration_id=self.integration.id)
            return self._own_error(one)

    async def _not_delivered(self, one: Outgoing, error: ProviderError) -> Settlement:
        if isinstance(error, VendorLimited):
            return self._rest(one, error)
        if isinstance(error, UnknownRefusal):
            return self._not_understood(one, error)
        if isinstance(error, VendorUnavailable):
            return await self._not_answered(one, str(error))
        return self._not_taken(one, error)

    def _without_sending(self, one: Outgoing) -> Settlement | None:
        """What comes of it when the vendor need not be told anything."""
        if one.known.is_in_line(one.item):
            return self._took(one, Delivered(vendor_id=one.known.vendor_id or "", url=one.known.vendor_url))
        never_sent = one.known.vendor_id is None and not one.known.in_doubt
        if one.item.type != self.integration.item_type or (one.item.deleted_at is not None and never_sent):
            return Settlement(outgoing=one, state=DeliveryState.CANCELLED, in_doubt=one.known.in_doubt, counted=False)
        return None

    async def _send(self, one: Outgoing) -> Settlement:
        try:
            return self._took(one, await self._deliver(one, one.known.vendor_id))
        except ObjectVanished:
            if one.item.deleted_at is not None:
                return Settlement(outgoing=one, state=DeliveryState.DELIVERED, gone=True)
        # somebody took it away at the vendor; a change of the item is news, so it comes as new
        return self._took(one, await self._deliver(one, None))

    async def _deliver(self, one: Outgoing, vendor_id: str | None) -> Delivered:
        deliverer = self._target.deliverer
        if deliverer is None:
            raise ProviderError("Nothing installed here brings items to this vendor")
        delivery = Delivery(
            item=one.item.to_item(one.known.status_of(one.item)),
            marker=marker_of(self.integration.id, one.item.id),
            vendor_id=vendor_id,
            retried=one.known.in_doubt,
            since=one.known.doubted_at,
        )

        async def deed(connection: Connection) -> Delivered:
            with under(self._leases[one.id]):
                return await deliverer.deliver(connection, delivery)

        delivered = await self._calls.call(self.integration, self._target.secrets, at(self._target.place_id, deed))
        self.was_taken = True
        return delivered

    def _unsure(self, one: Outgoing) -> Settlement:
        """It waits as it did before; in doubt, if a call has left already. If it is another's, nothing is written."""
        given_back = _given_back(one)
        return msgspec.structs.replace(given_back, in_doubt=one.known.in_doubt or self._leases[one.id].has_sent)

    def _took(self, one: Outgoing, delivered: Delivered) -> Settlement:
        self._failures_in_a_row = 0
        self.delivered += 1
        if self._target.place_id is None:
            self.told = self.told or delivered.place
        return Settlement(
            outgoing=one,
            state=DeliveryState.DELIVERED,
            vendor_id=delivered.vendor_id,
            vendor_url=delivered.url,
            not_done=delivered.not_done,
            status=delivered.status,
        )

    def _not_taken(self, one: Outgoing, error: ProviderError) -> Settlement:
        """Held, when it is the item; when it is the integration, all goes on waiting until a person has mended it."""
        if concerns_the_integration(error):
            self.refusal = error
            return _given_back(one, str(error))
        self.failed += 1
        if isinstance(error, OurFault):
            OWN_ERRORS.labels(label(self.integration.provider)).inc()
            _log.error(
                "a vendor says that a call of ours is malformed",
                delivery_id=one.id,
                integration_id=self.integration.id,
                reason=str(error),
            )
        return Settlement(outgoing=one, state=DeliveryState.HELD, error=str(error), in_doubt=one.known.in_doubt)

    def _own_error(self, one: Outgoing) -> Settlement:
        """Held with an alarm. It says nothing of the vendor, and the next try would end the same way."""
        self.failed += 1
        OWN_ERRORS.labels(label(self.integration.provider)).inc()
        return Settlement(outgoing=one, state=DeliveryState.HELD, error=_INTERNAL, in_doubt=True)

    def _not_understood(self, one: Outgoing, error: UnknownRefusal) -> Settlement:
        """The vendor answered, so it is not away, and a refusal leaves nothing in doubt."""
        self.failed += 1
        if one.attempts >= _UNKNOWN_TRIES:
            return Settlement(outgoing=one, state=DeliveryState.HELD, error=str(error), in_doubt=one.known.in_doubt)
        return Settlement(
            outgoing=one,
            state=DeliveryState.PENDING,
            error=str(error),
            seconds=_RETRIES.delay(one.attempts),
            in_doubt=one.known.in_doubt,
        )

    def _rest(self, one: Outgoing, error: VendorLimited) -> Settlement:
        """The vendor did not look at it, so nothing is in doubt and no try is spent."""
        self.rest_seconds = max(self.rest_seconds or 0.0, error.retry_after or UNTOLD_SECONDS)
        return _given_back(one, None if isinstance(error, AccountResting) else str(error))

    async def _not_answered(self, one: Outgoing, reason: str) -> Settlement:
        self.failed += 1
        self._failures_in_a_row += 1
        seconds = _RETRIES.delay(one.attempts)
        if self._failures_in_a_row >= _VENDOR_IS_DOWN:
            self.rest_seconds = min(seconds, _LONGEST_REST_SECONDS)
            await self._calls.rest(self.integration, self.rest_seconds)
        if one.attempts >= _RETRIES.tries:
            return Settlement(outgoing=one, state=DeliveryState.HELD, error=reason, in_doubt=True)
        return Settlement(outgoing=one, state=DeliveryState.PENDING, error=reason, seconds=seconds, in_doubt=True)


def _given_back(one: Outgoing, error: str | None = None) -> Settlement:
    """It waits as it did before, and this try does not count; what an earlier one left in doubt still is."""
    return Settlement(
        outgoing=one, state=DeliveryState.PENDING, error=error, counted=False, in_doubt=one.known.in_doubt
    )
