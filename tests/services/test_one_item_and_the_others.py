"""Whatever a vendor says of one item, or we get wrong with it, the other items go out all the same.

Only what truly concerns the integration stops them: its credential, a right that it lacks everywhere, a setting, the
operator's registration.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from jackfield.domain import provider as domain
from jackfield.domain.delivery import DeliveryState, ItemDelivery
from jackfield.domain.health import Health
from jackfield.domain.provider import Delivered, Delivery, ProviderError
from support.delivering import Deliverer, runner_of
from support.workbench import Workbench

ITEMS = 20
THE_ONE = "7"
WORKING = ("active", Health.ACTIVE.value)

#: held at once with its reason
HELD: list[Exception] = [
    domain.ItemRejected("Vendor does not take the item"),
    domain.ObjectRightMissing("Vendor does not let the token reopen this issue", "reopen"),
    domain.OurFault("Vendor says that a field has no such form"),
    domain.Unsupported("Vendor cannot do this"),
    domain.ProviderError("something"),
]
#: tried again, and no try spent by the others
LATER: list[Exception] = [
    domain.VendorUnavailable("Vendor answered with an error of its own (503)"),
    domain.UnknownRefusal("Vendor refuses this with an error that Jackfield does not know: odd", "odd"),
]
#: the whole account has to wait, which says nothing of the integration
RESTING: list[Exception] = [
    domain.VendorLimited("Vendor limits our calls"),
    domain.VendorLimited("Vendor limits our calls for 5 s", 5.0),
    domain.VendorLimited("Vendor limits our calls for 0 s", 0.0),
]
#: these concern the integration
STOPPING: list[tuple[Exception, Health]] = [
    (domain.CredentialRefused("Vendor refuses the credential"), Health.NEEDS_REAUTHORISATION),
    (domain.RightMissing("Vendor takes it, but it lacks the right x", "x"), Health.NEEDS_REAUTHORISATION),
    (domain.GrantRefused("Vendor does not take the grant"), Health.NEEDS_REAUTHORISATION),
    (domain.ApplicationRefused("Vendor does not know the app"), Health.MISCONFIGURED),
    (domain.ConfigurationRejected("Vendor has no such repository", "repository"), Health.MISCONFIGURED),
    (domain.PlaceMoved("Vendor has renamed the repository", "repository"), Health.MISCONFIGURED),
    (domain.ConfigurationRejected("Vendor restricts the addresses that may call it"), Health.MISCONFIGURED),
]
#: what code of our own may raise while it makes or sends an item
OWN: list[Exception] = [
    RecursionError("maximum recursion depth exceeded"),
    RuntimeError("x"),
    KeyError("title"),
    ValueError("x"),
    TypeError("x"),
    AttributeError("x"),
    IndexError("x"),
    ZeroDivisionError("x"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    MemoryError(),
    AssertionError(),
    OSError("x"),
    TimeoutError(),
    StopAsyncIteration(),
    ExceptionGroup("x", [ValueError("y")]),
]


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Errors of ours are logged with where they come from, which takes its time on a terminal."""
    with structlog.testing.capture_logs():
        yield


def named(error: Any) -> str:
    return f"{type(error).__name__}-{getattr(error, 'retry_after', '')}"


def raising(error: Exception) -> Callable[[Delivery], Delivered | None]:
    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key == THE_ONE:
            # as a new one, which has not been anywhere else
            raise error.with_traceback(None)
        return None

    return says


def twenty(bench: Workbench) -> int:
    """An integration for which twenty items wait."""
    integration = bench.integration("github", "token", {"repository": "a/b"}, item_type="work_item", state="live")
    for key in range(ITEMS):
        bench.put(str(key))
    return integration


def run(bench: Workbench, integration: int, provider: Deliverer) -> float | None:
    """One run of the delivery job: the seconds after which it goes on, None when all that was due is done."""
    return bench.run(bench.delivery_job(integration), runner_of(bench, provider))


def one_and_others(bench: Workbench, integration: int) -> tuple[ItemDelivery, list[ItemDelivery]]:
    found = {one.item_key: one for one in bench.deliveries(integration)}
    return found.pop(THE_ONE), list(found.values())


def condition(bench: Workbench, integration: int) -> tuple[str, str]:
    row = bench.row(integration)
    return row["status"], row["health"]


def rests(bench: Workbench) -> int:
    return len(bench.operator.fetch("select from rest where organisation_id = $1", bench.organisation.id))


def counted(name: str) -> float:
    return REGISTRY.get_sample_value(name, {"provider": "github"}) or 0.0


def check_that_the_others_went_out(bench: Workbench, integration: int, provider: Deliverer) -> ItemDelivery:
    one, others = one_and_others(bench, integration)
    assert {other.state for other in others} == {DeliveryState.DELIVERED}
    assert {other.attempts for other in others} == {1}
    assert sorted(provider.delivered) == sorted(str(key) for key in range(ITEMS) if str(key) != THE_ONE)
    assert condition(bench, integration) == WORKING
    assert rests(bench) == 0
    return one


def test_every_error_that_a_provider_can_raise_is_tried_here() -> None:
    def below(kind: type[ProviderError]) -> set[type[ProviderError]]:
        return {kind}.union(*(below(sub) for sub in kind.__subclasses__() if sub.__module__ == domain.__name__))

    tried = {type(error) for error in [*HELD, *LATER, *RESTING, *(error for error, _ in STOPPING)]}
    # one that vanished comes as new, and the last means that it was not even asked
    assert tried | {domain.ObjectVanished, domain.AccountResting} == below(ProviderError)


@pytest.mark.parametrize("error", HELD, ids=named)
def test_what_a_vendor_does_not_take_is_held_alone(bench: Workbench, error: ProviderError) -> None:
    integration = twenty(bench)
    provider = Deliverer(raising(error))
    assert run(bench, integration, provider) is None
    one = check_that_the_others_went_out(bench, integration, provider)
    assert (one.state, one.error, one.attempts) == (DeliveryState.HELD, str(error), 1)


@pytest.mark.parametrize("error", OWN, ids=named)
def test_an_error_of_our_own_holds_its_item_alone_and_raises_an_alarm(bench: Workbench, error: Exception) -> None:
    integration = twenty(bench)
    provider = Deliverer(raising(error))
    before = counted("jackfield_own_errors_total")
    assert run(bench, integration, provider) is None
    one = check_that_the_others_went_out(bench, integration, provider)
    assert one.state is DeliveryState.HELD
    assert one.error == "Jackfield made an error with this item; the log has the details under this delivery's ID"
    assert counted("jackfield_own_errors_total") == before + 1


def test_a_call_that_the_vendor_calls_malformed_raises_the_alarm_as_well(bench: Workbench) -> None:
    integration = twenty(bench)
    before = counted("jackfield_own_errors_total")
    run(bench, integration, Deliverer(raising(domain.OurFault("Vendor says that a field has no such form"))))
    assert counted("jackfield_own_errors_total") == before + 1


@pytest.mark.parametrize("error", [*OWN[:3], *HELD, LATER[1]], ids=named)
def test_many_items_in_a_row_rest_no_account(bench: Workbench, error: Exception) -> None:
    integration = twenty(bench)

    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key != THE_ONE:
            raise error.with_traceback(None)
        return None

    provider = Deliverer(says)
    assert run(bench, integration, provider) is None
    assert provider.delivered == [THE_ONE]
    assert rests(bench) == 0
    assert condition(bench, integration) == WORKING


@pytest.mark.parametrize("error", LATER, ids=named)
def test_what_may_pass_is_tried_again_alone(bench: Workbench, error: ProviderError) -> None:
    integration = twenty(bench)
    provider = Deliverer(raising(error))
    assert run(bench, integration, provider) is None
    one = check_that_the_others_went_out(bench, integration, provider)
    assert (one.state, one.error, one.attempts) == (DeliveryState.PENDING, str(error), 1)


@pytest.mark.parametrize("error", RESTING, ids=named)
def test_a_limit_makes_all_wait_and_spends_no_try(bench: Workbench, error: ProviderError) -> None:
    integration = twenty(bench)
    provider = Deliverer(raising(error))
    assert run(bench, integration, provider) is not None
    assert condition(bench, integration) == WORKING
    one, _ = one_and_others(bench, integration)
    assert (one.state, one.attempts) == (DeliveryState.PENDING, 0)
    # and once the rest is over, all go
    provider.says = lambda _: None
    bench.make_due(integration)
    assert run(bench, integration, provider) is None
    assert sorted(provider.delivered) == sorted(map(str, range(ITEMS)))


@pytest.mark.parametrize(("error", "health"), STOPPING, ids=named)
def test_what_concerns_the_integration_stops_all_and_loses_nothing(
    bench: Workbench, error: ProviderError, health: Health
) -> None:
    integration = twenty(bench)
    provider = Deliverer(raising(error))
    assert run(bench, integration, provider) is None
    assert condition(bench, integration) == ("error", health.value)
    assert bench.row(integration)["health_reason"] == str(error)
    one, others = one_and_others(bench, integration)
    assert (one.state, one.attempts) == (DeliveryState.PENDING, 0)
    assert {other.state for other in others} <= {DeliveryState.DELIVERED, DeliveryState.PENDING}


def test_a_vanished_object_comes_as_new_and_stops_nothing(bench: Workbench) -> None:
    integration = twenty(bench)
    run(bench, integration, Deliverer())
    for key in range(ITEMS):
        bench.put(str(key), title="Changed")

    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key == THE_ONE and delivery.vendor_id == THE_ONE:
            raise domain.ObjectVanished("Vendor does not have the issue any more")
        return Delivered(vendor_id="new") if delivery.item.key == THE_ONE else None

    provider = Deliverer(says)
    assert run(bench, integration, provider) is None
    assert len(provider.delivered) == ITEMS
    assert bench.item(THE_ONE).links[0].vendor_id == "new"


def test_an_unknown_refusal_is_tried_for_some_hours_and_then_held_under_its_name(bench: Workbench) -> None:
    integration = twenty(bench)
    error = domain.UnknownRefusal("Vendor refuses this with an error that Jackfield does not know: odd", "odd")
    provider = Deliverer(raising(error))
    before = counted("jackfield_unknown_refusals_total")
    run(bench, integration, provider)
    waits = 0.0
    tries = 1
    while (one := one_and_others(bench, integration)[0]).state is DeliveryState.PENDING:
        waits += (one.due_at - (one.error_at or one.due_at)).total_seconds()
        bench.make_due(integration)
        run(bench, integration, provider)
        tries += 1
    assert (one.state, one.error, one.attempts) == (DeliveryState.HELD, str(error), tries)
    # each wait may be a fifth longer or shorter
    assert 0.8 * 4 * 3600 < waits < 1.2 * 4.5 * 3600
    assert counted("jackfield_unknown_refusals_total") == before + tries
    assert condition(bench, integration) == WORKING
    assert rests(bench) == 0
    # a refusal leaves nothing in doubt, so nothing is looked for at the vendor
    assert not any(delivery.retried for delivery in provider.asked)


def test_failures_in_a_row_are_the_vendors_answers_alone(bench: Workbench) -> None:
    """Four times no answer and a refusal that we cannot read are not five times no answer."""
    integration = bench.integration("github", "token", {"repository": "a/b"}, item_type="work_item", state="live")
    for key in range(5):
        bench.put(str(key))

    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key == "2":
            raise domain.UnknownRefusal("x", "odd")
        if delivery.item.key == "4":
            raise RecursionError
        raise domain.VendorUnavailable("x")

    assert run(bench, integration, Deliverer(says)) is None
    assert rests(bench) == 0
