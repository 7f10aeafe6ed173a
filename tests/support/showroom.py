"""An organisation in which something of everything is to be seen: what the console's pictures show."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from jackfield.domain import ids
from support.checked_tenant import CheckedTenant
from support.partner import Partner
from support.vendor_server import VendorServer, taken
from support.waiting import until

#: always the same data, so that pictures differ by the pages alone
_SEED: Final = 7
_HOURS: Final = 24
_ITEMS: Final = (
    ("WI-101", "Brake pads worn on car 12", "open", ["brakes", "urgent"]),
    ("WI-102", "Oil leak at the rear axle", "in_progress", ["engine"]),
    ("WI-103", "Door of coach 3 does not close", "open", ["doors"]),
    ("WI-104", "Replace the tyres before winter", "closed", ["tyres"]),
    ("WI-105", "Heating fails below -10 °C", "open", ["heating"]),
    ("WI-106", "Display shows the wrong line number", "in_progress", ["electronics"]),
)
_REPOSITORY: Final = "northwind-rail/vehicle-firmware"
#: vendor, name, how to prove oneself, settings
_VENDORS: Final[tuple[tuple[str, str, dict[str, str], dict[str, str]], ...]] = (
    ("sentry", "Production errors", {"api_key": "sntrys_eyJpYXQiOjE3"}, {"org_slug": "northwind-rail"}),
    ("slack", "Workshop channel", {"api_key": "xoxb-2048-4096-abcdefgh"}, {}),
    ("mantisbt", "Maintenance board", {"api_key": "4bk5mUT7z8vQxW2n"}, {"base_url": "https://mantis.example.com"}),
    ("linear", "Fleet planning", {"api_key": "lin_api_7Kd93hAqLxPz"}, {}),
    ("gitlab", "Telematics firmware", {"api_key": "glpat-Xy3vB7kQ9sLm"}, {}),
    ("discord", "Night shift", {"secret": "https://discord.com/api/webhooks/123456789012345678/of-this-picture"}, {}),
)
_BROKEN: Final = "GitLab refuses the credential: it is wrong, expired or revoked"
_WRONG: Final = "The project MAINT does not exist at MantisBT, or the account may not see it"
_HELD: Final = "Linear does not take the item: the team was archived"

_INSERT_JOB: Final = """
insert into job (organisation_id, id, kind, integration_id, caption, header, steps, state, state_changed_at, queued_at,
    started_at, completed_at, expires_at, creator_user, error)
values ($1, $2, 'deliver', $3, $4, 'Deliver items', '[]', $5, $7, $7, $7, $7, $7, 'jackfield', $6)
"""
_INSERT_DELIVERY: Final = """
insert into delivery (organisation_id, id, integration_id, item_id, version, state, attempts, error, error_at,
    created_at, ended_at)
values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $8, $8)
"""


_APP: Final = {
    "name": "Parts Finder",
    "author": "Coupling Ltd",
    "description": "Finds the spare parts that a work item needs.",
    "contact": "help@coupling.example.com",
    "scopes": ["items:read"],
}
#: by the names of their pictures; in braces what `Showroom.address` fills in
PAGES: Final[Mapping[str, str]] = {
    "overview": "/console",
    "integrations": "/console/integrations",
    "integration": "/console/integrations/{live}",
    "integration-broken": "/console/integrations/{broken}",
    "integration-edit": "/console/integrations/{live}/edit",
    "integration-delete": "/console/integrations/{live}/delete",
    "connect": "/console/integrations/new",
    "connect-vendor": "/console/integrations/new/github",
    "catalogue": "/console/catalogue",
    "catalogue-vendor": "/console/catalogue/github",
    "catalogue-app": "/console/catalogue/{app}",
    "apps": "/console/catalogue/apps",
    "items": "/console/items",
    "item": "/console/items/work_item/WI-101",
    "item-new": "/console/items/new",
    "deliveries": "/console/deliveries",
    "jobs": "/console/jobs",
    "job": "/console/jobs/{job}",
    "keys": "/console/keys",
    "key-new": "/console/keys/new",
    "audit": "/console/audit",
    "settings": "/console/settings",
    "system": "/console/system",
}


@dataclass
class Showroom:
    """`integrations` are ids by name. `app` waits to be approved; `job` was a verification."""

    tenant: CheckedTenant
    integrations: dict[str, str] = field(default_factory=dict)
    app: str = ""
    job: str = ""

    def address(self, page: str) -> str:
        """Of one of PAGES, or of another with the same in braces."""
        return page.format(
            live=self.integrations["Vehicle firmware"],
            broken=self.integrations["Telematics firmware"],
            held=self.integrations["Fleet planning"],
            paused=self.integrations["Night shift"],
            app=self.app,
            job=self.job,
            key=self.key,
        )

    @property
    def key(self) -> str:
        """The id of a key."""
        found = self.fetch("select id from api_key where organisation_id = $1 order by id limit 1")
        return ids.to_hex(found[0]["id"])

    def fetch(self, sql: str, *values: Any) -> Any:
        return self.tenant.operator.fetch(sql, self.tenant.organisation.id, *values)


def furnish(tenant: CheckedTenant, vendors: VendorServer) -> Showroom:
    """GitHub is live and has the items; the others are in all the states that there are."""
    repository = vendors.repository(_REPOSITORY)
    token = f"ghp_{tenant.organisation.id}"
    vendors.answer(token, taken)
    room = Showroom(tenant)
    code = tenant.hub_integration(
        "github", token, name="Vehicle firmware", item_type="work_item", extra={"repository": repository.name}
    )
    room.integrations["Vehicle firmware"] = code["id"]
    room.job = tenant.verification(code["id"])
    tenant.finished(room.job)
    room.app = Partner.register(tenant, approved=False, **_APP).id
    _tell_items(tenant, code["id"])
    for vendor, name, auth, extra in _VENDORS:
        answer = tenant.hubs("POST", "", json={"vendor": vendor, "name": name, "auth": auth, "extra": extra})
        assert answer.status_code == 201, answer.text
        room.integrations[name] = answer.json()["data"]["id"]
    _break(room)
    _fill_the_day(room)
    return room


def _tell_items(tenant: CheckedTenant, integration: str) -> None:
    for key, title, status, labels in _ITEMS:
        body = {"title": title, "status": status, "labels": labels, "body": "Seen at the morning check."}
        answer = tenant.call("PUT", f"/v1/hubs/current/items/work_item/{key}", json=body)
        assert answer.status_code in {200, 201}, answer.text
    until(
        lambda: tenant.hubs("GET", f"/{integration}/deliveries", params={"filter[state]": "delivered"}).json()["data"],
        lambda found: len(found) >= len(_ITEMS),
    )


def _break(room: Showroom) -> None:
    """What only time, or a vendor, would bring about."""
    changes = {
        "Production errors": "state = 'live', status = 'active', health = 'active', "
        "verified_at = now() - interval '3 hours'",
        "Workshop channel": "state = 'live', status = 'active', health = 'degraded', health_reason = "
        "'Slack gave no usable answer: 503'",
        "Fleet planning": "state = 'live', status = 'active', verified_at = now() - interval '2 days'",
        "Maintenance board": f"status = 'error', health = 'misconfigured', error = '{_WRONG}', "
        f"health_reason = '{_WRONG}'",
        "Telematics firmware": f"status = 'error', health = 'needs_reauthorisation', error = '{_BROKEN}', "
        f"health_reason = '{_BROKEN}'",
        "Night shift": "state = 'live', status = 'active', enabled = false",
    }
    for name, change in changes.items():
        room.fetch(f"update integration set {change} where organisation_id = $1 and name = $2", name)


def _fill_the_day(room: Showroom) -> None:
    """Deliveries and jobs of the hours behind us, as their ids say when they were made."""
    chance = random.Random(_SEED)  # noqa: S311  no secret
    items = [one["id"] for one in room.fetch("select id from item where organisation_id = $1 order by id")]
    ours = {name: ids.parse_hex(text) for name, text in room.integrations.items()}
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(1, _HOURS):
        at = hour - timedelta(hours=number)
        first = ids.first_at(at)
        busy = 2 + round(6 * abs(12 - number % 24) / 12)
        for one in range(busy + chance.randrange(4)):
            item = chance.choice(items)
            room.fetch(_INSERT_DELIVERY, first + one, ours["Vehicle firmware"], item, "delivered", 1, None, at)
        for one in range((busy + 2) // 3):
            told = ("Vehicle firmware", "completed", None, at)
            room.fetch(_INSERT_JOB, first + 100 + one, ours["Vehicle firmware"], *told)
        if number in {3, 4, 11}:
            room.fetch(
                _INSERT_DELIVERY, first + 50, ours["Fleet planning"], chance.choice(items), "held", 22, _HELD, at
            )
            room.fetch(_INSERT_JOB, first + 150, ours["Fleet planning"], "Fleet planning", "error", _HELD, at)
