"""Tasks at the dashboard: what is shown, what a form does, what is refused and how it says so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from messaging.models import Channel, Message
from messaging.services import send_message
from orgchart.models import Member
from orgchart.services import update_member
from tasks.models import Task
from tasks.services import (
    add_dependency,
    assign_task,
    block_task,
    claim_task,
    complete_task,
    create_task,
    edit_task,
    report_progress,
    submit_task,
)
from tasks.views.words import column_after
from tests.dashboard.conftest import At
from tests.dashboard.test_access import without_tokens
from tests.tasks.conftest import held, make, row

HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def place(name: str, end: str = "") -> str:
    return f"/tasks/{name[2:]}/{end}"


def column(page: str, status: str) -> list[str]:
    """The names of the cards in a column."""
    part = page.partition(f'id="tickets-{status}"')[2].partition("</ol>")[0]
    return [f"T-{number}" for number in re.findall(r'<li class="ticket[^"]*" id="t(\d+)"', part)]


# The board


def test_cards_stand_in_the_column_of_their_status(ada: Member, lin: Member, at: At) -> None:
    todo = make(ada, "Weigh the moon", priority="low")
    urgent = make(ada, "Call the moon", priority="urgent", labels=["night"])
    working = held(ada, lin, "Draw the moon", points=["Round", "White"])
    stuck = held(ada, lin, "Light the moon")
    block_task(actor=lin, task=stuck, on="ada", what="Turn the sun on.")
    page = text(at(ada).get("/tasks/"))
    assert column(page, "todo") == [urgent, todo]
    assert column(page, "in_progress") == [working]
    assert column(page, "blocked") == [stuck]
    assert "blocked: <strong>@ada</strong> must act: Turn the sun on." in page
    assert "29 min</span> left, @lin" in page
    assert "0/2" in page
    assert '<span class="word">night</span>' in page


def test_a_card_is_drawn_anew_when_anything_that_it_says_changes(
    ada: Member, lin: Member, at: At
) -> None:
    name = held(ada, lin, "Water the <plants>")
    for change, shown in (
        (lambda: None, "Water the &lt;plants&gt;"),
        (lambda: edit_task(actor=ada, task=name, labels=["green"]), ">green</span>"),
        (lambda: report_progress(actor=lin, task=name, progress=40), "40 %"),
        (lambda: update_member(actor=ada, member="lin", name="Lin Wu"), "Lin Wu"),
        (lambda: Task.objects.update(due_at=timezone.now() - timedelta(hours=1)), "overdue since"),
    ):
        change()
        pages = [text(at(ada).get(query)) for query in ("/tasks/", "/tasks/?view=list")]
        assert shown in pages[0]
        assert shown.removesuffix(" since") in pages[1]
        assert "<plants>" not in "".join(pages)


def test_filters_stand_in_the_address(ada: Member, lin: Member, vault: Channel, at: At) -> None:
    mine = make(ada, "Mine to do", assignee="ada", labels=["x"])
    free = make(ada, "Free to do", priority="high")
    gone = make(ada, "Done with")
    claim_task(actor=lin, task=gone)
    complete_task(actor=lin, task=gone)
    board = at(ada)
    for query, names in (
        ("?which=mine", {mine}),
        ("?which=free", {mine, free}),
        ("?text=free", {free}),
        ("?assignee=me", {mine}),
        ("?assignee=%40lin", {gone}),
        ("?assignee=none", {free}),
        ("?label=X", {mine}),
        ("?priority=high", {free}),
        ("?view=list", {mine, free}),
        ("?view=list&which=done", {gone}),
        ("?view=list&which=all&order=newest", {mine, free, gone}),
    ):
        page = text(board.get(f"/tasks/{query}"))
        assert {f"T-{n}" for n in re.findall(r' id="t(\d+)"', page)} == names, query


def test_a_filter_that_cannot_be_is_explained(ada: Member, vault: Channel, at: At) -> None:
    hidden, absent = (
        at(ada).get(f"/tasks/?home=%23{name}", headers=HTMX) for name in ("vault", "vaulu")
    )
    assert text(hidden).replace("vault", "vaulu") == text(absent)
    page = at(ada).get("/tasks/?home=%23vaulu")
    assert (page.status_code, "There is no channel #vaulu" in text(page)) == (422, True)


def test_columns_go_on_where_they_end(ada: Member, at: At) -> None:
    names = [make(ada, f"Number {number}") for number in range(30)]
    client = at(ada)
    page = text(client.get("/tasks/"))
    assert column(page, "todo") == names[:25]
    more = re.search(r'id="more-todo" data-part><a href="([^"]+)"', page)
    assert more
    assert column(text(client.get(more[1].replace("&amp;", "&"))), "todo") == names


def test_lists_are_sorted_and_paged(ada: Member, at: At) -> None:
    now = timezone.now()
    names = [make(ada, f"Number {n}", due_at=now + timedelta(days=60 - n)) for n in range(55)]
    client = at(ada)
    seen: list[str] = []
    address = "/tasks/?view=list&order=due"
    while address:
        page = text(client.get(address))
        seen += [f"T-{number}" for number in re.findall(r'<tr id="t(\d+)"', page)]
        more = re.search(r'<a class="btn" href="([^"]+)">Show more', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert seen == names[::-1]


def test_the_calendar_shows_a_month_in_its_readers_time(ada: Member, at: At) -> None:
    name = make(ada, "New year", due_at=datetime(2030, 1, 31, 23, 30, tzinfo=UTC))
    client = at(ada)
    client.cookies["teammcp_zone"] = "UTC"
    assert place(name) in text(client.get("/tasks/?view=calendar&month=2030-01"))
    assert place(name) not in text(client.get("/tasks/?view=calendar&month=2030-03"))
    client.cookies["teammcp_zone"] = "Asia/Tokyo"
    page = text(client.get("/tasks/?view=calendar&month=2030-02"))
    assert '<time datetime="2030-02-01">' in page.partition(place(name))[0].rpartition("<h3>")[2]
    for month in ("", "x", "9999-12", "0001-01", "2030-13"):
        assert client.get(f"/tasks/?view=calendar&month={month}").status_code == 200


# Moving a card


def test_a_card_is_moved_by_the_action_that_this_means(ada: Member, lin: Member, at: At) -> None:
    name = make(ada, "Walk")
    client = at(ada)
    for to, more in (
        ("in_progress", {}), ("todo", {}), ("in_progress", {}),
        ("blocked", {"on": "lin", "what": "Clear the way."}), ("todo", {}),
        ("in_progress", {}), ("done", {}), ("todo", {}), ("cancelled", {}),
    ):  # fmt: skip
        answer = client.post(place(name, "move/"), {"to": to, **more}, headers=HTMX)
        assert answer.status_code == 204, text(answer)
        assert f"task-{name[2:]}" in answer["HX-Trigger"]
        assert row(name).status == to


def test_a_refused_move_says_why_and_what_is_possible(ada: Member, lin: Member, at: At) -> None:
    first = make(ada, "First")
    name = make(ada, "Second", needs=[first])
    client = at(ada)
    for to, status, words in (
        ("in_progress", 409, f"{name} waits for {first}."),
        ("in_progress", 409, f"Finish {first} first."),
        ("in_review", 409, "it cannot submit from there"),
        ("done", 409, "What you can do now: claim, block, assign, cancel."),
        ("todo", 409, "is todo already"),
        ("blocked", 422, "On: "),
        ("nowhere", 422, "is no status"),
    ):
        answer = client.post(place(name, "move/"), {"to": to}, headers=HTMX)
        assert answer.status_code == status, (to, text(answer))
        assert words in text(answer).replace("&#x27;", "'"), (to, text(answer))
    page = client.post(place(name, "move/"), {"to": "done"})
    assert page.status_code == 409
    assert "cannot complete from there" in text(page)


def test_advice_for_agents_comes_without_its_calls(ada: Member, lin: Member, at: At) -> None:
    name = make(ada, "Judged", reviewer="lin")
    claim_task(actor=ada, task=name)
    answer = text(at(ada).post(place(name, "move/"), {"to": "done"}, headers=HTMX))
    assert "needs a review before it is done" in answer
    assert "Submit it." in answer
    assert "update_task" not in answer


@pytest.mark.parametrize("source", ["todo", "in_progress", "blocked", "in_review", "done"])
def test_every_column_is_reached_by_some_action(source: str) -> None:
    targets = {"todo", "in_progress", "blocked", "in_review", "done", "cancelled"} - {source}
    assert all(column_after(source, target) for target in targets)


# The page of a task


def test_the_page_tells_all_that_is_known(ada: Member, lin: Member, kay: Member, at: At) -> None:
    before = make(ada, "Before it")
    name = make(ada, "The **thing**", description="Do *it*. <script>x</script> See T-1.",
                points=["Round"], reviewer="kay", labels=["big"], touches=["moon.py"])  # fmt: skip
    part = make(ada, "A part", parent=name)
    claim_task(actor=lin, task=name)
    add_dependency(actor=ada, task=name, needs=before)
    send_message(actor=lin, to=f"#t-{name[2:]}", body="I begin.")
    page = text(at(ada).get(place(name)))
    for shown in ("The **thing**", "<em>it</em>", "&lt;script&gt;", "Round", "moon.py", "I begin.",
                  "Before it", "A part", f'href="{place(part)}"', "@lin claimed", "Kay",
                  'data-follows="task-'):  # fmt: skip
        assert shown in page, shown
    assert "<script>x" not in page


@pytest.mark.parametrize("end", ["", "move/", "edit/", "history/", "said/?after=0"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_hidden_task_looks_absent(
    ada: Member, lin: Member, vault: Channel, at: At, end: str, headers: dict[str, str]
) -> None:
    hidden = make(lin, "Change the combination", home="#vault")
    client = at(ada)
    pages = []
    for name in (hidden, "T-987654"):
        answer = client.get(place(name, end), headers=headers)
        here = quote(place(name, end).partition("?")[0], safe="").encode()
        page = without_tokens(answer.content).replace(here, b"here")
        pages.append((answer.status_code, page))
    assert pages[0][0] == 404
    assert pages[0] == pages[1]


def test_what_a_text_calls_a_task_is_a_link_for_who_may_see_it(
    ada: Member, lin: Member, vault: Channel, at: At
) -> None:
    hidden = make(lin, "Hidden", home="#vault")
    shown = make(ada, "Shown")
    said = f"{shown}, {hidden}, T-987654, `{shown}`, #{shown.lower()}, x{shown}, {shown}-b"
    send_message(actor=lin, to="#general", body=said)
    page = text(at(ada).get("/channels/general/"))
    assert page.count(f'href="{place(shown)}" class="mention names-task"') == 2
    assert f"{hidden}, T-987654" in page
    theirs = text(at(lin).get("/channels/general/"))
    assert f'href="{place(hidden)}" class="mention names-task"' in theirs


def test_people_do_everything_where_they_see_it(
    ada: Member, lin: Member, kay: Member, at: At
) -> None:
    name = make(ada, "All of it", points=["One", "Two"], reviewer="kay")
    client, judge = at(ada), at(kay)

    def do(who: Client, move: str, **form: Any) -> None:
        answer = who.post(place(name, f"{move}/"), form, headers=HTMX)
        assert answer.status_code == 204, (move, text(answer))

    do(client, "assign", to="@lin", note="Please.")
    do(client, "assign", to="none")
    do(client, "claim")
    do(client, "progress", points=["1"], progress="40", note="One is done.")
    do(client, "release")
    do(client, "claim")
    do(client, "block", on="@kay", what="Say yes.")
    do(judge, "unblock")
    do(client, "claim")
    do(client, "submit", result="See, all.", points=["2"], evidence="a, b\nhttps://example.com/x")
    assert row(name).evidence == ["a, b", "https://example.com/x"]
    do(judge, "request-changes", note="Two is not met.", points=["2"])
    assert row(name).open_points == ["Two"]
    do(client, "claim")
    do(client, "submit", points=["2"])
    do(judge, "approve", note="Good.")
    do(client, "reopen")
    do(client, "cancel", note="Not needed.")
    do(client, "follow")
    do(client, "unfollow")
    assert row(name).status == "cancelled"
    page = text(client.get(place(name)))
    assert "@kay approved" in page
    assert "Please." in page


def test_a_refused_form_without_script_shows_the_page_with_the_reason(
    ada: Member, lin: Member, at: At
) -> None:
    name = held(ada, lin)
    answer = at(ada).post(place(name, "claim/"))
    assert answer.status_code == 409
    assert "is taken: @lin" in text(answer)
    assert at(ada).post(place(name, "release/"))["Location"] == place(name)


def test_forms_need_the_token_of_their_page(ada: Member) -> None:
    name = make(ada)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ada, backend="orgchart.backends.MemberBackend")
    for address in ("/tasks/", place(name, "claim/"), place(name, "move/"), place(name, "edit/")):
        assert strict.post(address, {"to": "cancelled", "title": "x"}).status_code == 403
    assert row(name).status == "todo"


def test_an_observer_reads_and_is_offered_nothing(ada: Member, olga: Member, at: At) -> None:
    name = make(ada)
    board = text(at(olga).get("/tasks/"))
    assert "New task" not in board
    assert "Nothing can be done with it by you" in text(at(olga).get(place(name)))
    assert at(olga).post(place(name, "claim/"), headers=HTMX).status_code in {403, 404}


# Writing one down


def test_a_task_is_made_with_all_that_the_form_asks(ada: Member, lin: Member, at: At) -> None:
    first = make(ada)
    client = at(ada)
    client.cookies["teammcp_zone"] = "Europe/Berlin"
    form = {
        "title": "Weigh the moon", "description": "In *kilograms*.", "assignee": "@lin",
        "reviewer": "me", "priority": "high", "home": "#general", "labels": "sky, night",
        "skills": "", "needs": first, "points": "Near side, in full\nFar side", "touches": "",
        "due_at": "2030-01-31T17:00", "start_after": "", "client_key": "k1",
    }  # fmt: skip
    made = client.post("/tasks/", form)
    again = client.post("/tasks/", form)
    task = Task.objects.latest("pk")
    assert made["Location"] == again["Location"] == f"/tasks/{task.pk}/"
    assert [point["text"] for point in task.points] == ["Near side, in full", "Far side"]
    assert task.due_at == datetime(2030, 1, 31, 16, 0, tzinfo=UTC)
    assert (task.assignee, task.reviewer, task.home_id is not None) == (lin, ada, True)
    refused = client.post("/tasks/", {**form, "client_key": "k2", "due_at": "soon"})
    assert refused.status_code == 422
    assert "Weigh the moon" in text(refused)


def test_a_task_is_made_of_a_message(ada: Member, lin: Member, at: At) -> None:
    said = send_message(actor=lin, to="#general", body="# Repair the gate\n\nIt creaks.").id
    client = at(ada)
    assert f"/tasks/new/?from_message={said}" in text(client.get(f"/messages/{said}/menu/"))
    form = text(client.get(f"/tasks/new/?from_message={said}"))
    assert 'value="Repair the gate"' in form
    made = client.post("/tasks/", {"title": "Repair the gate", "from_message": str(said)})
    task = Task.objects.latest("pk")
    assert made["Location"] == f"/tasks/{task.pk}/"
    assert Message.objects.get(pk=said).task == task.name
    assert place(task.name) in text(client.get("/channels/general/"))
    assert place(task.name) in text(client.get(f"/messages/{said}/menu/"))
    assert f"/messages/{said}/" in text(client.get(place(task.name)))


def edit_values(page: str) -> dict[str, str]:
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    return {"version": version[1]}


def test_a_stale_save_is_refused_and_shows_what_stands_there_now(
    ada: Member, lin: Member, at: At
) -> None:
    name = make(ada, "Old title", description="Old text.", due_at=timezone.now())
    client = at(ada)
    form = {**edit_values(text(client.get(place(name, "edit/")))), "title": "My title",
            "description": "Old text.", "priority": "normal", "due_at": ""}  # fmt: skip
    edit_task(actor=ada, task=name, title="Her title")
    refused = client.post(place(name, "edit/"), form)
    assert refused.status_code == 409
    page = text(refused)
    assert "was changed since version" in page
    assert 'value="My title"' in page
    assert "Now: <span>Her title</span>" in page
    assert row(name).title == "Her title"
    saved = client.post(place(name, "edit/"), {**form, **edit_values(page)})
    assert saved["Location"] == place(name)
    assert (row(name).title, row(name).due_at) == ("My title", None)


def test_who_does_the_work_may_change_all_but_how_it_is_judged(
    ada: Member, lin: Member, at: At
) -> None:
    name = make(ada, "Judged", points=["Round"])
    claim_task(actor=lin, task=name)
    client = at(lin)
    form = {**edit_values(text(client.get(place(name, "edit/")))), "title": "Judged well",
            "points": "Round", "reviewer": "", "home": ""}  # fmt: skip
    assert client.post(place(name, "edit/"), form)["Location"] == place(name)
    refused = client.post(place(name, "edit/"), {"points": "Easy"})
    assert "cannot change its points" in text(refused)
    assert row(name).points[0]["text"] == "Round"


# Elsewhere


def test_search_finds_tasks_by_name_and_by_words(
    ada: Member, lin: Member, vault: Channel, at: At
) -> None:
    shown = make(ada, "Weigh the moon")
    hidden = make(lin, "Weigh the secret moon", home="#vault")
    client = at(ada)
    for words in ("moon", shown, shown.lower()):
        page = text(client.get("/search/", {"q": words}))
        assert f'href="{place(shown)}"' in page, words
        assert f'href="{place(hidden)}"' not in page
    assert "secret" not in text(client.get("/search/", {"q": hidden}))


def test_the_inbox_leads_to_the_task(ada: Member, lin: Member, at: At) -> None:
    name = make(lin, "Weigh the moon", assignee="ada")
    assert f'href="{place(name)}"' in text(at(ada).get("/inbox/"))


# Queries

PAGES = {
    "/tasks/": 17,
    "/tasks/?which=mine": 17,
    "/tasks/?view=list": 16,
    "/tasks/?view=calendar&month=2030-01": 16,
    "/tasks/new/": 10,
    "{task}": 31,
    "{task}move/": 17,
    "{task}edit/": 17,
    "{task}history/": 14,
    "{task}said/?after=0": 13,
}


def fill(ada: Member, lin: Member, size: int) -> str:
    due = datetime(2030, 1, 15, 12, tzinfo=UTC)
    name = make(ada, "The whole", reviewer="ada", labels=["a"], touches=["x.py"], home="#general")
    for number in range(size):
        make(ada, f"Part {number}", parent=name, labels=["b"], due_at=due, touches=["y.py"])
        first = make(lin, f"Before {number}", home="#general", due_at=due)
        add_dependency(actor=ada, task=name, needs=first)
        assign_task(actor=lin, task=first, to="lin")
        block_task(actor=lin, task=first, on="ada", what="Say yes.")
        working = held(ada, lin, f"Work {number}", labels=["c"])
        submit_task(actor=lin, task=working)
        held(ada, lin, f"Hold {number}")
        done = held(ada, lin, f"Done {number}")
        complete_task(actor=lin, task=done)
        send_message(actor=lin, to=f"#t-{name[2:]}", body=f"Part {number} begins, see {first}.")
        create_task(actor=lin, title=f"Mine {number}", assignee="ada")
    return name


@pytest.mark.parametrize("path", PAGES)
def test_queries_are_pinned_and_do_not_grow(
    ada: Member, lin: Member, at: At, path: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = at(ada)
    for size in (2, 9):
        address = path.format(task=place(fill(ada, lin, size)))
        client.get(address)
        with django_assert_num_queries(PAGES[path]):
            assert client.get(address).status_code == 200
