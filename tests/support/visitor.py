"""Somebody with a browser, at the level of HTTP: keeps cookies, and sends the forms that a page has."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from support.operator import ORIGIN, Operator
from support.service import Service

SESSION = "jackfield-session"
FORM_TOKEN = "form_token"


@dataclass
class PageForm:
    """A form as it stands on the page: what a browser would send if nobody touched it."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, values: Mapping[str, str | Sequence[str] | None]) -> list[tuple[str, str]]:
        """With these controls filled in; None: not sent at all."""
        kept = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            if value is not None:
                kept += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        return kept


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._select: str | None = None
        self._chosen: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "form":
            self.forms.append(PageForm(given["action"]))
        elif tag == "input" and self.forms:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self.forms[-1].fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._select, self._chosen = given["name"], None
        elif tag == "option" and (self._chosen is None or "selected" in given):
            self._chosen = given["value"]
        elif tag == "textarea":
            self._area = given["name"]
            self.forms[-1].fields.append((self._area, ""))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._area is not None:
            name, before = self.forms[-1].fields[-1]
            # the first line break of a textarea is not part of it
            self.forms[-1].fields[-1] = (name, before + (data if before else data.removeprefix("\n")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None:
            self.forms[-1].fields.append((self._select, self._chosen or ""))
        elif tag == "textarea":
            self._area = None


class Page:
    def __init__(self, answer: requests.Response) -> None:
        self.answer = answer
        self.status = answer.status_code
        reader = _Reader()
        if answer.headers.get("content-type", "").startswith("text/html"):
            reader.feed(answer.text)
        self.forms = reader.forms
        self.tags = reader.tags
        self.text = " ".join(" ".join(reader.texts).split())

    @property
    def location(self) -> str:
        assert self.status == 303, self.answer.text
        return self.answer.headers["location"]

    def form(self, action: str) -> PageForm:
        [found] = [one for one in self.forms if one.action == action]
        return found

    def control(self, name: str) -> dict[str, str]:
        """The attributes of the one control of that name."""
        [found] = [given for _, given in self.tags if given.get("name") == name]
        return found

    def all(self, tag: str, **wanted: str) -> Iterator[dict[str, str]]:
        for found, given in self.tags:
            if found == tag and all(given.get(name) == value for name, value in wanted.items()):
                yield given


class _From(HTTPAdapter):
    """Comes from an address of this machine that nobody else comes from, since failures are counted by address."""

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        address = f"127.{'.'.join(str(random.randint(1, 254)) for _ in range(3))}"  # noqa: S311  no secret
        super().init_poolmanager(*arguments, **more, source_address=(address, 0))  # type: ignore[no-untyped-call]


def _session() -> requests.Session:
    session = requests.Session()
    session.mount("http://", _From())
    return session


@dataclass
class Visitor:
    service: Service
    session: requests.Session = field(default_factory=_session)

    def call(self, method: str, path: str, **more: Any) -> Page:
        headers = {**more.pop("headers", {})}
        url = self.service.url + path
        return Page(self.session.request(method, url, headers=headers, timeout=30, allow_redirects=False, **more))

    def get(self, path: str, **more: Any) -> Page:
        return self.call("GET", path, **more)

    def send(self, page: Page, action: str, values: Mapping[str, Any] | None = None, **more: Any) -> Page:
        """Sends a form of the page, filled in."""
        return self.call("POST", urlsplit(action).path, data=page.form(action).filled(values or {}), **more)

    def sign_in_with_key(self, key: str, next_page: str = "") -> Page:
        page = self.get("/console/sign-in", params={"next": next_page} if next_page else None)
        return self.send(page, "/console/sign-in", {"key": key})

    def sign_in_with_link(self, path: str) -> Page:
        return self.send(self.get(path), path)

    def signed_in(self, key: str) -> "Visitor":
        """Itself, signed in."""
        assert self.sign_in_with_key(key).status == 303
        assert self.cookie(SESSION)
        return self

    def cookie(self, name: str) -> str:
        return self.session.cookies.get(name, "")


def make_link(
    operator: Operator, organisation: str, user: str = "alice", *capabilities: str, is_operator: bool = False
) -> str:
    """The path of a new link."""
    links = operator.house.services.console_links
    return operator.run(links.create(organisation, user, capabilities, ORIGIN, is_operator=is_operator)).path
