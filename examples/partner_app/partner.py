"""A partner's server, written from the platform contract alone, with nothing but the standard library.

It registers an app, takes its users back from the install page, works with the installation by OAuth, and hears of its
end. What it learns stays in memory; a real one would keep tokens and secrets as safe as passwords.

    JACKFIELD_KEY=jf_... python examples/partner_app/partner.py http://127.0.0.1:8400 8500
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import Request, urlopen

APPS = "/api/v2/platform-integrations"
OAUTH = "/api/platform_integrations/oauth"
#: a signed call that is older has been recorded and is played back
SIGNATURE_SECONDS = 300

FORM = {
    "type": "object",
    "required": ["workshop", "region"],
    "properties": {
        "workshop": {"type": "string", "title": "Workshop", "description": "As mechanics call it.", "minLength": 2},
        "region": {"title": "Region", "enum": ["europe", "elsewhere"]},
        "api_key": {"type": "string", "format": "password", "title": "Key of your parts shop"},
        "notify": {"type": "boolean", "title": "Tell us of new parts", "default": True},
    },
}


class RefusedError(Exception):
    """The platform did not do what was asked for."""


@dataclass
class Installation:
    """What a partner has to keep of each installation."""

    id: str
    access_token: str
    refresh_token: str
    client_secret: str
    configuration: dict[str, Any] = field(default_factory=dict)
    status: str = "incomplete"
    uninstalled: bool = False


class Partner:
    """The app: `platform` is where Jackfield is, `own` where this server is."""

    def __init__(self, platform: str, own: str) -> None:
        self.platform = platform
        self.own = own
        self.id = ""
        self.client_secret = ""
        self.installations: dict[str, Installation] = {}

    def register(self, key: str, **more: Any) -> dict[str, Any]:
        """Publishes the app with a key of the developer's organisation. The client_secret is shown this once."""
        app = {
            "name": "Parts Finder",
            "author": "Partner Ltd",
            "description": "Finds the parts that your workshop needs.",
            "contact": "help@partner.example.com",
            "call_to_action": "Connect your workshop",
            "identifier_field_path": "workshop",
            "configuration_fields": FORM,
            "oauth_callback_url": f"{self.own}/callback",
            "uninstallation_url": f"{self.own}/uninstalled?app=parts",
            "error_codes": {
                "code-refused": "This took too long. Please install the app again.",
                "no-parts": "Your parts shop does not deliver to this region yet.",
            },
            **more,
        }
        made = self._call("POST", f"{APPS}/", {"Authorization": f"Bearer {key}"}, json_body=app)
        self.id, self.client_secret = made["id"], made["client_secret"]
        return made

    def connect(self, code: str) -> str:
        """Finishes an installation; the address of the page to which its administrator goes back."""
        pages = f"{self.platform}/platform/integrations/{self.id}/connections"
        try:
            installation = self._exchange(code)
        except RefusedError:
            return f"{pages}/error?error_code=code-refused"
        installation.configuration = self._read(installation)["configuration"]
        if installation.configuration.get("region") == "elsewhere":
            return f"{pages}/error?error_code=no-parts"
        installation.status = self._complete(installation)["status"]
        self.installations[installation.id] = installation
        return f"{pages}/success"

    def refresh(self, installation: Installation) -> None:
        """A refresh token is good once: the new one takes its place at once."""
        answer = self._token(grant_type="refresh_token", refresh_token=installation.refresh_token)
        installation.access_token, installation.refresh_token = answer["access_token"], answer["refresh_token"]

    def who_is(self, access_token: str) -> dict[str, Any]:
        return self._call("GET", f"{OAUTH}/self", {"Authorization": f"Bearer {access_token}"})

    def uninstall(self, installation_id: str, path: str, signature: str, timestamp: str) -> bool:
        """Whether the call is the platform's own. The URL that is signed is ours, without its query."""
        installation = self.installations.get(installation_id)
        if installation is None or not timestamp.isascii() or not timestamp.isdigit():
            return False
        if abs(time.time() - int(timestamp)) > SIGNATURE_SECONDS:
            return False
        signed = f"delete\n{self.own}{path}\n\n{timestamp}"
        digest = hmac.digest(installation.client_secret.encode(), signed.encode(), hashlib.sha256)
        installation.uninstalled = hmac.compare_digest(base64.b64encode(digest).decode(), signature)
        return installation.uninstalled

    def _exchange(self, code: str) -> Installation:
        answer = self._token(grant_type="authorization_code", code=code)
        own = self.who_is(answer["access_token"])
        return Installation(
            id=own["platform_integration_installation_id"],
            access_token=answer["access_token"],
            refresh_token=answer["refresh_token"],
            client_secret=answer["client_secret"],
        )

    def _read(self, installation: Installation) -> dict[str, Any]:
        token = {"Authorization": f"Bearer {installation.access_token}"}
        return self._call("GET", f"{APPS}/{self.id}/installations/self", token)

    def _complete(self, installation: Installation) -> dict[str, Any]:
        token = {"Authorization": f"Bearer {installation.access_token}"}
        path = f"{APPS}/{self.id}/installations/{installation.id}"
        return self._call("PATCH", path, token, json_body={"status": "complete"})

    def _token(self, **form: str) -> dict[str, Any]:
        credentials = {"client_id": self.id, "client_secret": self.client_secret}
        return self._call("POST", f"{OAUTH}/token", {}, form={**form, **credentials})

    def _call(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        json_body: Any = None,
        form: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        body = None
        if json_body is not None:
            body, headers = json.dumps(json_body).encode(), {**headers, "Content-Type": "application/json"}
        elif form is not None:
            body = urlencode(form).encode()
        request = Request(self.platform + path, body, {"Accept": "application/json", **headers}, method=method)
        try:
            with urlopen(request, timeout=10) as answer:
                result: dict[str, Any] = json.load(answer)
                return result
        except HTTPError as error:
            raise RefusedError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None


class Server(ThreadingHTTPServer):
    """Serves `GET /callback` and `DELETE /uninstalled` for a partner."""

    daemon_threads = True
    partner: Partner

    @classmethod
    def start(cls, platform: str, port: int = 0) -> "Server":
        server = cls(("127.0.0.1", port), Handler)
        server.partner = Partner(platform, f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        code = parse_qs(address.query).get("code", [""])[0]
        if address.path != "/callback" or not code:
            self._answer(404)
            return
        self._answer(303, {"Location": self.server.partner.connect(code)})

    def do_DELETE(self) -> None:
        address = urlsplit(self.path)
        signature = self.headers.get("x-ada-signature-V2", "")
        timestamp = self.headers.get("x-ada-timestamp-V2", "")
        installation_id = parse_qs(address.query).get("installation_id", [""])[0]
        known = self.server.partner.uninstall(installation_id, address.path, signature, timestamp)
        self._answer(204 if known else 403)

    def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            if status != 204 or name != "Content-Length":
                self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  the library's name
        """Says nothing: addresses have codes in them."""


def main() -> None:
    platform, port = sys.argv[1].rstrip("/"), int(sys.argv[2])
    server = Server.start(platform, port)
    app = server.partner.register(os.environ["JACKFIELD_KEY"])
    print(f"Install it at {platform}/platform/integrations/{app['id']}")
    threading.Event().wait()


if __name__ == "__main__":
    main()
