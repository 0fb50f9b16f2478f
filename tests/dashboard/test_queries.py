"""Queries per page are few and do not grow with what there is to show."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from messaging.services import create_channel, schedule_message, send_message, upload_file
from messaging.services.files import Inline
from orgchart.models import Member
from tests.conftest import person
from tests.dashboard.conftest import At
from tests.scenes import scene

pytestmark = pytest.mark.no_cover  # what it runs, other tests measure

PAGES = {
    "/places/": 10,
    "/inbox/": 19,
    "/channels/": 13,
    "/channels/general/": 15,
    "/channels/general/?thread={root}": 24,
    "/channels/general/?after=5": 5,
    "/channels/general/about/": 15,
    "/direct/lin/": 17,
    "/channels/general/pins/": 15,
    "/saved/": 11,
    "/threads/{root}/": 19,
    "/threads/{root}/summary/": 16,
    "/people/": 17,
    "/people/lin/": 34,
    "/people/lin/retire/?successor=owner": 29,
    "/chart/": 16,
    "/departments/": 11,
    "/channels/c2-0/files/": 18,
    "/search/?q=entry": 16,
    "/search/?q=paper": 19,
    "/complete/?q=@l": 9,
    "/account/": 10,
    "/schedules/": 13,
    "/schedules/?all=1": 13,
}


@scene
def two_of_each(ada: Member, lin: Member) -> int:
    return fill(ada, lin, 2)


@scene
def a_dozen_of_each_more(ada: Member, lin: Member, two_of_each: int) -> int:
    return fill(ada, lin, 12)


def fill(ada: Member, lin: Member, size: int) -> int:
    """A thread and so many of everything; the thread."""
    root = int(send_message(actor=lin, to="#general", body="entry zero").id)
    for number in range(size):
        person(f"p{size}-{number}")
        create_channel(actor=ada, name=f"c{size}-{number}")
        send_message(actor=lin, to="#general", body=f"@ada entry {number}", expects_reply=True)
        send_message(actor=lin, to=f"thread:{root}", body=f"reply {number}")
        send_message(actor=lin, to=f"@ada,@p{size}-{number}", body="hello both")
        schedule_message(actor=ada, to=f"#c{size}-{number}", body="hello", cron="0 9 * * *")
        paper = f"paper {size} {number}.txt"
        upload_file(actor=lin, name=paper, text=Inline(b"x"), to=f"#c{size}-{number % 2}")
    send_message(actor=lin, to="@ada", body="hello")
    return root


@pytest.mark.parametrize("path", PAGES)
def test_queries_are_pinned(
    ada: Member,
    two_of_each: int,
    at: At,
    path: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    look(at(ada), path, two_of_each, django_assert_num_queries)


@pytest.mark.parametrize("path", PAGES)
def test_queries_are_as_many_where_there_is_more(
    ada: Member,
    a_dozen_of_each_more: int,
    at: At,
    path: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    look(at(ada), path, a_dozen_of_each_more, django_assert_num_queries)


def look(client: Client, path: str, root: int, pinned: DjangoAssertNumQueries) -> None:
    headers = {"HX-Request": "true"} if "after" in path else {}
    client.get("/inbox/")  # what is offered first is written down; that is another test
    with pinned(PAGES[path]):
        assert client.get(path.format(root=root), headers=headers).status_code == 200
