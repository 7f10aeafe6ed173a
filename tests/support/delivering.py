"""Delivery jobs as they are, with a provider of the test's in the place of the vendor's."""

from collections.abc import Callable
from typing import Any

from jackfield.domain.job import JobKind
from jackfield.domain.provider import Connection, Delivered, Delivery
from jackfield.providers.github import GitHub
from jackfield.services.catalog import Catalog
from jackfield.services.delivering import Delivering
from jackfield.services.places import Places
from jackfield.services.running import Runner
from jackfield.services.synchronisation import Synchronisation
from jackfield.services.vendor_calls import VendorCalls
from jackfield.storage.deliveries import HotDeliveries
from jackfield.storage.hot_integrations import HotIntegrations
from jackfield.storage.jobs import HotJobs
from jackfield.storage.links import HotLinks
from jackfield.storage.places import HotPlaces
from jackfield.storage.rests import RestTable
from jackfield.vault import Vault
from support.workbench import Workbench


class Deliverer:
    """Takes every item, unless `says` answers otherwise: by what it returns, or raises. None: it is taken."""

    manifest = GitHub.manifest

    def __init__(self, says: Callable[[Delivery], Delivered | None] = lambda _: None) -> None:
        self.says = says
        self.asked: list[Delivery] = []
        self.delivered: list[str] = []

    async def deliver(self, _: Connection, delivery: Delivery) -> Delivered:
        self.asked.append(delivery)
        answer = self.says(delivery) or Delivered(vendor_id=delivery.item.key)
        self.delivered.append(delivery.item.key)
        return answer


def runner_of(bench: Workbench, provider: Any) -> Runner:
    """What runs the jobs of the workbench's integrations of GitHub with that provider."""
    database = bench.house.database
    catalog = Catalog(database, {"github": provider}, lambda _: None, "")
    vault = Vault(bench.house.master_keys, bench.house.data_keys)
    calls = VendorCalls(RestTable(database))
    hot, deliveries, links = HotIntegrations(database), HotDeliveries(database), HotLinks(database)
    places = Places(database, HotPlaces(database), catalog, calls)
    return Runner(
        HotJobs(database),
        database,
        {
            JobKind.DELIVER: Delivering(database, hot, deliveries, vault, catalog, calls, places),
            JobKind.SYNC: Synchronisation(database, hot, links, vault, catalog, calls, places),
        },
    )
