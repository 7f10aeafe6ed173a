"""Slack end to end against an emulator that somebody else wrote: prove, post, change, find again.

It has no auth.revoke, which the recorded replies show.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import msgspec
import pytest
import requests
from joserfc.jwk import RSAKey

from jackfield.domain.credential import Secrets
from jackfield.domain.item import Item, ItemStatus, ItemType
from jackfield.domain.provider import (
    ConfigurationRejected,
    Connection,
    CredentialRefused,
    Delivered,
    Delivery,
    ObjectVanished,
)
from jackfield.providers._client import open_client
from jackfield.providers._http import Endpoints
from jackfield.providers.slack import Slack
from support.emulator import TOKEN, TOKEN_OF_NOBODY, Emulator, start_emulator

#: the providers whose conversations are checked here
COVERS: Final = frozenset({"slack"})
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
ITEM = Item(
    type=ItemType.WORK_ITEM,
    key="WI-7",
    title="Brake pads <worn>",
    body="Replace **both** pads, <!channel>.\n\n" + "- see [the manual](https://example.com/m)\n" * 3,
    url="https://product.example.com/work-items/7",
    labels=("brakes",),
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    with start_emulator(tmp_path_factory.mktemp("emulator"), key) as emulator:
        yield emulator


@dataclasses.dataclass
class Workspace:
    url: str
    channel: str

    def call(self, method: str, **arguments: Any) -> Any:
        return requests.post(f"{self.url}/api/{method}", headers=HEADERS, json=arguments, timeout=10).json()

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("conversations.history", channel=self.channel)["messages"]
        return found

    def slack(self, act: Callable[[Slack], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with open_client([], {"slack": [self.url]}) as http:
                return await act(Slack(http, Endpoints(api_url=f"{self.url}/api")))

        return asyncio.run(run())

    def deliver(self, delivery: Delivery, channel: str | None = None, token: str = TOKEN) -> Delivered:
        connection = Connection(Secrets({"access_token": token}), {"channel": channel or self.channel})
        delivered: Delivered = self.slack(lambda slack: slack.deliver(connection, delivery))
        return delivered


@pytest.fixture
def workspace(emulator: Emulator, request: pytest.FixtureRequest) -> Workspace:
    """With a channel of the test's own."""
    place = Workspace(emulator.slack, "")
    name = request.node.name.replace("_", "-")[-70:]
    place.channel = place.call("conversations.create", name=name)["channel"]["id"]
    return place


def marked(digit: str) -> str:
    return digit * 32


def test_a_token_is_proved(workspace: Workspace) -> None:
    connection = Connection(Secrets({"access_token": TOKEN}), {})
    assert workspace.slack(lambda slack: slack.verify(connection)).account.name.startswith("admin (")
    refused = Connection(Secrets({"access_token": TOKEN_OF_NOBODY}), {})
    with pytest.raises(CredentialRefused):
        workspace.slack(lambda slack: slack.verify(refused))


def test_an_item_becomes_a_message(workspace: Workspace) -> None:
    delivered = workspace.deliver(Delivery(item=ITEM, marker=marked("a")))
    (message,) = workspace.messages()
    assert delivered.vendor_id == f"{workspace.channel}:{message['ts']}"
    assert delivered.url is not None
    assert message["metadata"]["event_payload"] == {"marker": marked("a")}
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
    blocks = message["blocks"]
    assert [block["type"] for block in blocks] == ["header", "section", "context"]
    assert blocks[0]["text"]["text"] == "Brake pads &lt;worn&gt;"
    assert "&lt;!channel&gt;" in blocks[1]["text"]["text"]


def test_a_change_changes_the_message(workspace: Workspace) -> None:
    first = workspace.deliver(Delivery(item=ITEM, marker=marked("b")))
    closed = msgspec.structs.replace(ITEM, status=ItemStatus.CLOSED)
    again = workspace.deliver(Delivery(item=closed, marker=marked("b"), vendor_id=first.vendor_id))
    assert again == first
    (message,) = workspace.messages()
    assert message["blocks"][-1]["elements"][0]["text"] == "Closed"


def test_a_message_whose_answer_was_lost_is_found_again(workspace: Workspace) -> None:
    first = workspace.deliver(Delivery(item=ITEM, marker=marked("c")))
    workspace.deliver(Delivery(item=ITEM, marker=marked("d")))
    # more than a page of the history
    for number in range(60):
        workspace.call("chat.postMessage", channel=workspace.channel, text=f"{number}")
    again = workspace.deliver(Delivery(item=ITEM, marker=marked("c"), retried=True))
    assert again.vendor_id == first.vendor_id
    assert len(workspace.messages()) == 62
    other = workspace.deliver(Delivery(item=ITEM, marker=marked("e"), retried=True))
    assert other.vendor_id != first.vendor_id
    assert len(workspace.messages()) == 63


def test_a_message_that_was_deleted_has_vanished(workspace: Workspace) -> None:
    first = workspace.deliver(Delivery(item=ITEM, marker=marked("f")))
    workspace.call("chat.delete", channel=workspace.channel, ts=first.vendor_id.partition(":")[2])
    with pytest.raises(ObjectVanished):
        workspace.deliver(Delivery(item=ITEM, marker=marked("f"), vendor_id=first.vendor_id))


def test_a_channel_that_is_none_is_a_wrong_setting(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationRejected) as raised:
        workspace.deliver(Delivery(item=ITEM, marker=marked("0")), channel="C0NOTTHERE")
    assert raised.value.field == "channel"


def test_a_channel_that_was_archived_is_a_wrong_setting(workspace: Workspace) -> None:
    workspace.call("conversations.archive", channel=workspace.channel)
    with pytest.raises(ConfigurationRejected) as raised:
        workspace.deliver(Delivery(item=ITEM, marker=marked("0")))
    assert raised.value.field == "channel"
