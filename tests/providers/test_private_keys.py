"""A private key is taken in each way in which environment files, YAML, JSON and people change it."""

import base64
import json
import textwrap
from collections.abc import Callable
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from jackfield.providers._private_keys import BadPrivateKey, read_rsa_private_key

KEY = rsa.generate_private_key(65537, 2048)
FORMS = {"PKCS#1": PrivateFormat.TraditionalOpenSSL, "PKCS#8": PrivateFormat.PKCS8}


def b64(text: str, encoding: str = "utf-8") -> str:
    return base64.b64encode(text.encode(encoding)).decode()


def reflowed(pem: str, width: int) -> str:
    first, *body, last = pem.strip().split("\n")
    return "\n".join([first, *textwrap.wrap("".join(body), width), last])


#: what somebody's tools made of the file
CHANGES: dict[str, Callable[[str], str]] = {
    "as it is": lambda pem: pem,
    "CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "CR alone": lambda pem: pem.replace("\n", "\r"),
    r"\n as text": lambda pem: pem.replace("\n", r"\n"),
    r"\r\n as text": lambda pem: pem.replace("\n", r"\r\n"),
    r"\r as text": lambda pem: pem.replace("\n", r"\r"),
    r"\n escaped twice": lambda pem: pem.replace("\n", r"\\n"),
    r"\r\n escaped three times": lambda pem: pem.replace("\n", r"\\\\r\\\\n"),
    r"\n and a line break": lambda pem: pem.replace("\n", "\\n\n"),
    "continued lines of a shell": lambda pem: pem.replace("\n", "\\\n"),
    r"\u000a": lambda pem: pem.replace("\n", r"\u000a"),
    r"\x0a": lambda pem: pem.replace("\n", r"\x0A"),
    r"\012": lambda pem: pem.replace("\n", r"\012"),
    "entities of XML": lambda pem: pem.replace("\n", "&#xA;"),
    "a JSON string": json.dumps,
    "a JSON string in a JSON string": lambda pem: json.dumps(json.dumps(pem)),
    "a JSON object": lambda pem: json.dumps({"private_key": pem}),
    "single quotes": lambda pem: f"'{pem}'",
    "double quotes and escapes": lambda pem: '"' + pem.replace("\n", r"\n") + '"',
    "one line with blanks": lambda pem: pem.replace("\n", " "),
    "one line without blanks": lambda pem: pem.replace("\n", ""),
    "each word in a line of its own": lambda pem: pem.replace(" ", "\n"),
    "indented as in YAML": lambda pem: textwrap.indent(pem, "      "),
    "quoted in a mail": lambda pem: textwrap.indent(pem, "> "),
    "other lengths of lines": lambda pem: reflowed(pem, 76),
    "blank lines between": lambda pem: pem.replace("\n", "\n\n"),
    "no-break and zero-width spaces": lambda pem: pem.replace("\n", "\u00a0\u200b\n"),
    "a byte order mark": lambda pem: "\ufeff" + pem,
    "text around it": lambda pem: f"The key:\n\n{pem}\nThank you",
    "without its last line": lambda pem: pem.strip().rpartition("\n")[0],
    "without its last line break": str.strip,
    "base64": b64,
    "base64 without padding": lambda pem: b64(pem).rstrip("="),
    "base64 in lines": lambda pem: "\n".join(textwrap.wrap(b64(pem), 76)),
    "base64 in lines, escaped": lambda pem: r"\n".join(textwrap.wrap(b64(pem), 76)),
    "base64 for addresses": lambda pem: base64.urlsafe_b64encode(pem.encode()).decode(),
    "base64 in quotes": lambda pem: f'"{b64(pem)}"',
    "base64 twice": lambda pem: b64(b64(pem)),
    r"base64 of \r\n as text": lambda pem: b64(pem.replace("\n", r"\r\n")),
    "base64 of one line": lambda pem: b64(pem.replace("\n", " ")),
    "base64 of a JSON string": lambda pem: b64(json.dumps(pem)),
    "base64 by PowerShell": lambda pem: b64(pem, "utf-16-le"),
    "base64 of UTF-16 with its mark": lambda pem: b64(pem, "utf-16"),
    "percent escapes": lambda pem: quote(pem, safe=""),
    "its base64 alone, without BEGIN and END": lambda pem: "".join(pem.strip().split("\n")[1:-1]),
    "its base64 alone in lines": lambda pem: "\n".join(pem.strip().split("\n")[1:-1]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_key_is_taken_in_every_spelling(change: str, form: str) -> None:
    pem = KEY.private_bytes(Encoding.PEM, FORMS[form], NoEncryption()).decode()
    read = read_rsa_private_key(CHANGES[change](pem))
    assert read.private_numbers() == KEY.private_numbers()


def test_the_label_of_the_other_form_does_no_harm() -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert read_rsa_private_key(pem.replace("PRIVATE KEY", "RSA PRIVATE KEY")).key_size == 2048


def private(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> str:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def legacy_lock() -> str:
    lock = BestAvailableEncryption(b"passphrase")
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, lock).decode()


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "none"),
        ("not a key", "none"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "damaged"),
        (private(KEY)[:400], "damaged"),
        (private(KEY).lower(), "none"),
        (private(KEY, b"passphrase"), "passphrase"),
        (legacy_lock(), "passphrase"),
        (private(ec.generate_private_key(ec.SECP256R1())), "another kind"),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "public half"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "public half"),
        (b64(b64(b64(b64(private(KEY))))), "none"),
        ("A" * 100_001, "too long"),
        ("-" * 100_000, "none"),
        ("-----BEGIN " * 9_000, "none"),
        ("\\" * 100_000, "none"),
        ("%" * 100_000, "none"),
        ("\0" * 1000, "none"),
        ("ü" * 1000, "none"),
    ],
    ids=range(18),
)
def test_what_is_no_key_is_refused_with_the_reason(text: str, because: str) -> None:
    with pytest.raises(BadPrivateKey) as refused:
        read_rsa_private_key(text)
    assert because in str(refused.value)
