"""What is hidden looks exactly like what does not exist, and nothing that is sent breaks a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from messaging.models import Channel
from messaging.services import send_message
from orgchart.models import Member
from tests.dashboard.conftest import At
from tests.scenes import scene

HTMX = {"HX-Request": "true"}


def addresses() -> Iterator[str]:
    """Every dashboard address, with something in its places."""
    for included in get_resolver().url_patterns:
        for pattern in getattr(included, "url_patterns", []):
            if isinstance(pattern, URLPattern) and not str(included.pattern):
                route = str(pattern.pattern)
                yield "/" + re.sub(r"<int:\w+>", "1", re.sub(r"<str:\w+>", "vault", route))


PUBLIC = {"/sign-in/", "/sign-in/vault/", "/sign-out/"}


@scene
def hidden(vault: Channel, lin: Member) -> int:
    """A message in a private channel of others."""
    return int(send_message(actor=lin, to="#vault", body="The combination is 1234.").id)


def without_tokens(page: bytes) -> bytes:
    return re.sub(rb'value="[\w-]{36,}"', b"", page)


@pytest.mark.parametrize("end", ["", "about/", "read/", "join/", "leave/", "change/", "invite/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_hidden_channel_looks_absent(
    ada: Member, hidden: int, at: At, end: str, method: str
) -> None:
    client = at(ada)
    form: dict[str, str] = {"body": "x", "up_to": "1", "members": "@ada"}
    answers = [
        getattr(client, method)(f"/channels/{name}/{end}", form if method == "post" else None)
        for name in ("vault", "vaulu")
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].status_code in {404, 405, 422}
    pages = [without_tokens(answer.content.replace(b"vaulu", b"vault")) for answer in answers]
    assert pages[0] == pages[1]
    assert b"combination" not in pages[0]


@pytest.mark.parametrize(
    "path",
    [
        "/messages/{}/",
        "/threads/{}/",
        "/messages/{}/replies/",
        "/messages/{}/deliveries/",
        "/channels/general/?thread={}",
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_hidden_message_looks_absent(
    ada: Member, hidden: int, at: At, path: str, headers: dict[str, str]
) -> None:
    client = at(ada)
    pages = []
    for pk in (hidden, 987_654):
        answer = client.get(path.format(pk), headers=headers)
        here = quote(path.format(pk), safe="").encode()
        page = without_tokens(answer.content).replace(here, b"here")
        pages.append((answer.status_code, page))
    assert pages[0] == pages[1]
    assert b"combination" not in pages[0][1]


def test_it_is_in_no_list(ada: Member, hidden: int, at: At) -> None:
    client = at(ada)
    for path in ("/channels/", "/channels/?q=vault", "/search/?q=combination", "/search/?q=vault",
                 "/places/", "/inbox/", "/complete/?q=%23vau"):  # fmt: skip
        page = client.get(path).content.decode().replace("?q=vault", "")
        assert "1234" not in page
        assert "/channels/vault/" not in page


@pytest.mark.parametrize("path", sorted(set(addresses())))
def test_every_page_asks_for_a_sign_in(company: None, path: str) -> None:
    if path in PUBLIC:
        return
    client = Client()
    answer = client.get(path)
    assert answer.status_code in {302, 405}
    posted = client.post(path, {})
    assert posted.status_code in {302, 405}
    if answer.status_code == 302:
        assert answer["Location"].startswith("/sign-in/?next=")


FORMS: list[Any] = [
    {},
    {"body": "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")},
    {"name": "x" * 5_000, "handle": "\x00", "authority": "owner", "uses": "-1", "days": "1e3"},
    {"deliveries": "999999999999999999999", "up_to": "x", "credential_id": "0"},
    {"deliveries": ["1", "2"], "up_to": "9" * 40, "credential_id": "9" * 40, "member": "@"},
    {"current": "x", "password": "y", "title": "a\nb", "capabilities": "," * 500},
]
QUERIES = [
    "q=%00", "q=%22", "q=" + "x" * 3_000, "after=x&before=y", "after=-1", "around=x&thread=%F0",
    "q=*&after=zz", "q=@", "here=%3Cscript%3E",
]  # fmt: skip


@pytest.mark.no_cover
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("path", sorted(set(addresses())))
def test_nothing_that_is_sent_ends_in_a_500(
    owner: Member, hidden: int, at: At, path: str, headers: dict[str, str]
) -> None:
    """A third of what there is, another one for each address and face."""
    turn = (len(path) + len(headers)) % 3
    client = at(owner)
    for query in QUERIES[turn::3]:
        assert client.get(f"{path}?{query}", headers=headers).status_code < 500
    for form in FORMS[turn::3]:
        assert at(owner).post(path, form, headers=headers).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/messages/99999999999999999999/",
        "/threads/99999999999999999999/",
        "/people/%00/",
        "/people/" + "x" * 500 + "/",
        "/channels/%00/",
        "/channels/%2F/",
        "/direct/a%0Ab/",
    ],
)
def test_no_address_ends_in_a_500(owner: Member, at: At, path: str) -> None:
    assert at(owner).get(path).status_code in {400, 404, 422}


def test_pages_are_kept_by_nobody_and_run_no_inline_script(
    ada: Member, lin: Member, at: At
) -> None:
    send_message(actor=lin, to="#general", body="<script>alert(1)</script>")
    client = at(ada)
    for path in ("/inbox/", "/channels/general/", "/people/", "/people/lin/", "/channels/",
                 "/search/?q=alert", "/account/", "/register/", "/nothing/"):  # fmt: skip
        answer = client.get(path)
        assert answer["Cache-Control"] == "no-store"
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        page = answer.content.decode()
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert page.count("<h1") == 1
        assert 'lang="en"' in page
