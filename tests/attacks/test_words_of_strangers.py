"""What anybody may write into a request leaves nothing behind and costs nobody else anything."""

import re
import secrets
from pathlib import Path

import requests
from starlette.requests import Request

import jackfield
from jackfield.web.cookies import read_cookie
from support.checked_tenant import CheckedTenant
from support.raw_http import request, send

LABELS = re.compile(r'(?:route|method|status|provider|outcome|kind)="([^"]*)"')


def labels(tenant: CheckedTenant) -> set[str]:
    text = requests.get(f"{tenant.service.url}/metrics", timeout=30).text
    return set(LABELS.findall(text))


def test_made_up_methods_paths_and_names_are_no_labels(tenant: CheckedTenant) -> None:
    made_up = [f"X{secrets.token_hex(6)}".upper() for _ in range(60)]
    for word in made_up:
        for target in ("/healthz", "/api/v1/integrations/list", f"/{word}", f"/v1/hubs/current/integrations/{word}"):
            send(tenant.service, request(word, target, {"X-Request-Id": word}))
        tenant.call("GET", f"/{word}")
        tenant.hubs("GET", f"/{word}")
        tenant.v1("GET", f"/{word}/status/{word}")
        tenant.hubs("POST", "", json={"vendor": word})
    found = labels(tenant)
    assert not [label for label in found if any(word.lower() in label.lower() for word in made_up)]
    assert "other" in found


def test_every_label_is_of_our_making(tenant: CheckedTenant) -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_{}/.<>+:-]{0,120}", label) for label in labels(tenant))


def test_only_one_version_of_http_is_spoken(tenant: CheckedTenant) -> None:
    """Its limit of headers is the only one there is."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    try:
        answer = send(tenant.service, preface)
    except (ValueError, IndexError, AssertionError):
        return  # hung up on
    assert answer.status >= 400


def cookie_of(*headers: str, name: str = "jackfield-session") -> str:
    pairs = [(b"cookie", header.encode("latin-1")) for header in headers]
    return read_cookie(Request({"type": "http", "headers": pairs}), name)


def test_a_cookie_is_read_among_others() -> None:
    assert cookie_of("a=1; jackfield-session=token; b=2") == "token"
    assert cookie_of("a=1;jackfield-session=token") == "token"
    assert cookie_of("jackfield-session=first; jackfield-session=second") == "first"
    assert cookie_of("a=1", "jackfield-session=token") == "token"
    assert cookie_of("jackfield-session=a=b") == "a=b"
    assert cookie_of("xjackfield-session=token", "jackfield-session") == ""
    assert cookie_of() == ""


def test_a_huge_quoted_cookie_is_read_as_it_stands(tenant: CheckedTenant) -> None:
    huge = '"' + '\\"' * 31_000
    assert cookie_of(f"a={huge}; jackfield-session=token") == "token"
    answer = send(tenant.service, request("GET", "/console", {"Cookie": f"a={huge[:60_000]}"}))
    assert answer.status in {302, 303, 307, 400, 404, 431}


def test_no_page_reads_cookies_by_the_standard_library() -> None:
    sources = Path(jackfield.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if re.search(r"request\.cookies|SimpleCookie", path.read_text())] == []
