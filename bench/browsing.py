"""Somebody who is signed in to the console, over one connection that stays open."""

import http.client
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

_SIGN_IN: Final = "/console/sign-in"
_FORM_TOKEN: Final = re.compile(r'name="form_token" value="([0-9a-f]+)"')
# what a browser fetches to show a page
_PARTS: Final = re.compile(r'<(?:link|script|img)[^>]* (?:href|src)="(/[^"]+)"')


@dataclass(frozen=True)
class Shown:
    """A page, with what it took to send: header fields and body as they are on the wire."""

    text: str
    wire_bytes: int

    @property
    def parts(self) -> set[str]:
        """The addresses of everything else that is fetched to show it."""
        return set(_PARTS.findall(self.text))


class Browsing:
    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = ""
        self._sign_in(key)

    def get(self, path: str) -> Shown:
        """Ends the program when the page is not there."""
        return self._call("GET", path, None, 200)

    def close(self) -> None:
        self._connection.close()

    def _sign_in(self, key: str) -> None:
        [token] = set(_FORM_TOKEN.findall(self.get(_SIGN_IN).text))
        self._call("POST", _SIGN_IN, urlencode({"form_token": token, "key": key, "next": ""}), 303)

    def _call(self, method: str, path: str, body: str | None, status: int) -> Shown:
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != status:
            raise SystemExit(f"bench: {method} {path} answered {answer.status}: {content.decode()[:500]}")
        for cookie in answer.headers.get_all("set-cookie") or ():
            self.cookie = cookie.partition(";")[0]
        # a status line and an empty one are around the fields
        head = len(f"HTTP/1.1 {answer.status} \r\n\r\n") + sum(len(f"{n}: {v}\r\n") for n, v in answer.headers.items())
        return Shown(content.decode(), head + len(content))
