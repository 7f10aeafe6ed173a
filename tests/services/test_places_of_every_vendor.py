"""Every vendor that has a place, and everything that can happen to one: nothing is created twice or in another's place.

GitHub has more of these in test_places.py.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import pytest

from jackfield.settings import ProviderSettings
from jackfield.vault import generate_master_key
from support.operator import Operator
from support.place_vendors import VENDORS, Place, PlaceVendors, World
from support.workbench import Workbench

#: the setting that names the place
SETTINGS: Final = {
    "github": "repository",
    "gitlab": "project",
    "jira": "project_key",
    "confluence": "space_id",
    "sentry": "org_slug",
    "linear": "team_id",
    "mantisbt": "project",
    "slack": "channel",
}
#: vendors that are called at an address of the integration's own; the others are in one place for all
WITH_ADDRESS: Final = ("github", "gitlab", "jira", "confluence", "sentry", "mantisbt")
#: vendors where a setting may be the number or the ID of the place, or its name
BY_NUMBER_OR_NAME: Final = ("gitlab", "linear", "mantisbt")
#: vendors whose places have an owner in their names
WITH_OWNERS: Final = ("github", "gitlab")
#: Confluence is given numbers alone, which stay
WITH_NAMES: Final = tuple(slug for slug in SETTINGS if slug != "confluence")
STRANGERS: Final = "Somebody else's"


@pytest.fixture(scope="module")
def standing_in() -> Iterator[PlaceVendors]:
    with PlaceVendors.start() as vendors:
        yield vendors


@pytest.fixture(scope="module")
def operator(server_url: str, standing_in: PlaceVendors) -> Iterator[Operator]:
    placed = {slug: ProviderSettings(api_url=standing_in.url) for slug in ("linear", "slack")}
    with Operator.database(server_url, f"jackfield_places_{uuid.uuid4().hex[:8]}") as dsn:
        environment = {"JACKFIELD_DATABASE_URL": dsn, "JACKFIELD_MASTER_KEYS": generate_master_key()}
        allowed = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
        with Operator.open(environment, providers=placed, egress_allow=allowed) as opened:
            yield opened


@dataclass
class Connected:
    """An integration that has brought two items to a place of the vendor."""

    bench: Workbench
    vendors: PlaceVendors
    world: World
    place: Place
    integration: int

    def enter(self, **settings: str) -> None:
        """Somebody changes the settings."""
        now = {**json.loads(self.bench.row(self.integration)["configuration"]), **settings}
        self.bench.change(self.integration, configuration=json.dumps(now))

    def enter_place(self, name: str) -> None:
        self.enter(**{SETTINGS[self.world.vendor]: name})

    def go_on(self) -> None:
        """One item changes, one is new, and all is compared."""
        put(self.bench, "0", title="Changed")
        put(self.bench, "2")
        self.bench.deliver(self.integration)
        self.sync()

    def sync(self) -> Mapping[str, str]:
        output: dict[str, str] = json.loads(self.bench.sync(self.integration)["output"])
        assert self.bench.row(self.integration)["status"] == "active"
        return output

    def setting(self) -> str:
        name: str = json.loads(self.bench.row(self.integration)["configuration"])[SETTINGS[self.world.vendor]]
        return name


def put(bench: Workbench, key: str, **content: Any) -> None:
    # Sentry comments on an issue that is there
    bench.put(key, fields={"sentry_issue_id": "77"}, **content)


def new_name(vendor: str) -> str:
    word = f"N{uuid.uuid4().hex[:8]}"
    match vendor:
        case "github" | "gitlab":
            return f"acme/{word}"
        case "jira" | "linear":
            return word.upper()
        case _:
            return word.lower()


def connect(operator: Operator, vendors: PlaceVendors, vendor: str, *, by_id: bool = False) -> Connected:
    bench, world = Workbench(operator), vendors.world(vendor)
    place = world.add(new_name(vendor))
    settings = {SETTINGS[vendor]: place.id if by_id or vendor == "confluence" else place.name}
    if vendor in WITH_ADDRESS:
        settings["base_url"] = vendors.address(world)
    secrets = {"access_token": world.token}
    if vendor in {"jira", "confluence"}:
        secrets["username"] = "ada@example.com"
    integration = bench.integration(vendor, None, settings, item_type="work_item", state="live")
    bench.change(integration, sealed_secrets=bench.sealed(integration, secrets))
    for key in ("0", "1"):
        put(bench, key)
    bench.deliver(integration)
    assert titles(place) == ["Item 0", "Item 1"]
    return Connected(bench, vendors, world, place, integration)


def titles(place: Place) -> list[str]:
    """Of comments, whose text begins with the title, that alone."""
    known = ("Changed", STRANGERS, *(f"Item {number}" for number in range(5)))
    return sorted(next((one for one in known if one in text), text) for text in place.titles())


GONE_ON: Final = ["Changed", "Item 1", "Item 2"]


def test_the_table_has_every_vendor_that_has_a_place(operator: Operator) -> None:
    catalog = operator.house.services.catalog
    slugs = [slug for slug in [*SETTINGS, "discord", "teams"] if operator.run(catalog.locator(slug)) is not None]
    assert slugs == list(SETTINGS) == list(VENDORS)


@pytest.mark.parametrize("vendor", SETTINGS)
def test_nothing_happened(operator: Operator, standing_in: PlaceVendors, vendor: str) -> None:
    there = connect(operator, standing_in, vendor)
    there.go_on()
    assert titles(there.place) == GONE_ON


@pytest.mark.parametrize("vendor", [one for one in WITH_NAMES if one != "slack"])
@pytest.mark.parametrize("is_entered", [False, True])
def test_renamed(operator: Operator, standing_in: PlaceVendors, vendor: str, is_entered: bool) -> None:
    there = connect(operator, standing_in, vendor)
    there.world.rename(there.place, name := new_name(vendor))
    if is_entered:
        there.enter_place(name)
    there.go_on()
    assert titles(there.place) == GONE_ON
    assert is_entered or vendor not in WITH_OWNERS or there.setting() == name


@pytest.mark.parametrize("vendor", WITH_OWNERS)
def test_moved_to_another_owner(operator: Operator, standing_in: PlaceVendors, vendor: str) -> None:
    there = connect(operator, standing_in, vendor)
    there.world.rename(there.place, f"other/{there.place.name.partition('/')[2]}")
    there.go_on()
    assert (titles(there.place), there.setting()) == (GONE_ON, there.place.name)


@pytest.mark.parametrize("vendor", [one for one in WITH_NAMES if one != "slack"])
@pytest.mark.parametrize("write", [str.upper, str.lower])
def test_another_letter_case(operator: Operator, standing_in: PlaceVendors, vendor: str, write: Any) -> None:
    there = connect(operator, standing_in, vendor)
    there.enter_place(write(there.place.name))
    there.go_on()
    assert titles(there.place) == GONE_ON


@pytest.mark.parametrize("vendor", WITH_ADDRESS)
@pytest.mark.parametrize("write", [lambda url: f"{url}/", lambda url: url.replace("localhost", "LocalHost")])
def test_the_address_spelled_otherwise(operator: Operator, standing_in: PlaceVendors, vendor: str, write: Any) -> None:
    there = connect(operator, standing_in, vendor)
    there.enter(base_url=write(standing_in.address(there.world)))
    there.go_on()
    assert titles(there.place) == GONE_ON


@pytest.mark.parametrize("vendor", BY_NUMBER_OR_NAME)
@pytest.mark.parametrize("by_id", [False, True])
def test_the_number_in_place_of_the_name_or_the_other_way(
    operator: Operator, standing_in: PlaceVendors, vendor: str, by_id: bool
) -> None:
    there = connect(operator, standing_in, vendor, by_id=by_id)
    there.enter_place(there.place.name if by_id else there.place.id)
    there.go_on()
    assert titles(there.place) == GONE_ON


@pytest.mark.parametrize("vendor", [one for one in WITH_NAMES if one not in {"slack", "sentry"}])
def test_another_one_was_created_under_the_old_name(operator: Operator, standing_in: PlaceVendors, vendor: str) -> None:
    there = connect(operator, standing_in, vendor)
    old = there.place.name
    there.world.rename(there.place, new_name(vendor))
    other = there.world.add(old)
    there.world.create(other, STRANGERS)
    there.go_on()
    assert (titles(there.place), titles(other)) == (GONE_ON, [STRANGERS])


@pytest.mark.parametrize("vendor", SETTINGS)
def test_truly_another_place(operator: Operator, standing_in: PlaceVendors, vendor: str) -> None:
    there = connect(operator, standing_in, vendor)
    other = there.world.add(new_name(vendor))
    there.world.create(other, STRANGERS)
    mine = other.id if vendor == "confluence" else other.name
    before = there.setting()
    there.enter_place(mine)
    there.sync()
    assert (titles(there.place), titles(other)) == (["Item 0", "Item 1"], ["Item 0", "Item 1", STRANGERS])
    # back again, everything is there
    there.enter_place(before)
    there.go_on()
    assert (titles(there.place), titles(other)) == (GONE_ON, ["Item 0", "Item 1", STRANGERS])


@pytest.mark.parametrize("vendor", WITH_ADDRESS)
def test_another_server_before_anybody_had_looked_hears_no_new_secret(
    operator: Operator, standing_in: PlaceVendors, vendor: str
) -> None:
    """The old server may be anybody's by now: it is not asked with what was entered for the new one."""
    there = connect(operator, standing_in, vendor)
    row = there.bench.row(there.integration)
    former, links = row["configuration"], there.bench.places(there.integration)[0]["links"]
    forget = "update place set former = $2, vendor_id = null, settings = null where integration_id = $1"
    there.bench.operator.fetch(forget, there.integration, former)
    elsewhere = standing_in.world(vendor)
    elsewhere.cloud_id = str(uuid.uuid4())
    place = elsewhere.add(there.place.name)
    place.id = there.place.id
    there.enter(base_url=standing_in.address(elsewhere))
    secrets = {"access_token": elsewhere.token, "username": "ada@example.com"}
    there.bench.change(there.integration, sealed_secrets=there.bench.sealed(there.integration, secrets))
    asked = len(there.world.tokens)
    there.sync()
    assert len(there.world.tokens) == asked
    assert (titles(there.place), titles(place)) == (["Item 0", "Item 1"], ["Item 0", "Item 1"])
    assert links not in [one["links"] for one in there.bench.places(there.integration)]


def test_slack_a_name_and_then_the_id_of_the_same_channel(operator: Operator, standing_in: PlaceVendors) -> None:
    there = connect(operator, standing_in, "slack")
    [known] = there.bench.places(there.integration)
    assert known["vendor_id"] == there.place.id
    there.enter_place(there.place.id)
    there.go_on()
    assert titles(there.place) == GONE_ON
    # and back to the name, which the same channel has
    there.enter_place(there.place.name)
    put(there.bench, "3")
    there.bench.deliver(there.integration)
    assert titles(there.place) == [*GONE_ON, "Item 3"]
    output = there.sync()
    assert (output["unchanged"], output["missing"], titles(there.place)) == ("4", "0", [*GONE_ON, "Item 3"])


def test_slack_cannot_tell_whose_a_name_is_before_it_took_a_message(
    operator: Operator, standing_in: PlaceVendors
) -> None:
    """The first item that goes to a name tells. When it has a message there already, that one comes twice; no other."""
    there = connect(operator, standing_in, "slack", by_id=True)
    there.enter_place(f"#{there.place.name}")
    there.sync()
    assert sorted(set(titles(there.place))) == ["Item 0", "Item 1"]
    assert len(there.place.objects) == 3
    there.go_on()
    assert len(there.place.objects) == 4


def test_slack_a_renamed_channel_by_its_id_is_the_same(operator: Operator, standing_in: PlaceVendors) -> None:
    there = connect(operator, standing_in, "slack", by_id=True)
    there.world.rename(there.place, new_name("slack"))
    there.go_on()
    assert titles(there.place) == GONE_ON
