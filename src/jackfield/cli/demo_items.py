"""What the demo shows of items: one that becomes an issue and a message, is changed, and is closed at the vendor."""

import uuid
from typing import Any, Final

import typer

from jackfield.cli.demo_tour import Tour
from jackfield.cli.demo_vendors import DemoVendors, call

_ITEMS: Final = "/v1/hubs/current/items/work_item"
_INTEGRATIONS: Final = "/v1/hubs/current/integrations"
_ITEM: Final[dict[str, Any]] = {
    "title": "Brake pads worn",
    "body": "Both pads of the **front** axle are below 2 mm.",
    "url": "https://product.example.com/work-items/7",
    "labels": ["brakes"],
}


class ItemTour:
    """The calls of the product that has the item, and of people at its vendors."""

    def __init__(self, tour: Tour, vendors: DemoVendors) -> None:
        self._tour = tour
        self._vendors = vendors
        # an item of its own in every run, since the vendors' issues may be new ones
        self._path = f"{_ITEMS}/demo-{uuid.uuid4().hex[:8]}"

    def bring_an_item(self) -> None:
        """An item is put, edited, closed at the vendor, and read back by a synchronisation."""
        if self._vendors.repository is None:
            typer.echo("\nGive --github-repository as well, and the demo opens an issue in it.")
            return
        typer.echo("\nNow an item of the product, which its integrations bring to their vendors:")
        github, *others = integrations = self._connect()
        self._put("Put:", _ITEM, integrations)
        self._put("Edited:", {**_ITEM, "title": "Brake pads replaced", "status": "in_progress"}, integrations)
        issue = self._link(github)["vendor_id"]
        if self._vendors.api_url is not None:
            address = f"{self._vendors.api_url}/repos/{self._vendors.repository}/issues/{issue}"
            call(address, self._vendors.token, {"state": "closed"}, "PATCH")
            typer.echo(f"At GitHub:         somebody closes issue {issue}")
        found = self._tour.watch("Synchronised:", self._tour.call("POST", f"{github}/tasks", {"action": "sync"}))
        counts = ", ".join(f"{count} {name}" for name, count in found.items() if count != "0")
        typer.echo(f"                   it found: {counts}")
        read = self._tour.call("GET", self._path)["data"]
        typer.echo(
            f"Read back:         the item is {read['status']} here, and {self._link(github)['status']} at GitHub"
        )
        for integration in (github, *others):
            self._tour.watch("Deleted:", self._tour.call("DELETE", integration))

    def _connect(self) -> list[str]:
        """The paths of an integration with GitHub and, where there is one, of one with Slack; both are live."""
        wanted = [("github", {"repository": self._vendors.repository})]
        if self._vendors.slack_url is not None:
            channel = _slack(self._vendors, "conversations.create", {"name": f"demo-{uuid.uuid4().hex[:8]}"})
            self._channel = channel["channel"]["id"]
            wanted.append(("slack", {"channel": self._channel}))
        paths = []
        for vendor, extra in wanted:
            body = {"vendor": vendor, "auth": {"api_key": self._vendors.token}, "extra": extra}
            made = self._tour.call("POST", _INTEGRATIONS, {**body, "item_type": "work_item"})["data"]
            paths.append(f"{_INTEGRATIONS}/{made['id']}")
            self._tour.verify(paths[-1])
        return paths

    def _put(self, word: str, item: dict[str, Any], integrations: list[str]) -> None:
        put = self._tour.call("PUT", self._path, item)["data"]
        typer.echo(f"{word:<18} {put['title']} ({put['status']}), version {put['version']}")
        ids = {path.rpartition("/")[2] for path in integrations}
        # others of an earlier run may be there, whose vendor is gone
        self._tour.until(
            self._path, lambda seen: ids <= {link["integration_id"] for link in seen["links"] if link["in_line"]}
        )
        github = self._link(integrations[0])
        typer.echo(f"At GitHub:         issue {github['vendor_id']}: {self._issue_title(github)} ({github['url']})")
        if self._vendors.slack_url is not None:
            messages = _slack(self._vendors, "conversations.history", {"channel": self._channel})["messages"]
            typer.echo(f"At Slack:          {len(messages)} message: {messages[0]['text']}")

    def _link(self, integration: str) -> Any:
        links = self._tour.call("GET", self._path)["data"]["links"]
        wanted = integration.rpartition("/")[2]
        return next(link for link in links if link["integration_id"] == wanted)

    def _issue_title(self, link: Any) -> str:
        base = self._vendors.api_url or "https://api.github.com"
        issue = call(f"{base}/repos/{self._vendors.repository}/issues/{link['vendor_id']}", self._vendors.token)
        return str(issue["title"])


def _slack(vendors: DemoVendors, method: str, arguments: dict[str, str]) -> Any:
    return call(f"{vendors.slack_url}/api/{method}", vendors.token, arguments)
