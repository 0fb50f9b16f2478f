"""Mail about what waits: kept with what asks, sent at least once; its link decides nothing."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from approvals import services
from approvals.models import Mail
from approvals.services.mailing import MOST_TRIES, send_mails
from audit.models import Event
from orgchart.models import Member
from orgchart.services import set_mail_address
from teammcp.core.errors import Conflict, Forbidden, Held, InvalidInput
from teammcp.mail import at
from tests.approvals.conftest import Court, Rule, ask, decide, row
from tests.approvals.test_concurrency import at_once
from tests.conftest import ApiOf


@pytest.fixture(autouse=True)
def with_mail(settings: Settings) -> None:
    settings.SENDS_MAIL = True


@pytest.fixture
def ben(court: Court) -> Member:
    """With an address; Cleo has none."""
    set_mail_address(actor=court.ben, address="ben@example.org")
    court.ben.refresh_from_db()
    return court.ben


def put(member: Member, *asked: str, **more: Any) -> str:
    given = {"question": "Ship on Friday?", "options": ["Yes", "No"], **more}
    return services.ask_question(actor=member, asked=list(asked), **given).id


def send(minutes: int = 0) -> int:
    return send_mails(timezone.now() + timedelta(minutes=minutes))


def test_who_is_asked_gets_one_mail_with_a_link_and_no_word_of_the_call(
    court: Court, ben: Member, rule: Rule
) -> None:
    rule("@ben", "@cleo")
    name = ask(court.lin, "A secret greeting.")
    assert send() == 1
    assert send() == 0
    (letter,) = mail.outbox
    assert letter.to == ["ben@example.org"]
    assert letter.subject == f"{name}: send_message of @lin waits for you"
    assert f"{django_settings.PUBLIC_URL}/approvals/{name[2:]}/" in letter.body
    assert "secret" not in letter.body
    assert letter.extra_headers["Auto-Submitted"] == "auto-generated"


def test_a_question_is_mailed_too(court: Court, ben: Member) -> None:
    name = put(court.lin, "@ben", default="No")
    assert send() == 1
    (letter,) = mail.outbox
    assert "Ship on Friday?" in letter.body
    assert "“No” by default" in letter.body
    assert f"/approvals/questions/{name[2:]}/" in letter.body


def test_a_second_round_is_no_second_mail(court: Court, ben: Member, rule: Rule) -> None:
    rule("@ben")
    name = ask(court.lin)
    services.revise_request(
        actor=court.lin, request=name, arguments={"to": "#general", "body": "Other."}
    )
    assert send() == 1
    assert Mail.objects.count() == 1


def test_what_was_decided_meanwhile_is_not_mailed(court: Court, ben: Member, rule: Rule) -> None:
    rule("@ben")
    decide(ben, ask(court.lin))
    assert send() == 0
    assert Mail.objects.get().error == "it waits no longer"
    assert mail.outbox == []


def test_what_is_undone_leaves_no_mail(court: Court, ben: Member, rule: Rule) -> None:
    rule("@ben")
    with transaction.atomic():
        ask(court.lin)
        transaction.set_rollback(True)
    assert not Mail.objects.exists()


def test_without_a_mail_server_nothing_is_kept(
    court: Court, ben: Member, rule: Rule, settings: Settings
) -> None:
    settings.SENDS_MAIL = False
    rule("@ben")
    ask(court.lin)
    assert not Mail.objects.exists()


class Down(EmailBackend):
    """A server that does not answer."""

    def send_messages(self, messages: Any) -> int:
        raise SMTPServerDisconnected("Nobody is there")


def test_a_failure_is_written_down_and_tried_again(
    court: Court, ben: Member, rule: Rule, settings: Settings
) -> None:
    rule("@ben")
    name = ask(court.lin)
    settings.EMAIL_BACKEND = f"{__name__}.Down"
    assert send() == 0
    kept = Mail.objects.get()
    assert (kept.tries, kept.sent_at) == (1, None)
    assert "Nobody is there" in kept.error
    assert row(name).status == "open"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send() == 0  # not yet
    assert send(minutes=2) == 1
    assert Mail.objects.get().sent_at is not None


class Picky(EmailBackend):
    """A server that has nobody called Ben."""

    def send_messages(self, messages: Any) -> int:
        for letter in messages:
            if "ben@example.org" in letter.to:
                refused = {"ben@example.org": (550, b"No such user ben@example.org")}
                raise SMTPRecipientsRefused(refused)
        return int(super().send_messages(messages))


def test_one_that_is_refused_holds_up_no_other_and_its_address_is_not_written_down(
    court: Court, ben: Member, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    set_mail_address(actor=court.cleo, address="cleo@example.org")
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    put(court.lin, "@ben", "@cleo")
    assert send() == 1
    assert [letter.to for letter in mail.outbox] == [["cleo@example.org"]]
    kept = Mail.objects.get(member=ben)
    assert "SMTPRecipientsRefused" in kept.error
    assert "ben@example.org" not in kept.error + caplog.text


def test_after_many_failures_it_is_given_up_and_said(
    court: Court, ben: Member, rule: Rule, settings: Settings
) -> None:
    rule("@ben", expires_minutes=60 * 24 * 30)
    ask(court.lin)
    settings.EMAIL_BACKEND = f"{__name__}.Down"
    now = timezone.now()
    for _ in range(MOST_TRIES + 2):
        send_mails(now)
        now += timedelta(days=1)
    assert Mail.objects.get().tries == MOST_TRIES
    event = Event.objects.get(kind="mail.given_up")
    assert event.data["handle"] == "ben"
    assert "ben@example.org" not in str(event.data)


def test_many_who_send_send_each_mail_once(
    transactional_db: None, court: Court, ben: Member
) -> None:
    for _ in range(4):
        put(court.lin, "@ben")
    assert at_once(send, send, send) == ["done"] * 3
    assert len(mail.outbox) == 4


class Slow(EmailBackend):
    """While it hands over a letter, somebody else looks for what is due."""

    def send_messages(self, messages: Any) -> int:
        send()
        return int(super().send_messages(messages))


def test_what_a_slow_batch_comes_to_late_is_not_sent_by_others_too(
    court: Court, ben: Member, settings: Settings
) -> None:
    put(court.lin, "@ben")
    began = timezone.now() - timedelta(minutes=15)
    Mail.objects.update(due_at=began)
    settings.EMAIL_BACKEND = f"{__name__}.Slow"
    assert send_mails(began) == 1
    assert len(mail.outbox) == 1


# The link


def test_a_forwarded_link_gives_nothing(court: Court, ben: Member, rule: Rule) -> None:
    rule("@ben")
    name = ask(court.lin)
    send()
    found = re.search(r"Look and decide: \S+?(/approvals/\d+/)", str(mail.outbox[0].body))
    assert found is not None
    nobody = Browser().get(found[1])
    assert nobody.status_code == 302
    assert "/sign-in/" in nobody.headers["Location"]
    other = Browser()
    other.force_login(court.dora, backend="orgchart.backends.MemberBackend")
    assert other.get(found[1]).status_code == 404
    assert other.post(f"{found[1]}approve/").status_code == 404
    own = Browser()
    own.force_login(ben, backend="orgchart.backends.MemberBackend")
    page = own.get(found[1]).content.decode()
    assert row(name).status == "open"  # opening it decides nothing
    fields = dict(re.findall(r'name="(stage|round|digest)" value="([^"]*)"', page))
    assert own.post(f"{found[1]}decline/", fields).status_code == 302
    assert own.post(f"{found[1]}decline/", fields).status_code == 409  # a replayed button
    assert row(name).status == "declined"


# Whose address it is


def test_the_address_is_for_oneself_and_admins(court: Court, ben: Member, api: ApiOf) -> None:
    for reader in (ben, court.ada, court.owner):
        assert api(reader).get("mail-address/", member="ben").data["address"] == "ben@example.org"
    assert api(court.cleo).get("mail-address/", member="ben").status == 403
    with pytest.raises(Forbidden):
        set_mail_address(actor=court.cleo, address="x@example.org", member="ben")
    for path in ("members/", "members/ben/", "events/", "me/"):
        assert "ben@example.org" not in str(api(court.cleo).get(path).data)
    assert "ben@example.org" not in str(list(Event.objects.values_list("data", flat=True)))


def test_only_people_have_one_and_it_must_be_one(court: Court) -> None:
    with pytest.raises(Conflict):
        set_mail_address(actor=court.lin, address="lin@example.org")
    for wrong in ("nowhere", "a@b@c", "a b@example.org", "a@example.org\nBcc: b@example.org"):
        with pytest.raises(InvalidInput):
            set_mail_address(actor=court.ben, address=wrong)


def test_people_say_it_at_their_account(court: Court) -> None:
    browser = Browser()
    browser.force_login(court.ben, backend="orgchart.backends.MemberBackend")
    assert browser.post("/account/mail/", {"address": "ben@example.org"}).status_code == 302
    page = browser.get("/account/").content.decode()
    assert 'value="ben@example.org"' in page
    browser.post("/account/mail/", {"address": ""})
    assert Member.objects.get(pk=court.ben.pk).mail_address == ""


# A real server


class Sink(socketserver.StreamRequestHandler):
    """As much of a mail server as it takes to hand over a letter."""

    letters: list[str]

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "DATA":
                self._say("354 go on")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                self.letters.append("".join(lines))
                self._say("250 kept")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 sink" if word != "RSET" else "250 ok")

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture
def sink(settings: Settings) -> Iterator[list[str]]:
    letters: list[str] = []
    handler = type("Handler", (Sink,), {"letters": letters})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found = at(f"smtp://127.0.0.1:{server.server_address[1]}")
        settings.EMAIL_BACKEND, settings.EMAIL_HOST = found.backend, found.host
        settings.EMAIL_PORT = found.port
        yield letters
        server.shutdown()
        thread.join()


def test_it_goes_to_a_real_mail_server(
    court: Court, ben: Member, rule: Rule, sink: list[str]
) -> None:
    rule("@ben")
    name = ask(court.lin)
    put(court.lin, "@ben", question="Überraschung?")
    assert send() == 2
    assert len(sink) == 2
    assert "To: ben@example.org" in sink[0]
    assert f"Subject: {name}: send_message of @lin waits for you" in sink[0]
    assert Mail.objects.filter(sent_at__isnull=False).count() == 2


def test_a_server_that_is_gone_is_tried_again(
    court: Court, ben: Member, settings: Settings
) -> None:
    found = at("smtp://127.0.0.1:1")
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = found[:3]
    for _ in range(3):
        put(court.lin, "@ben")
    assert send() == 0
    assert sorted(Mail.objects.values_list("tries", flat=True)) == [0, 0, 1]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://host", ("host", 25, "", False, False)),
        ("smtp+tls://me:p%40ss@host", ("host", 587, "me", True, False)),
        ("smtps://me:x@host:4650", ("host", 4650, "me", False, True)),
    ],
)
def test_the_address_of_the_mail_server_is_read(url: str, expected: tuple[Any, ...]) -> None:
    found = at(url)
    assert (found.host, found.port, found.user, found.starts_tls, found.tls) == expected


@pytest.mark.parametrize(
    "url", ["host:25", "http://host", "smtp://", "smtp://host:x", "smtp://h/x"]
)
def test_a_strange_one_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        at(url.replace("://", "://me:hunter2@"))
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(at("smtp://me:hunter2@host"))


def test_a_held_call_is_answered_though_mail_fails(
    court: Court, ben: Member, rule: Rule, settings: Settings
) -> None:
    from messaging.services import send_message

    settings.EMAIL_BACKEND = f"{__name__}.Down"
    rule("@ben")
    with pytest.raises(Held):
        send_message(actor=court.lin, to="#general", body="Hello.")
