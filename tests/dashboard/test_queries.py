"""Queries per page are few and do not grow with what there is to show."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from messaging.services import create_channel, send_message
from orgchart.models import Member
from tests.conftest import person
from tests.dashboard.conftest import At

PAGES = {
    "/places/": 9,
    "/inbox/": 15,
    "/channels/": 12,
    "/channels/general/": 14,
    "/channels/general/?thread={root}": 22,
    "/channels/general/?after=5": 5,
    "/channels/general/about/": 14,
    "/direct/lin/": 16,
    "/threads/{root}/": 17,
    "/people/": 11,
    "/people/lin/": 12,
    "/search/?q=entry": 13,
    "/complete/?q=@l": 4,
    "/account/": 9,
}


def fill(ada: Member, lin: Member, size: int) -> int:
    root = int(send_message(actor=lin, to="#general", body="entry zero").id)
    for number in range(size):
        person(f"p{size}-{number}")
        create_channel(actor=ada, name=f"c{size}-{number}")
        send_message(actor=lin, to="#general", body=f"@ada entry {number}", expects_reply=True)
        send_message(actor=lin, to=f"thread:{root}", body=f"reply {number}")
        send_message(actor=lin, to=f"@ada,@p{size}-{number}", body="hello both")
    send_message(actor=lin, to="@ada", body="hello")
    return root


@pytest.mark.parametrize("path", PAGES)
def test_queries_are_pinned(
    ada: Member, lin: Member, at: At, path: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = at(ada)
    for size in (2, 12):
        root = fill(ada, lin, size)
        headers = {"HX-Request": "true"} if "after" in path else {}
        client.get("/inbox/")  # what is offered first is written down; that is another test
        with django_assert_num_queries(PAGES[path]):
            assert client.get(path.format(root=root), headers=headers).status_code == 200
