"""Read an RSA private key from a `.pem` file in whatever way it was copied.

Environment files, YAML, JSON and CI variables change a file of several lines: line breaks become escapes, blanks or
nothing, quotes are put around, the whole is put into base64. All of it keeps the base64 text between BEGIN and END,
which is therefore the only part that is read.
"""

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

#: a key of 16,384 bits has 13,000 characters; escaped and in base64 twice it is still far below
_MOST_CHARACTERS: Final = 100_000
#: base64 in base64: more than anybody does by mistake
_MOST_LAYERS: Final = 3
_BEGIN: Final = re.compile(r"-\s{0,2}BEGIN(?P<label>[A-Z0-9\s]{0,60})-")
#: `\n`, `\r`, `\t` and their code points as text, escaped once or more often
_ESCAPE: Final = re.compile(r"(?<!\\)\\+(?:[nrt]|u000[9adAD]|x0[9adAD]|0?1[25])")
#: line breaks in XML and HTML
_ENTITY: Final = re.compile(r"&#(?:x0?[aAdD]|1[03]);")
_NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/]")


class BadPrivateKey(ValueError):
    """The text has no RSA private key; `str(error)` is a sentence's end that says what it has instead."""


def read_rsa_private_key(text: str) -> RSAPrivateKey:
    """Return the key of PKCS#1 or PKCS#8, as PEM or in base64, however its lines were changed on the way.

    Raises BadPrivateKey.
    """
    if len(text) > _MOST_CHARACTERS:
        raise BadPrivateKey("it is far too long for one")
    der = _der(text)
    try:
        key = load_der_private_key(der, password=None)
    except TypeError:
        raise BadPrivateKey("it is protected by a passphrase") from None
    except Exception:  # noqa: BLE001  cryptography raises its own errors for some curves and forms
        raise BadPrivateKey("it is damaged or incomplete") from None
    if not isinstance(key, RSAPrivateKey):
        raise BadPrivateKey("it is of another kind than RSA")
    return key


def _der(text: str) -> bytes:
    """Return the bytes that the base64 stands for, whatever is around it."""
    for _ in range(_MOST_LAYERS):
        text = _unescaped(text)
        begin = _BEGIN.search(text)
        if begin is not None:
            return _body(begin["label"], text[begin.end() :])
        decoded = _decoded(text)
        # a sequence of ASN.1: the body alone
        if decoded.startswith(b"\x30"):
            return decoded
        text = _text(decoded)
    raise BadPrivateKey("it is none")


def _body(label: str, rest: str) -> bytes:
    """Return the bytes between BEGIN and END. END may be missing: what is cut off shows in the bytes."""
    if "PUBLIC" in label or "CERTIFICATE" in label:
        raise BadPrivateKey("it is the public half")
    if "ENCRYPTED" in label or "ENCRYPTED" in rest[:200]:
        raise BadPrivateKey("it is protected by a passphrase")
    body, _, _ = rest.lstrip("-").partition("-")
    return _decoded(body)


def _unescaped(text: str) -> str:
    text = _ENTITY.sub("\n", _ESCAPE.sub("\n", text))
    return unquote(text) if "%" in text else text


def _decoded(text: str) -> bytes:
    """Decode base64 of either alphabet, without what does not belong to it; its padding may have been lost."""
    signs = _NO_BASE64.sub("", text.replace("-", "+").replace("_", "/"))
    try:
        return base64.b64decode(signs + "=" * (-len(signs) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadPrivateKey("it is none") from None


def _text(decoded: bytes) -> str:
    """Decode text; what PowerShell and editors of Windows write is UTF-16."""
    form = "utf-16" if decoded[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-16-le" if b"\0" in decoded[:4] else "utf-8"
    try:
        return decoded.decode(form)
    except UnicodeDecodeError:
        raise BadPrivateKey("it is none") from None
