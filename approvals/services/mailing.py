"""Mail to people about what waits for them. A row is kept in the transaction that asks them; a job
sends it, outside of any transaction, at least once. The link in it decides nothing: whoever opens
it signs in, and sees what they may see."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPServerDisconnected,
)

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone

from approvals import events
from approvals.models import ApprovalRequest, Mail, Question
from approvals.models.mails import ERROR_LIMIT
from audit.ledger import record
from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.context import CallContext, calling
from teammcp.core.lane import run_write

logger = logging.getLogger(__name__)
AT_ONCE = 100
NO_SERVER = (SMTPAuthenticationError, SMTPConnectError, SMTPHeloError, SMTPServerDisconnected)
HELD = timedelta(minutes=10)  # by who sends it: if that one dies, another sends it after this
FIRST_PAUSE = timedelta(minutes=1)  # after a failure; each is twice as long as the one before
MOST_TRIES = 11  # about a day


def mail_about(about: ApprovalRequest | Question, members: Iterable[Member]) -> None:
    """Keep a mail for each of these who is a person with an address. For actions and jobs, within
    the transaction that asks them."""
    if not settings.SENDS_MAIL:
        return
    now = timezone.now()
    what = {"request" if isinstance(about, ApprovalRequest) else "question": about}
    Mail.objects.bulk_create(
        [
            Mail(member=member, due_at=now, created_at=now, **what)
            for member in members
            if member.mail_address and member.kind == Member.Kind.HUMAN
        ],
        ignore_conflicts=True,
    )


def send_mails(now: datetime) -> int:
    """Send what is due; how many left. For any number of callers: each mail is one's who takes its
    time away. Where no server answers, the others wait for the next call."""
    due = Mail.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    rows = list(due.select_related("member", "request__requester", "question__asker")[:AT_ONCE])
    if not rows or not settings.SENDS_MAIL:
        return 0
    sent = 0
    with calling(CallContext(face="job")):
        connection: BaseEmailBackend = get_connection()
        try:
            for row in rows:
                if not _take(row):
                    continue
                try:
                    sent += _send(row, connection)
                except (OSError, SMTPException, ValueError) as error:
                    _failed(row, error, now)
                    if _is_of_server(error):
                        break
        finally:
            connection.close()
    return sent


def _is_of_server(error: Exception) -> bool:
    """Whether no other mail would fare better. What smtplib raises of a single mail is an OSError
    too."""
    if isinstance(error, SMTPException):
        return isinstance(error, NO_SERVER)
    return isinstance(error, OSError)


def _take(row: Mail) -> bool:
    """Hold it from this moment on: those before it may have taken long."""
    until = timezone.now() + HELD
    mine = Mail.objects.filter(pk=row.pk, due_at=row.due_at)
    return bool(run_write(lambda: mine.update(due_at=until, tries=F("tries") + 1)))


def _send(row: Mail, connection: BaseEmailBackend) -> int:
    why_not = _why_not(row)
    if why_not:
        _close(row, error=why_not)
        return 0
    _letter(row, connection).send()
    _close(row, sent_at=timezone.now(), error="")
    return 1


def _close(row: Mail, **facts: object) -> None:
    run_write(lambda: Mail.objects.filter(pk=row.pk).update(due_at=None, **facts))


def _why_not(row: Mail) -> str:
    """Why it needs no mail any more."""
    if not row.about.is_open:
        return "it waits no longer"
    if not row.member.mail_address or row.member.status != Member.Status.ACTIVE:
        return "they get no mail any more"
    return ""


def _letter(row: Mail, connection: BaseEmailBackend) -> EmailMessage:
    """What is asked, of whom and until when: no word of what a call would say to somebody."""
    about = row.about
    path = f"/approvals/{about.pk}/"
    if isinstance(about, Question):
        path = f"/approvals/questions/{about.pk}/"
        subject = f"{about.name}: @{about.asker.handle} asks you something"
        said = f"@{about.asker.handle} asks you: {about.text}"
        end = f"{about.answer_by:%Y-%m-%d %H:%M} UTC"
        then = f"After that it is “{about.default}” by default." if about.default else ""
    else:
        subject = f"{about.name}: {about.action} of @{about.requester.handle} waits for you"
        said = f"@{about.requester.handle} asks for {about.action}. It needs your decision."
        end = f"{about.deadline:%Y-%m-%d %H:%M} UTC"
        then = "Undecided, it ends undone."
    own = f"The link works for you alone, after you have signed in. {settings.PUBLIC_URL}/account/"
    lines = [
        said,
        f"Until {end}. {then}".strip(),
        f"Look and decide: {settings.PUBLIC_URL}{path}",
        f"{own} says where you get mail.",
    ]
    return EmailMessage(
        subject, "\n\n".join(lines) + "\n", to=[row.member.mail_address], connection=connection,
        headers={"Auto-Submitted": "auto-generated"},
    )  # fmt: skip


def _failed(row: Mail, error: Exception, now: datetime) -> None:
    """Later again, and at the end not any more, which is written down. Servers repeat the address
    that they refuse, which is nobody's business."""
    said = f"{type(error).__name__}: {error}".replace(row.member.mail_address, "their address")
    said = said[:ERROR_LIMIT]
    tries = row.tries + 1
    logger.warning("mail %s was not sent at try %s: %s", row.pk, tries, said)
    over = tries >= MOST_TRIES
    due_at = None if over else now + FIRST_PAUSE * 2 ** (tries - 1)

    def write() -> None:
        Mail.objects.filter(pk=row.pk).update(due_at=due_at, error=said)
        if over:
            record(
                events.MAIL_GIVEN_UP,
                actor=system_member(),
                target=f"member:{row.member_id}",
                topics=[f"member-{row.member_id}"],
                data={
                    "name": row.about.name, "handle": row.member.handle,
                    "reason": type(error).__name__, "tries": tries,
                },
            )  # fmt: skip

    run_write(write)
