"""Vendors with places that people rename, move, delete and create again, as far as the providers' calls see of it.

One small function for each vendor says what its API answers; a `World` is one installation of it, with places and what
is in them. A vendor with an address of its own is below `/~<world>`; the others tell the world by the token.
"""

import contextlib
import itertools
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from support.vendor_server import say

#: status, JSON and headers
Said = tuple[int, Any] | tuple[int, Any, dict[str, str]]
_NUMBERS: Final = itertools.count(100)


@dataclass
class Place:
    """`objects` are the titles of what is in it, by the vendor's ids."""

    name: str
    id: str
    objects: dict[str, str] = field(default_factory=dict)

    def titles(self) -> list[str]:
        return sorted(self.objects.values())


@dataclass
class World:
    """`per_place`: objects are numbered in each place by itself, so that the numbers of two places meet."""

    vendor: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    places: list[Place] = field(default_factory=list)
    former: dict[str, Place] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    cloud_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def add(self, name: str) -> Place:
        made = Place(name, str(uuid.uuid4()) if self.vendor == "linear" else _id(self.vendor))
        self.places.append(made)
        return made

    def rename(self, place: Place, name: str) -> None:
        self.former[place.name.lower()] = place
        place.name = name

    def named(self, name: str) -> Place | None:
        """The place that is called so now."""
        return next((one for one in self.places if one.name.lower() == name.lower()), None)

    def numbered(self, place_id: str) -> Place | None:
        return next((one for one in self.places if one.id == place_id), None)

    def holding(self, object_id: str) -> Place | None:
        return next((one for one in self.places if object_id in one.objects), None)

    def create(self, place: Place, title: str, object_id: str | None = None) -> str:
        made = object_id or str(len(place.objects) + 1 if self.vendor in {"github", "gitlab"} else next(_NUMBERS))
        place.objects[made] = title
        return made


def _id(vendor: str) -> str:
    return f"C{next(_NUMBERS):09}" if vendor == "slack" else str(next(_NUMBERS))


def _github(world: World, method: str, path: str, body: Any) -> Said:
    by_number = re.fullmatch(r"/api/v3/repositories/(\d+)", path)
    found = re.fullmatch(r"/api/v3/repos/([^/]+/[^/]+)(/issues)?(?:/(\d+))?", path)
    name = found[1] if found else ""
    place = world.numbered(by_number[1]) if by_number else world.named(name)
    if place is None and (moved := world.former.get(name.lower())) is not None:
        target = f"/api/v3/repositories/{moved.id}{path.partition(name)[2]}"
        return 301 if method == "GET" else 307, {"message": "Moved Permanently"}, {"Location": target}
    if place is None:
        return 404, {"message": "Not Found"}
    if found is None or found[2] is None:
        return 200, {"id": int(place.id), "full_name": place.name, "has_issues": True, "private": False}
    number = found[3] or (world.create(place, body["title"]) if method == "POST" else "")
    if number not in place.objects:
        return 404, {"message": "Not Found"}
    if method == "PATCH":
        place.objects[number] = body["title"]
    return 201 if method == "POST" else 200, {"number": int(number), "state": "open", "labels": []}


def _gitlab(world: World, method: str, path: str, body: Any) -> Said:
    path, _, query = path.partition("?")
    found = re.fullmatch(r"/api/v4/projects/([^/]+)(/issues)?(?:/(\d+))?", path)
    assert found is not None, path
    name = unquote(found[1])
    place = world.numbered(name) or world.named(name)
    if place is None and (moved := world.former.get(name.lower())) is not None:
        if method != "GET":
            return 405, {"message": "Non GET methods are not allowed for moved projects"}
        return 301, {}, {"Location": f"/api/v4/projects/{moved.id}{found[2] or ''}"}
    if place is None:
        return 404, {"message": "404 Project Not Found"}
    if found[2] is None:
        return 200, {"id": int(place.id), "path_with_namespace": place.name, "issues_enabled": True}
    if method == "GET":
        wanted = parse_qs(query).get("iids[]", [])
        return 200, [{"iid": int(one), "state": "opened"} for one in wanted if one in place.objects]
    return _gitlab_issue(place, method, found[3] or world.create(place, body["title"]), body)


def _gitlab_issue(place: Place, method: str, number: str, body: Any) -> Said:
    if number not in place.objects:
        return 404, {"message": "404 Not found"}
    place.objects[number] = body["title"]
    return 201 if method == "POST" else 200, {"iid": int(number), "state": "opened"}


def _jira_issue(world: World, object_id: str) -> dict[str, Any]:
    place = world.holding(object_id)
    key = f"{place.name if place else ''}-{object_id}"
    return {"id": object_id, "key": key, "fields": {"status": {"statusCategory": {"key": "new"}}}}


def _jira(world: World, method: str, path: str, body: Any) -> Said:
    if path == "/_edge/tenant_info":
        return 200, {"cloudId": world.cloud_id}
    path = path.partition("?")[0].removeprefix("/rest/api/3")
    step, _, name = path.strip("/").partition("/")
    if step == "project":
        place = world.named(name) or world.former.get(name.lower()) or world.numbered(name)
        return (200, {"id": place.id, "key": place.name, "name": "Shop"}) if place else (404, {"errorMessages": []})
    if path == "/myself":
        return 200, {"accountId": "1", "displayName": "Ada"}
    return _jira_issues(world, method, name, body)


def _jira_issues(world: World, method: str, name: str, body: Any) -> Said:
    if name == "bulkfetch":
        return 200, {"issues": [_jira_issue(world, one) for one in body["issueIdsOrKeys"] if world.holding(one)]}
    if method == "POST":
        wanted = body["fields"]["project"]
        project = world.numbered(wanted["id"]) if "id" in wanted else world.named(wanted["key"])
        if project is None:
            return 400, {"errors": {"project": "valid project is required"}}
        return 201, _jira_issue(world, world.create(project, body["fields"]["summary"]))
    place = world.holding(name)
    if place is None:
        return 404, {"errorMessages": ["Issue does not exist"]}
    if method == "PUT":
        place.objects[name] = body["fields"]["summary"]
        return 204, None
    return 200, _jira_issue(world, name)


def _confluence(world: World, method: str, path: str, body: Any) -> Said:
    if path == "/_edge/tenant_info":
        return 200, {"cloudId": world.cloud_id}
    number = path.partition("?")[0].removeprefix("/wiki/api/v2/pages").strip("/")
    if method == "POST" and (place := world.numbered(body["spaceId"])) is not None:
        number = world.create(place, body["title"])
    place = world.holding(number)
    if place is None:
        return 404, {"errors": [{"status": 404, "code": "NOT_FOUND"}]}
    if method == "PUT":
        place.objects[number] = body["title"]
    return 200, {"id": number, "title": place.objects[number], "status": "current", "version": {"number": 1}}


def _sentry(world: World, method: str, path: str, body: Any) -> Said:
    found = re.match(r"/api/0/organizations/([^/]+)/(?:issues/(?:(\d+)/)?)?(comments/)?(?:(\d+)/)?", path)
    place = (world.named(found[1]) or world.numbered(found[1])) if found else None
    if found is None or place is None:
        return 404, {"detail": "The requested resource does not exist"}
    if found[3]:
        number = found[4] or world.create(place, body["text"])
        if number not in place.objects:
            return 404, {"detail": "The requested resource does not exist"}
        place.objects[number] = body["text"]
        return 200 if found[4] else 201, {"id": number, "data": {"text": body["text"]}}
    issue = {"id": "77", "status": "unresolved"}
    if found[2]:
        return 200, issue
    if "/issues/" in path:
        return 200, [issue]
    return 200, {"id": place.id, "name": place.name, "slug": place.name}


def _linear(world: World, method: str, path: str, body: Any) -> Said:
    query, variables = body["query"], body["variables"]

    def issue(object_id: str) -> dict[str, Any]:
        team = world.holding(object_id)
        return {"id": object_id, "state": {"type": "unstarted"}, "team": team and {"id": team.id}}

    data: dict[str, Any] = {}
    if "issueCreate" in query:
        made = variables["input"]
        team = world.numbered(made["teamId"])
        if team is None or world.holding(made["id"]) is not None:
            return 200, {"errors": [{"message": "conflict", "extensions": {"type": "invalid input"}}]}
        data["issueCreate"] = {"success": True, "issue": issue(world.create(team, made["title"], made["id"]))}
    elif "issueUpdate" in query:
        team = world.holding(variables["id"])
        assert team is not None
        team.objects[variables["id"]] = variables["input"]["title"]
        data["issueUpdate"] = {"success": True, "issue": issue(variables["id"])}
    else:
        if "team" in variables:
            team = world.numbered(variables["team"]) or world.named(variables["team"])
            states = {"nodes": [{"id": "s", "type": "unstarted", "position": 1}]}
            data["team"] = team and {"id": team.id, "key": team.name, "name": team.name, "states": states}
        if "filter" in variables:
            wanted = variables["filter"]["id"]["in"]
            data["issues"] = {"nodes": [issue(one) for one in wanted if world.holding(one)]}
    return 200, {"data": data}


def _mantisbt(world: World, method: str, path: str, body: Any) -> Said:
    path = path.removeprefix("/api/rest").partition("?")[0]
    number = path.rpartition("/")[2]
    projects = [{"id": int(one.id), "name": one.name} for one in world.places]
    if path == "/users/me":
        return 200, {"id": 1, "name": "ada", "projects": projects}
    if path.startswith("/projects"):
        found = [one for one in projects if path == "/projects" or str(one["id"]) == number]
        return (200, {"projects": found}) if found else (404, {"message": "Project not found"})
    return _mantisbt_issues(world, method, number, body)


def _mantisbt_issues(world: World, method: str, number: str, body: Any) -> Said:
    if method == "POST":
        wanted = body["project"]
        place = world.numbered(str(wanted["id"])) if "id" in wanted else world.named(wanted["name"])
        if place is None:
            return 404, {"message": "Project not found"}
        made = world.create(place, body["summary"])
        return 201, {"issue": {"id": int(made), "status": {"id": 10, "name": "new"}}}
    if number == "issues":
        ids = [one for place in world.places for one in place.objects]
        return 200, {"issues": [{"id": int(one), "status": {"id": 10, "name": "new"}} for one in ids]}
    place = world.holding(number)
    if place is None:
        return 404, {"message": "Issue not found"}
    if method == "PATCH":
        place.objects[number] = body["summary"]
    return 200, {"issues": [{"id": int(number), "status": {"id": 10, "name": "new"}}]}


def _slack(world: World, method: str, path: str, body: Any) -> Said:
    call = path.partition("?")[0].rpartition("/")[2]
    channel = (body or {}).get("channel", "")
    place = world.numbered(channel) or world.named(channel.lstrip("#"))
    if call == "chat.getPermalink":
        return 200, {"ok": False, "error": "message_not_found"}
    if place is None:
        return 200, {"ok": False, "error": "channel_not_found"}
    ts = body.get("ts") or f"1503435956.{world.create(place, body['text'])}"
    number = ts.partition(".")[2]
    if number not in place.objects:
        return 200, {"ok": False, "error": "message_not_found"}
    place.objects[number] = body["text"]
    return 200, {"ok": True, "channel": place.id, "ts": ts}


VENDORS: Final[dict[str, Callable[[World, str, str, Any], Said]]] = {
    "github": _github,
    "gitlab": _gitlab,
    "jira": _jira,
    "confluence": _confluence,
    "sentry": _sentry,
    "linear": _linear,
    "mantisbt": _mantisbt,
    "slack": _slack,
}


class PlaceVendors:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.worlds: dict[str, World] = {}

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["PlaceVendors"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.vendors = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.vendors
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def world(self, vendor: str) -> World:
        made = World(vendor)
        self.worlds[made.token] = made
        return made

    def address(self, world: World) -> str:
        """Of an installation of its own."""
        return f"http://localhost:{self.port}/~{world.token}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    vendors: PlaceVendors


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        authorization = self.headers.get("Authorization", "")
        own = re.match(r"/~([0-9a-f]+)(.*)", self.path)
        known = self.server.vendors.worlds.get(own[1] if own else authorization.rpartition(" ")[2])
        if known is None:
            say(404, {})(self)
            return
        if authorization:
            known.tokens.append(authorization)
        said = VENDORS[known.vendor](known, self.command, own[2] if own else self.path, self._body(content))
        with contextlib.suppress(ConnectionError):
            say(*said)(self)

    do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815  the library's names

    def _body(self, content: bytes) -> Any:
        if not content:
            return dict(parse_qsl(urlsplit(self.path).query))
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        return json.loads(content) if is_json else dict(parse_qsl(content.decode()))

    def log_message(self, *_: Any) -> None:
        pass
