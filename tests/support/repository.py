"""A repository of GitHub's with its issues, as the vendors' stand-in keeps it: what the provider calls, and no more.

Issues: https://docs.github.com/en/rest/issues/issues ; many at once: https://docs.github.com/en/graphql .
"""

import itertools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

_ISSUE: Final = re.compile(
    r"^/repos/(?P<name>[^/]+/[^/]+)(?P<rest>(?:/issues(?:/(?P<number>\d+))?(?P<labels>/labels)?)?)$"
)
_NUMBERS: Final = re.compile(r"(\w+): ?issue\(number: ?(\d+)\)")

#: what one call comes to: a status and a JSON value, perhaps with headers; or whatever else is done with the request
Said = tuple[int, Any] | tuple[int, Any, dict[str, str]] | Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    method: str
    path: str
    body: Any
    at: float


@dataclass
class Repository:
    """`fails` may answer a call in the repository's place, before anything is done; `after` once it is done.

    Where it is, is looked up before anything is sent: these are `looks`, and answered whatever else fails, unless it is
    `hidden`.
    """

    name: str = field(default_factory=lambda: f"acme/{uuid.uuid4().hex}")
    id: int = field(default_factory=itertools.count(1).__next__)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    fails: Callable[[Asked], Said | None] = lambda _: None
    after: Callable[[Asked], Said | None] = lambda _: None
    seconds: float = 0.0
    refused: bool = False
    hidden: bool = False
    looks: list[Asked] = field(default_factory=list)
    most_at_once: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writes(self) -> list[Asked]:
        return [one for one in self.asked if one.method != "GET" and not one.path.startswith("/graphql")]

    @property
    def reads(self) -> list[Asked]:
        return [one for one in self.asked if one not in self.writes]

    def titles(self) -> list[str]:
        return sorted(issue["title"] for issue in self.issues.values())

    def one(self) -> dict[str, Any]:
        """The only issue."""
        [issue] = self.issues.values()
        return issue

    def answer(self, method: str, path: str, body: Any) -> Said:
        asked = Asked(method, path, body, time.monotonic())
        if (moved := self._moved(method, path, body)) is not None:
            return moved
        if method == "GET" and self._is_look(path) and not self.refused and not self.hidden:
            self.looks.append(asked)
            return self._do(method, path, body)
        with self._lock:
            self.asked.append(asked)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            time.sleep(self.seconds)
            if self.refused:
                return 401, {"message": "Bad credentials"}
            instead = self.fails(asked)
            if instead is not None:
                return instead
            with self._lock:
                said = self._do(method, path, body)
            return self.after(asked) or said
        finally:
            with self._lock:
                self._under_way -= 1

    def _is_look(self, path: str) -> bool:
        return path.lower() == f"/repos/{self.name}".lower() or path == f"/repositories/{self.id}"

    def _moved(self, method: str, path: str, body: Any) -> Said | None:
        """What an old name of the repository comes to."""
        found = _ISSUE.match(urlsplit(path).path)
        if path == "/graphql" and name_of(path, json.dumps(body).encode()) != self.name:
            return 200, {"data": {"repository": None}, "errors": [{"type": "NOT_FOUND"}]}
        if found is None or found["name"].lower() == self.name.lower():
            return None
        target = {"Location": f"https://api.github.com/repositories/{self.id}{found['rest']}"}
        return 301 if method == "GET" else 307, {"message": "Moved"}, target

    def _do(self, method: str, path: str, body: Any) -> Said:
        if path == "/graphql":
            return 200, {"data": {"repository": self._queried(body)}}
        if path == f"/repositories/{self.id}":
            path = f"/repos/{self.name}"
        found = _ISSUE.match(urlsplit(path).path)
        assert found is not None, path
        if not found["rest"]:
            return 200, {"id": self.id, "full_name": self.name, "private": False, "has_issues": True, "archived": False}
        if found["number"] is None:
            return (201, self._create(body)) if method == "POST" else (200, self._list(path))
        issue = self.issues.get(int(found["number"]))
        if issue is None:
            return 404, {"message": "Not Found"}
        if found["labels"]:
            issue["labels"] += [{"name": name} for name in body["labels"]]
            return 200, issue["labels"]
        if method == "PATCH":
            issue.update(body)
        return 200, issue

    def _create(self, body: Any) -> dict[str, Any]:
        number = max(self.issues, default=0) + 1
        labels = [{"name": name} for name in body.get("labels", [])]
        url = f"https://github.example/{self.name}/issues/{number}"
        issue = {**body, "number": number, "state": "open", "html_url": url, "assignee": None, "labels": labels}
        issue["created_at"] = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.issues[number] = issue
        return issue

    def _list(self, path: str) -> list[dict[str, Any]]:
        query = parse_qs(urlsplit(path).query)
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        return list(reversed(self.issues.values()))[(page - 1) * size : page * size]

    def _queried(self, body: Any) -> dict[str, Any]:
        return {alias: self._shown(int(number)) for alias, number in _NUMBERS.findall(body["query"])}

    def _shown(self, number: int) -> dict[str, Any] | None:
        issue = self.issues.get(number)
        if issue is None:
            return None
        assignees = [] if issue["assignee"] is None else [{"login": issue["assignee"]["login"]}]
        state, url = issue["state"].upper(), issue["html_url"]
        return {"number": number, "state": state, "url": url, "assignees": {"nodes": assignees}}


def name_of(path: str, body: bytes) -> str | None:
    """The repository that a call is about, None when it is about none."""
    if path == "/graphql":
        variables = json.loads(body)["variables"]
        return f"{variables['owner']}/{variables['name']}"
    issue = _ISSUE.match(urlsplit(path).path)
    return issue["name"] if issue is not None else None
