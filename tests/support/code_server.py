"""A vendor's authorization and token endpoints, over real HTTP: GitLab's, and Atlassian's, whose grants open sites.

A person approves by `approve`, which gives the code that the browser brings back. It checks what a vendor checks: the
client, the callback address, PKCE, and that a code comes once. What it says instead can be said beforehand.
"""

import base64
import contextlib
import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from support.vendor_server import Behaviour, say

CLIENT_ID: Final = "stand-in-client"
CLIENT_SECRET: Final = "stand-in-secret"
LIFETIME: Final = 7200
#: numbers of people
PEOPLE: Final = {"alice": 7, "bob": 8}


@dataclass
class Approval:
    """What a person approved: who they are, the sites that it opens, and what comes of the code.

    `token` is the one that is granted; empty: a new one. `before` is said instead of an answer, with nothing granted;
    `instead` after it was granted. `seen` is what the vendor says of the token; None: whose it is.
    """

    person: str
    sites: tuple[str, ...] = ()
    before: Behaviour | None = None
    instead: Behaviour | None = None
    seen: Behaviour | None = None
    code: str = field(default_factory=lambda: f"code-{uuid.uuid4()}")
    token: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    is_spent: bool = False


class CodeServer:
    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        #: every access token that was ended here
        self.revoked: list[str] = []
        #: what GitLab says of tokens that nobody was granted here
        self.brought: dict[str, Behaviour] = {}
        self._by_code: dict[str, Approval] = {}
        self._by_token: dict[str, Approval] = {}

    @classmethod
    @contextlib.contextmanager
    def start(cls) -> Iterator["CodeServer"]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.codes = cls(server)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.codes
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def settings(self) -> dict[str, Any]:
        """What the operator sets to have the vendors here."""
        registered = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        return {
            "gitlab": {"base_url": self.url, "api_url": f"{self.url}/api/v4", **registered},
            "jira": {"auth_url": self.url, "api_url": self.url, **registered},
        }

    def approve(self, address: str, person: str = "alice", **how: Any) -> dict[str, str]:
        """A person approves on the vendor's page; what the browser brings back."""
        approval = Approval(person, asked=dict(parse_qsl(urlsplit(address).query)), **how)
        assert approval.asked["client_id"] == CLIENT_ID
        self._by_code[approval.code] = approval
        return {"code": approval.code, "state": approval.asked["state"]}

    def approval(self, came_back: dict[str, str]) -> Approval:
        return self._by_code[came_back["code"]]

    def exchange(self, sent: dict[str, str]) -> Behaviour:
        """What the token endpoint answers."""
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return say(401, {"error": "invalid_client"})
        approval = self._by_code.get(sent["code"])
        if approval is None or approval.is_spent or not _is_meant(approval, sent):
            return say(400, {"error": "invalid_grant"})
        if approval.before is not None:
            return approval.before
        approval.is_spent = True
        approval.token = approval.token or f"granted-{uuid.uuid4()}"
        self._by_token[approval.token] = approval
        answer = {
            "access_token": approval.token,
            "refresh_token": f"refresh-{approval.token}",
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "scope": "api",
        }
        return approval.instead or say(200, answer)

    def revoke(self, token: str) -> None:
        self.revoked.append(token)
        self._by_token.pop(token, None)

    def whose(self, token: str) -> Approval | None:
        return self._by_token.get(token)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    codes: CodeServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        codes = self.server.codes
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        approval = codes.whose(token)
        if approval is None:
            brought = codes.brought.get(token) if self.path.endswith("/user") else None
            self._say(brought or say(401, {"message": "401 Unauthorized"}))
        elif self.path == "/oauth/token/accessible-resources":
            self._say(say(200, [_site(name) for name in approval.sites]))
        elif "/rest/api/3/mypermissions" in self.path:
            rights = {name: {"havePermission": True} for name in ("CREATE_ISSUES", "EDIT_ISSUES")}
            self._say(say(200, {"permissions": rights}))
        elif self.path.endswith(("/user", "/rest/api/3/myself")):
            self._say(approval.seen or user(approval.person))
        else:
            self._say(say(404, {"message": "404 Not Found"}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        as_json = self.headers.get("Content-Type", "").startswith("application/json")
        sent = json.loads(body) if as_json else {name: one[0] for name, one in parse_qs(body.decode()).items()}
        match self.path:
            case "/oauth/token":
                self._say(self.server.codes.exchange(sent))
            case "/oauth/revoke":
                self.server.codes.revoke(sent["token"])
                self._say(say(200, {}))
            case _:
                self._say(say(404, {"message": "404 Not Found"}))

    def _say(self, behaviour: Behaviour) -> None:
        # whoever asked may be gone before the answer
        with contextlib.suppress(ConnectionError):
            behaviour(self)

    def log_message(self, *_: Any) -> None:
        pass


def user(person: str) -> Behaviour:
    """GitLab's and Jira's account of a person, in one."""
    number = PEOPLE[person]
    return say(200, {"id": number, "username": person, "accountId": str(number), "displayName": person})


def _is_meant(approval: Approval, sent: dict[str, str]) -> bool:
    """RFC 6749 §4.1.3, RFC 7636 §4.6."""
    if sent["redirect_uri"] != approval.asked["redirect_uri"]:
        return False
    challenge = approval.asked.get("code_challenge")
    made = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).rstrip(b"=")
    return challenge is None or challenge == made.decode()


def cloud_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _site(name: str) -> dict[str, Any]:
    """`shop@store` is the site of shop with the address of store."""
    name, _, host = name.partition("@")
    url = f"https://{host or name}.atlassian.net"
    return {"id": cloud_id(name), "name": name, "url": url, "scopes": ["read:jira-work", "read:jira-user"]}
