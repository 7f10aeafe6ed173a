"""What a GitHub App proves itself with: a token of its own, signed with its private key and good for minutes.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

import re
import time
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from jackfield.domain.provider import CredentialRefused, VendorUnavailable
from jackfield.providers._clock import seconds_ahead
from jackfield.providers._http import Reply
from jackfield.providers._private_keys import BadPrivateKey, read_rsa_private_key

#: seconds: GitHub takes ten minutes
_LIFETIME: Final = 9 * 60
#: seconds by which a token starts earlier, since clocks differ
_HEAD_START: Final = 60
#: a difference of the clocks that explains no refusal
_SMALL_SECONDS: Final = 5.0
#: servers of which the difference is kept
_MOST_SERVERS: Final = 1000
#: how GitHub names the claims that it finds wrong: "'Expiration time' claim ('exp') is too far in the future"
_ABOUT_TIME: Final = re.compile(rb"claim \('(?:exp|iat|nbf)'\)")


class Clocks:
    """By how many seconds this machine's clock is ahead of each server that refused a token for it."""

    def __init__(self) -> None:
        self._ahead: dict[str, float] = {}

    def now(self, api: str) -> float:
        """Return the time there, as far as it is known, in seconds since 1970."""
        return time.time() - self._ahead.get(api, 0.0)

    def learn(self, api: str, reply: Reply) -> bool:
        """Take the time of a refusal for the server's. Returns whether it differs from what was thought."""
        ahead = seconds_ahead(reply)
        if ahead is None or abs(ahead - self._ahead.get(api, 0.0)) < _SMALL_SECONDS:
            return False
        if len(self._ahead) >= _MOST_SERVERS:
            self._ahead.clear()
        self._ahead[api] = ahead
        return True


def app_token(app_id: str, private_key: str, now: float) -> str:
    """Return the app's own token, made at that time. Raises CredentialRefused when the key is none."""
    claims = {"iss": app_id, "iat": int(now) - _HEAD_START, "exp": int(now) + _LIFETIME}
    try:
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(read_rsa_private_key(private_key)))
    except BadPrivateKey as bad:
        raise CredentialRefused(
            f"GitHub cannot have such a private key, {bad}: enter the whole .pem file of the app"
        ) from None
    except (JoseError, ValueError, TypeError):
        raise CredentialRefused("GitHub cannot have such a private key: enter the whole .pem file of the app") from None


def raise_for_clock(reply: Reply) -> None:
    """Raise VendorUnavailable when the app's token is refused for its times: the key may be right."""
    if reply.status == 401 and _ABOUT_TIME.search(reply.body):
        raise VendorUnavailable(
            "GitHub finds the clock of this service wrong: its operator has to set it. Nobody has to connect again"
        )
