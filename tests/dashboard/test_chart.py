"""The org chart as a picture, the page of a colleague, moves and hand-overs on the dashboard."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from messaging.services import send_message
from orgchart.models import Member
from orgchart.services import create_department, move_member, pause_member, set_manager
from orgchart.tree import show_chart
from tests.conftest import ApiOf, agent, person
from tests.dashboard.conftest import At
from tests.scenes import scene

QUERIES = 15


@scene
def team(owner: Member, ada: Member, lin: Member, kay: Member, sam: Member) -> None:
    """Ada leads Bo, a person; Bo leads Lin, who leads Kay. Sam reports to nobody."""
    person("bo")
    for member, manager in (("bo", "ada"), ("lin", "bo"), ("kay", "lin")):
        set_manager(actor=owner, member=member, manager=manager)
    create_department(actor=owner, name="Platform", head="bo")
    move_member(actor=owner, member="lin", department="platform")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def main_of(answer: Any) -> str:
    return text(answer).split("<main")[1]


def test_everybody_stands_at_their_place(team: None, ada: Member, at: At) -> None:
    page = main_of(at(ada).get("/chart/"))
    order = [page.index(f'id="at-{handle}"') for handle in ("ada", "bo", "lin", "kay")]
    assert order == sorted(order)
    assert "3 below" in page
    assert "Without a reporting line" in page
    assert page.index('id="at-sam"') > page.index("Without a reporting line")
    assert "dept:platform" in page
    assert page.count('data-presence="kay"') == 1


def test_a_search_marks_who_was_found_and_opens_the_way_there(
    team: None, ada: Member, owner: Member, at: At
) -> None:
    for number in range(70):
        agent(owner, f"bot-{number:02}")
        set_manager(actor=owner, member=f"bot-{number:02}", manager="kay")
    client = at(ada)
    folded = main_of(client.get("/chart/"))
    assert re.search(r'<details data-fold="kay">', folded)
    found = main_of(client.get("/chart/?q=bot-33"))
    assert re.search(r'<details open data-fold="kay">', found)
    assert "1 match for" in found
    assert 'found" id="at-bot-33"' in found
    assert re.search(r'<details open data-fold="kay">', main_of(client.get("/chart/?all=1")))


def test_a_live_part_is_the_same_as_in_the_page(team: None, ada: Member, at: At) -> None:
    client = at(ada)
    client.get("/inbox/")  # who looks is here from now on
    part = text(client.get("/chart/", headers={"HX-Request": "true"}))
    assert "<main" not in part
    assert part.strip() in text(client.get("/chart/"))


@pytest.mark.parametrize("size", [3, 60])
def test_the_chart_costs_the_same_at_any_size(
    team: None, ada: Member, owner: Member, at: At, size: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    for number in range(size):
        agent(owner, f"bot-{number:02}", manager="kay")
    client = at(ada)
    client.get("/inbox/")
    with django_assert_num_queries(QUERIES):
        client.get("/chart/")


def test_a_move_that_is_refused_says_why_and_keeps_what_was_typed(
    team: None, ada: Member, at: At
) -> None:
    client = at(ada)
    refused = client.post("/people/bo/manager/", {"manager": "@kay"})
    assert refused.status_code == 409
    assert "stands below @bo: that would make a loop" in text(refused)
    assert 'value="@kay"' in text(refused)
    assert client.post("/people/kay/manager/", {"manager": "bo"})["Location"] == "/people/kay/"
    assert Member.objects.get(handle="kay").manager == Member.objects.get(handle="bo")


def test_a_manager_without_further_authority_sees_and_may_what_the_table_says(
    team: None, at: At
) -> None:
    bo = Member.objects.get(handle="bo")
    client = at(bo)
    below, beside = main_of(client.get("/people/kay/")), main_of(client.get("/people/sam/"))
    assert "Place, pause, retire" in below
    assert "/people/kay/retire/" not in below
    assert "Place, pause, retire" not in beside
    assert "may give them" in beside
    assert client.post("/people/kay/pause/", {"reason": "It loops."}).status_code == 302
    assert "It loops." in main_of(client.get("/people/kay/"))
    assert client.post("/people/kay/unpause/").status_code == 302
    assert client.post("/people/sam/pause/", {"reason": "No."}).status_code == 403


def test_a_page_shows_the_line_the_reports_what_is_held_and_what_happened(
    team: None, ada: Member, kay: Member, at: At
) -> None:
    send_message(actor=ada, to="#general", body="Which one, @kay?", expects_reply=True)
    page = main_of(at(ada).get("/people/kay/"))
    line = page[page.index('class="chain"') : page.index("</ol>")]
    assert re.findall(r'href="/people/(\w+)/"', line) == ["ada", "bo", "lin"]
    assert "1 question to answer" in page
    assert "@owner put @kay under @lin" in page
    assert "/people/kay/" in main_of(at(ada).get("/people/lin/"))


def test_retiring_shows_first_what_passes_on(team: None, ada: Member, lin: Member, at: At) -> None:
    send_message(actor=ada, to="#general", body="Which one, @sam?", expects_reply=True)
    client = at(ada)
    page = main_of(client.get("/people/sam/retire/"))
    assert "has no manager at work who could take it over" in page
    assert "1 question to answer" in page
    assert client.post("/people/sam/retire/").status_code == 409
    again = main_of(client.get("/people/sam/retire/?successor=lin"))
    assert "hand over to @lin" in again
    answer = client.post("/people/sam/retire/", {"successor": "lin"}, follow=True)
    assert "@lin holds 1 question to answer now" in text(answer)
    assert Member.objects.get(handle="sam").successor == lin


@pytest.mark.parametrize("successor", ["nobody-here", "sam", "olga"])
def test_a_successor_who_cannot_be_one_is_refused_with_the_list_still_there(
    team: None, ada: Member, olga: Member, at: At, successor: str
) -> None:
    answer = at(ada).get(f"/people/sam/retire/?successor={successor}")
    assert answer.status_code == 200
    assert 'role="alert"' in main_of(answer)


def test_departments_are_made_renamed_and_removed(team: None, ada: Member, at: At) -> None:
    client = at(ada)
    assert client.post("/departments/", {"name": "Data", "parent": "platform"}).status_code == 302
    page = main_of(client.get("/departments/"))
    assert page.index("Platform") < page.index("Data")
    loop = client.post("/departments/platform/edit/", {"parent": "data"})
    assert loop.status_code == 409
    assert "that would make a loop" in text(loop)
    assert "is not empty" in text(client.post("/departments/platform/remove/"))
    assert client.post("/departments/data/remove/").status_code == 302
    assert "Change" not in main_of(at(Member.objects.get(handle="bo")).get("/departments/"))


def test_a_paused_person_reads_the_dashboard_and_is_told_who_paused_them(
    team: None, owner: Member, at: At
) -> None:
    bo = Member.objects.get(handle="bo")
    client = at(bo)
    pause_member(actor=owner, member="bo", reason="On leave.")
    assert "You are paused by Owner: On leave." in text(client.get("/chart/"))
    assert client.post("/people/kay/pause/", {"reason": "No."}).status_code == 403


# The same tree on the other faces


def test_the_chart_is_one_tree_on_every_face(team: None, ada: Member, api: ApiOf) -> None:
    page = api(ada).get("chart/", limit=3).data
    assert [(node["handle"], node["level"]) for node in page["items"]] == [
        ("ada", 0), ("bo", 1), ("lin", 2),
    ]  # fmt: skip
    rest = api(ada).get("chart/", after=page["cursor"]).data
    assert {node["handle"] for node in rest["items"]} == {"kay", "sam", "owner"}
    assert rest["remaining"] == 0
    branch = api(ada).get("chart/", top="bo", levels=2).data["items"]
    assert [(node["handle"], node["manager"]) for node in branch] == [("bo", "ada"), ("lin", "bo")]
    assert api(ada).get("chart/", top="bo", after="sam").status == 404


def test_who_reports_to_nobody_at_work_is_still_in_the_tree(
    team: None, ada: Member, kay: Member
) -> None:
    Member.objects.filter(handle="lin").update(status="retired")
    assert ("kay", 0) in [(n.handle, n.level) for n in show_chart(actor=ada).items]
