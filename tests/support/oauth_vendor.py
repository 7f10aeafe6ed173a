"""GitHub and Atlassian as far as connecting them needs: a code stands for a person, each exchange gives a new token.

The code is `<person>`, and `<person>@<site>,<site>` at Atlassian; other codes are refused.
"""

import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs

CLIENT_ID: Final = "connect-client"
CLIENT_SECRET: Final = "connect-secret"
#: their numbers at GitHub
PEOPLE: Final = {"octocat": 583231, "admin": 1}
#: sites of Atlassian by the names that stand in codes
SITES: Final = {
    "shop": "11111111-2222-4333-8444-000000000001",
    "garage": "11111111-2222-4333-8444-000000000002",
}


class OAuthVendor:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        #: whom a token belongs to, and which sites it opens
        self.tokens: dict[str, tuple[str, list[str]]] = {}

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["OAuthVendor"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.vendor = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.vendor
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def settings(self) -> dict[str, str]:
        """The environment of a service that has the vendors here."""
        settings = {}
        for slug, site in (("GITHUB", "BASE_URL"), ("JIRA", "AUTH_URL")):
            for name, value in (
                (site, self.url),
                ("API_URL", self.url),
                ("CLIENT_ID", CLIENT_ID),
                ("CLIENT_SECRET", CLIENT_SECRET),
            ):
                settings[f"JACKFIELD_PROVIDERS__{slug}__{name}"] = value
        return settings

    def give(self, person: str, *sites: str) -> str:
        """A new token."""
        token = f"gho_{uuid.uuid4().hex}"
        self.tokens[token] = (person, list(sites))
        return token


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    vendor: OAuthVendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        as_json = "json" in self.headers.get("Content-Type", "")
        sent = json.loads(body) if as_json else {name: one[0] for name, one in parse_qs(body.decode()).items()}
        if not self.path.endswith(("/access_token", "/oauth/token")):
            self._say(404, {})
            return
        person, _, sites = sent.get("code", "").partition("@")
        if person not in PEOPLE:
            self._say(200 if self.path.endswith("/access_token") else 403, {"error": "bad_verification_code"})
            return
        token = self.server.vendor.give(person, *filter(None, sites.split(",")))
        granted = {"access_token": token, "token_type": "bearer", "scope": "repo"}
        self._say(200, granted | ({"refresh_token": f"r{token}", "expires_in": 3600} if as_json else {}))

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        person, sites = self.server.vendor.tokens.get(token, ("", []))
        if not person:
            self._say(401, {"message": "Bad credentials"})
        elif self.path == "/user":
            self._say(200, {"id": PEOPLE[person], "login": person, "html_url": f"https://github.com/{person}"})
        elif self.path == "/oauth/token/accessible-resources":
            self._say(200, [_resource(site) for site in sites])
        elif self.path.endswith("/rest/api/3/myself"):
            self._say(200, {"accountId": person, "displayName": person.title()})
        else:
            self._say(404, {})

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(204)
        self.end_headers()

    def _say(self, status: int, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def _resource(site: str) -> dict[str, Any]:
    url = f"https://{site}.atlassian.net"
    return {"id": SITES[site], "name": site, "url": url, "scopes": ["read:jira-user", "read:jira-work"]}
