"""What may have reached the vendor is looked for before anything new is made there."""

from jackfield.domain import provider as domain
from jackfield.domain.provider import Delivered, Delivery
from support.delivering import Deliverer, runner_of
from support.workbench import Workbench

BACKLOG = 50
#: the backlog has waited for longer than what was tried
LONG_WAIT = "due_at = case when attempts = 0 then now() - interval '1 hour' else now() end"


def test_what_is_in_doubt_goes_before_the_backlog(bench: Workbench) -> None:
    integration = bench.integration("github", "token", {"repository": "a/b"}, item_type="work_item", state="live")
    lost = {"3", "5"}

    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key in lost:
            raise domain.VendorUnavailable("its answer was lost")
        return None

    vendor = Deliverer(says)
    for key in range(8):
        bench.put(str(key))
    bench.run(bench.delivery_job(integration), runner_of(bench, vendor))
    # a backlog that has waited for longer than what is in doubt
    for key in range(100, 100 + BACKLOG):
        bench.put(str(key))
    bench.change_deliveries(integration, LONG_WAIT)
    lost.clear()
    vendor.asked.clear()
    bench.run(bench.delivery_job(integration), runner_of(bench, vendor))
    # so many are on their way at once, in any order; and where some end early, others follow
    first = [one for one in vendor.asked[: 2 * vendor.manifest.deliveries_at_once] if one.retried]
    assert {one.item.key for one in first} == {"3", "5"}
    assert all(one.since is not None for one in first)
    assert len(vendor.asked) == BACKLOG + 2
    assert [one.item.key for one in vendor.asked if one.retried] == [one.item.key for one in first]


def test_a_refusal_that_is_tried_again_waits_its_turn(bench: Workbench) -> None:
    integration = bench.integration("github", "token", {"repository": "a/b"}, item_type="work_item", state="live")
    refused = {"0"}

    def says(delivery: Delivery) -> Delivered | None:
        if delivery.item.key in refused:
            raise domain.UnknownRefusal("x", "odd")
        return None

    vendor = Deliverer(says)
    bench.put("0")
    bench.run(bench.delivery_job(integration), runner_of(bench, vendor))
    for key in range(100, 120):
        bench.put(str(key))
    bench.change_deliveries(integration, LONG_WAIT)
    refused.clear()
    vendor.asked.clear()
    bench.run(bench.delivery_job(integration), runner_of(bench, vendor))
    assert "0" in {one.item.key for one in vendor.asked[-vendor.manifest.deliveries_at_once :]}
