"""Approvals at the dashboard: what is shown, what a form decides, what is refused and how."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from approvals.models import ApprovalRequest, Policy, Showing, StandIn, StandingApproval
from approvals.services import (
    break_glass,
    create_policy,
    decide,
    grant_standing,
    update_policy,
    use_tool,
)
from messaging.models import Channel
from messaging.services import create_channel
from orgchart.models import Member
from tasks.services import create_task, edit_task
from teammcp.core.errors import Held
from tests.conftest import person
from tests.dashboard.conftest import At
from tests.dashboard.test_access import without_tokens
from tests.scenes import scene

HTMX = {"HX-Request": "true"}
STAGE = {"approvers": ["authority:admin", "authority:owner"]}


def text(answer: Any) -> str:
    return str(answer.content.decode())


@scene
def bob(company: None) -> Member:
    return person("bob", Member.Authority.ADMIN)


@scene
def channels_held(ada: Member, owner: Member) -> None:
    create_policy.call(owner, {"name": "Rooms", "pattern": "create_channel", "stages": [STAGE]})


def hold(member: Member, name: str = "moon") -> int:
    """A new channel that waits; the number of its request."""
    with pytest.raises(Held) as held:
        create_channel(actor=member, name=name)
    return int(held.value.state["request"].removeprefix("A-"))


def request_of(number: int) -> ApprovalRequest:
    return ApprovalRequest.objects.get(pk=number)


def stamp(page: str) -> dict[str, str]:
    """What the forms of a page say of what they decide on."""
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', page)[1]  # type: ignore[index]
        for name in ("stage", "round", "digest")
    }


def decide_at(client: Client, number: int, how: str, **more: str) -> Any:
    shown = stamp(text(client.get(f"/approvals/{number}/")))
    return client.post(f"/approvals/{number}/{how}/", {**shown, **more}, headers=HTMX)


# The queue


def test_the_queue_shows_what_waits_for_its_reader(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    page = text(at(ada).get("/approvals/"))
    assert f'id="a{number}"' in page
    assert "create a channel" in page
    assert "nobody has looked at it yet" in page
    assert re.search(r'Approvals</span><span class="count">1', page)
    assert f'id="a{number}"' not in text(at(lin).get("/approvals/"))
    assert f'id="a{number}"' in text(at(lin).get("/approvals/?show=mine"))


def test_what_ends_first_comes_first(ada: Member, lin: Member, channels_held: None, at: At) -> None:
    later, sooner = hold(lin, "moon"), hold(lin, "sun")
    ApprovalRequest.objects.filter(pk=sooner).update(deadline=timezone.now() + timedelta(hours=1))
    page = text(at(ada).get("/approvals/"))
    assert page.index(f'id="a{sooner}"') < page.index(f'id="a{later}"')
    assert 'class="alarm"' in page


def test_what_is_over_has_a_list_of_its_own(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    decide(actor=ada, request=f"A-{number}", verdict="decline", comment="Too many rooms.")
    assert f'id="a{number}"' not in text(at(ada).get("/approvals/?show=all"))
    assert "Too many rooms." in text(at(ada).get("/approvals/?show=ended"))


@pytest.mark.parametrize("query", ["?show=nothing", "?after=x", "?show=all&after=-1"])
def test_a_strange_address_is_no_failure(ada: Member, at: At, query: str) -> None:
    assert at(ada).get(f"/approvals/{query}").status_code in {200, 422}


# A request


def test_the_page_counts_as_shown_and_the_list_does_not(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    at(ada).get("/approvals/")
    assert not Showing.objects.exists()
    at(lin).get(f"/approvals/{number}/")
    assert not Showing.objects.exists()
    at(ada).get(f"/approvals/{number}/")
    shown = Showing.objects.get()
    assert (shown.member, shown.face) == (ada, "dashboard")
    assert "at the dashboard" in text(at(lin).get(f"/approvals/{number}/"))


def test_the_page_shows_exactly_what_will_run(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    page = text(at(ada).get(f"/approvals/{hold(lin)}/"))
    assert re.search(r"<dt>name</dt><dd>moon</dd>", page)
    assert "Left as they are:" in page
    assert "waits" not in page.split('id="ask-changes"')[1].split("</section>")[0]
    assert "1 of authority:admin, authority:owner" in page


def test_a_change_is_shown_beside_the_present(
    ada: Member, bob: Member, lin: Member, at: At
) -> None:
    create_policy.call(ada, {"name": "Edits", "pattern": "edit_task", "requesters": ["@lin"],
                             "stages": [STAGE]})  # fmt: skip
    task = create_task(actor=lin, title="Weigh the moon", description="One\nTwo\nThree").task.id
    with pytest.raises(Held) as held:
        edit_task(actor=lin, task=task, title="Weigh the sun", description="One\n2\nThree")
    number = held.value.state["request"].removeprefix("A-")
    page = text(at(ada).get(f"/approvals/{number}/"))
    assert "<del>Weigh the moon</del>" in page
    assert "<ins>Weigh the sun</ins>" in page
    assert re.search(r'line-gone"><span[^>]*>−</span><del>Two</del>', page)
    assert re.search(r'line-new"><span[^>]*>\+</span><ins>2</ins>', page)
    assert page.count("line-same") == 2


def test_approving_runs_it_and_says_so(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    answer = decide_at(at(ada), number, "approve", comment="Good idea.")
    assert answer.status_code == 204
    assert f"approval-{number}" in answer["HX-Trigger"]
    assert request_of(number).decisions.get().member == ada
    page = text(at(lin).get(f"/approvals/{number}/"))
    assert "Good idea." in page


def test_declining_is_a_form_of_its_own_and_nothing_runs(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    page = text(at(ada).get(f"/approvals/{number}/"))
    forms = re.findall(r'<form class="decide"[^>]*action="([^"]*)"', page)
    assert forms == [f"/approvals/{number}/approve/", f"/approvals/{number}/decline/"]
    decide_at(at(ada), number, "decline", comment="No.")
    assert request_of(number).status == "declined"
    assert not Channel.objects.filter(name="moon").exists()


def test_a_late_click_is_refused_in_words(
    ada: Member, bob: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    shown = stamp(text(at(bob).get(f"/approvals/{number}/")))
    decide(actor=ada, request=f"A-{number}", verdict="decline")
    late = at(bob).post(f"/approvals/{number}/approve/", shown, headers=HTMX)
    assert late.status_code == 409
    assert f"A-{number} is declined already" in text(late)
    plain = at(bob).post(f"/approvals/{number}/approve/", shown)
    assert plain.status_code == 409
    assert "is declined already" in text(plain)
    assert "<h1>A-" in text(plain)


def test_a_click_on_another_call_than_was_shown_is_refused(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    shown = stamp(text(at(ada).get(f"/approvals/{number}/")))
    for wrong in ({"digest": "0" * 64}, {"round": "2"}, {"stage": "2"}):
        answer = at(ada).post(f"/approvals/{number}/approve/", {**shown, **wrong}, headers=HTMX)
        assert answer.status_code == 409
        assert "has moved on since you looked" in text(answer)
    assert not request_of(number).decisions.exists()


def test_who_asked_sees_no_forms_that_decide_and_may_withdraw(
    ada: Member, bob: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(ada)
    page = text(at(ada).get(f"/approvals/{number}/"))
    assert "/approve/" not in page
    assert "you do not decide on it" in page
    refused = at(ada).post(f"/approvals/{number}/approve/", {}, headers=HTMX)
    assert refused.status_code == 403
    at(ada).post(f"/approvals/{number}/withdraw/", {"reason": "Not now."})
    assert request_of(number).status == "withdrawn"


def test_comments_and_changes_reach_who_asked(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    at(ada).post(f"/approvals/{number}/comment/", {"body": "Why another one?"}, headers=HTMX)
    decide_at(at(ada), number, "request-changes", comment="Call it luna.")
    page = text(at(lin).get(f"/approvals/{number}/"))
    assert "Why another one?" in page
    assert "Changes were asked for: Call it luna." in page


def test_breaking_the_glass_takes_a_reason_and_another_one_reviews_it(
    owner: Member, ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    where = f"/approvals/{number}/"
    assert "Break the glass" not in text(at(ada).get(where))
    assert "Break the glass" in text(at(owner).get(where))
    assert at(owner).post(f"{where}break-glass/", {"reason": ""}, headers=HTMX).status_code == 422
    at(owner).post(f"{where}break-glass/", {"reason": "The moon is falling."}, headers=HTMX)
    assert request_of(number).broken_glass.reason == "The moon is falling."
    assert "It was justified" not in text(at(owner).get(where))
    assert "It was justified" in text(at(ada).get(where))
    at(ada).post(f"{where}review/", {"finding": "It was falling.", "justified": "true"})
    assert request_of(number).broken_glass.justified is True


def test_a_hidden_request_looks_absent(
    ada: Member, lin: Member, sam: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    pages = [at(sam).get(f"/approvals/{n}/") for n in (number, number + 900)]
    assert [page.status_code for page in pages] == [404, 404]
    plain = [re.sub(rb"approvals(/|%2F)\d+", b"", without_tokens(page.content)) for page in pages]
    assert plain[0] == plain[1]


# Elsewhere


def test_a_held_form_says_what_it_waits_for(
    ada: Member, bob: Member, channels_held: None, at: At
) -> None:
    answer = at(ada).post("/channels/", {"name": "moon"}, headers=HTMX)
    number = ApprovalRequest.objects.get().pk
    assert answer.status_code == 202
    assert f"waits for approval as A-{number}" in text(answer)
    assert f'<a href="/approvals/{number}/">Look at A-{number}</a>' in text(answer)
    assert "“Rooms”" in text(answer)
    plain = at(ada).post("/channels/", {"name": "moon"})
    assert f'href="/approvals/{number}/"' in text(plain)
    assert "notice-bad" not in text(plain)
    assert not Channel.objects.filter(name="moon").exists()


def test_the_inbox_leads_to_the_request(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    assert f'href="/approvals/{number}/">Look at A-{number}</a>' in text(at(ada).get("/inbox/"))


# Policies


def form(**changes: str) -> dict[str, str]:
    return {
        "name": "Rooms", "pattern": "create_channel", "description": "", "requesters": "",
        "except_requesters": "", "expires": "2", "expires_unit": "days", "enabled": "on",
        "stage-0-approvers": "authority:admin, authority:owner", "stage-0-quorum": "1",
        "stage-0-vetoes": "on", "stage-0-remind": "4", "stage-0-remind_unit": "hours",
        "stage-0-escalate": "1", "stage-0-escalate_unit": "days", **changes,
    }  # fmt: skip


def test_a_policy_is_written_in_a_form(owner: Member, ada: Member, at: At) -> None:
    sent = form(**{"condition-0-field": "kind", "condition-0-op": "eq",
                   "condition-0-value": "private", "requesters": "kind:agent"})  # fmt: skip
    answer = at(owner).post("/approvals/policies/", sent)
    assert answer.status_code == 302
    row = Policy.objects.get()
    assert row.expires_minutes == 2 * 1440
    assert row.requesters == ["kind:agent"]
    assert row.arguments == [{"field": "kind", "op": "eq", "value": "private"}]
    assert row.stages[0]["remind_minutes"] == 240
    assert row.stages[0]["escalate_minutes"] == 1440
    page = text(at(ada).get("/approvals/policies/"))
    assert "where kind is private" in page


def test_a_policy_is_changed_and_switched_off(
    owner: Member, ada: Member, channels_held: None, at: At
) -> None:
    row = Policy.objects.get()
    where = f"/approvals/policies/{row.pk}/"
    page = text(at(owner).get(where))
    assert 'value="create_channel"' in page
    sent = form(version="1", description="Rooms are dear.")
    del sent["enabled"]
    at(owner).post(where, sent)
    row.refresh_from_db()
    assert (row.enabled, row.description, row.version) == (False, "Rooms are dear.", 2)
    late = at(owner).post(where, form(version="1"))
    assert late.status_code == 409
    assert "is at version 2 by now" in text(late)


@pytest.mark.parametrize(
    ("changes", "beside", "said"),
    [
        ({"pattern": "create_chanel"}, 'name="pattern"', "names no action that can be held"),
        ({"stage-0-quorum": "99"}, 'name="stage-0-agents"', "less than or equal to 20"),
        ({"stage-0-quorum": "7"}, 'name="stage-0-agents"', "could never be fulfilled"),
        ({"stage-0-approvers": "@nobody"}, 'name="stage-0-agents"', "There is no member @nobody"),
        ({"requesters": "boss"}, 'name="requesters"', "is no group"),
        ({"expires": "soon"}, 'name="expires"', "valid integer"),
        (
            {"condition-3-field": "colour", "condition-3-op": "eq", "condition-3-value": "red"},
            'name="condition-0-value"',
            "has no argument",
        ),
    ],
)
def test_what_is_refused_is_said_beside_the_box(
    owner: Member, ada: Member, at: At, changes: dict[str, str], beside: str, said: str
) -> None:
    answer = at(owner).post("/approvals/policies/", form(**changes))
    page = text(answer)
    assert answer.status_code in {409, 422}
    after = page.split(beside)[1]
    assert said in after.split("</fieldset>")[0]
    assert not Policy.objects.exists()
    for value in changes.values():
        assert f'value="{value}"' in page


def test_more_rows_come_without_script(owner: Member, at: At) -> None:
    more = at(owner).post("/approvals/policies/", form(more="stage"))
    assert 'name="stage-1-approvers"' in text(more)
    more = at(owner).post("/approvals/policies/", form(more="condition"))
    assert 'name="condition-0-field"' in text(more)
    assert not Policy.objects.exists()


def test_policies_are_read_by_all_and_written_by_admins(
    lin: Member, channels_held: None, at: At
) -> None:
    number = Policy.objects.get().pk
    assert "Rooms" in text(at(lin).get("/approvals/policies/"))
    assert "Save it" not in text(at(lin).get(f"/approvals/policies/{number}/"))
    assert at(lin).get("/approvals/policies/new/").status_code == 404
    assert at(lin).post("/approvals/policies/", form(name="Mine")).status_code == 404


def test_a_change_of_the_rules_can_be_held_itself(owner: Member, ada: Member, at: At) -> None:
    create_policy.call(owner, {"name": "Rules", "pattern": "*_policy", "requesters": ["@ada"],
                               "stages": [{"approvers": ["authority:owner"]}]})  # fmt: skip
    answer = at(ada).post("/approvals/policies/", form())
    assert answer.status_code == 202
    assert "waits for approval" in text(answer)


# Ahead


def test_a_stand_in_is_set_and_ended(ada: Member, bob: Member, at: At) -> None:
    ends = (timezone.localtime() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    sent = {"member": "@bob", "ends_at": ends, "pattern": "create_*"}
    answer = at(ada).post("/approvals/stand-ins/", sent)
    assert answer.status_code == 302
    row = StandIn.objects.get()
    assert (row.member, row.absent, row.pattern) == (bob, ada, "create_*")
    assert "decides for" in text(at(bob).get("/approvals/stand-ins/"))
    at(bob).post(f"/approvals/stand-ins/{row.pk}/end/")
    row.refresh_from_db()
    assert row.ended_at is not None
    refused = at(ada).post("/approvals/stand-ins/", {**sent, "member": "@ada"})
    assert "Nobody stands in for themselves" in text(refused)


def test_the_like_of_a_request_is_allowed_for_a_while(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin, "moon-1")
    page = text(at(ada).get(f"/approvals/{number}/"))
    assert 'name="bound" value="name"' in page
    until = (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    sent = {"policy": "Rooms", "requester": "lin", "pattern": "create_channel", "count": "2",
            "until": until, "bound": "name", "is-name": "moon-*"}  # fmt: skip
    assert at(ada).post(f"/approvals/{number}/allow-like/", sent).status_code == 302
    create_channel(actor=lin, name="moon-2")
    hold(lin, "sun-1")
    row = StandingApproval.objects.get()
    used = text(at(ada).get(f"/approvals/standing/{row.pk}/"))
    assert "moon-2" in used
    assert "1 of 2" in used
    assert at(ada).post(f"/approvals/standing/{row.pk}/end/").status_code == 302
    hold(lin, "moon-3")


def test_standing_approvals_are_listed_and_given(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    until = timezone.now() + timedelta(days=1)
    grant_standing(actor=ada, policy="Rooms", requester="lin", count=3, until=until)
    assert "3 left, 0 used" in text(at(lin).get("/approvals/standing/"))
    past = {"policy": "Rooms", "requester": "lin", "count": "1", "until": "2020-01-01T00:00"}
    refused = at(ada).post("/approvals/standing/", past)
    assert "has passed already" in text(refused)
    assert 'value="2020-01-01T00:00"' in text(refused)


# Who may do what


def test_who_may_do_what_is_answered_by_the_real_check(
    owner: Member, ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    ask = "/approvals/who/?member=lin&action=create_channel"
    assert "fill in name" in text(at(ada).get(ask))
    page = text(at(ada).get(f"{ask}&arg-name=moon"))
    assert "verdict-held" in page
    assert "“Rooms” holds it" in page
    assert "@ada" in page
    update_policy(actor=owner, policy="Rooms", enabled=False)
    assert "verdict-passes" in text(at(ada).get(f"{ask}&arg-name=moon"))
    assert not ApprovalRequest.objects.exists()
    assert not Channel.objects.filter(name="moon").exists()


def test_members_ask_about_themselves_only(lin: Member, ada: Member, at: At) -> None:
    own = at(lin).get("/approvals/who/?action=create_channel&arg-name=moon")
    assert "verdict-passes" in text(own)
    other = at(lin).get("/approvals/who/?member=ada&action=create_channel&arg-name=moon")
    assert other.status_code == 403
    assert "for admins to ask" in text(other)
    assert at(lin).get("/approvals/who/?action=nothing").status_code == 404


# Figures


def test_a_list_costs_the_same_however_long_it_is(
    ada: Member, lin: Member, channels_held: None, at: At, django_assert_max_num_queries: Any
) -> None:
    client = at(ada)
    hold(lin, "first")
    client.get("/approvals/")
    with django_assert_max_num_queries(26) as few:
        client.get("/approvals/")
    for number in range(8):
        hold(lin, f"more-{number}")
    with django_assert_max_num_queries(len(few)):
        client.get("/approvals/")


def test_a_broken_glass_shows_on_the_page(
    owner: Member, ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    break_glass(actor=owner, request=f"A-{number}", reason="It burns.")
    assert "Its review is open." in text(at(lin).get(f"/approvals/{number}/"))


def test_whom_somebody_invited_may_decide_for_them(
    owner: Member, ada: Member, bob: Member, at: At
) -> None:
    Member.objects.filter(pk__in=[ada.pk, bob.pk]).update(registered_by=owner)
    create_policy.call(owner, {"name": "Rooms", "pattern": "create_channel",
                               "stages": [{"approvers": ["@bob", "@ada"]}]})  # fmt: skip
    number = hold(owner)
    assert decide_at(at(bob), number, "approve").status_code == 204


def test_the_preview_of_a_prompt_is_shown_as_no_more_than_that(
    ada: Member, owner: Member, lin: Member, at: At
) -> None:
    create_policy.call(owner, {"name": "Prompts", "pattern": "use_tool", "stages": [STAGE]})
    pages = []
    for given in ({"preview_only": "git push origin ma…"}, {"command": "git push origin main"}):
        with pytest.raises(Held) as held:
            use_tool(actor=lin, tool_name="Bash", input=given)
        number = held.value.state["request"].removeprefix("A-")
        pages.append(text(at(ada).get(f"/approvals/{number}/")))
    preview, whole = pages
    assert "git push origin ma…" in preview
    assert "the exact input is not known here" in preview
    assert "Exactly what the client will run" not in preview
    assert "Exactly what the client will run" in whole
    assert "the exact input is not known here" not in whole


# Asking again with other arguments


def box(page: str, name: str) -> str:
    """The name in the form of the box of an argument."""
    found = re.search(rf'name="(arg-\w+-{name})"', page)
    assert found is not None, name
    return found[1]


def test_who_asked_changes_the_call_at_its_page_and_all_decide_again(
    ada: Member, lin: Member, kay: Member, bob: Member, channels_held: None, at: At
) -> None:
    create_policy.call(ada, {"name": "Two", "pattern": "create_channel", "requesters": ["@lin"],
                             "stages": [{**STAGE, "quorum": 2}]})  # fmt: skip
    number = hold(lin)
    decide(actor=bob, request=f"A-{number}", verdict="approve")
    page = text(at(lin).get(f"/approvals/{number}/"))
    form = {box(page, "name"): "sun", box(page, "kind"): "private", box(page, "purpose"): "Warm",
            box(page, "invite"): "kay\r\n", "comment": "The moon was taken."}  # fmt: skip
    old = stamp(text(at(ada).get(f"/approvals/{number}/")))
    done = at(lin).post(f"/approvals/{number}/revise/", form, headers=HTMX)
    assert done.status_code == 204, text(done)
    row = request_of(number)
    assert (row.round, row.stage, row.status) == (2, 0, "open")
    assert (row.arguments["name"], row.arguments["invite"]) == ("sun", ["kay"])
    page = text(at(ada).get(f"/approvals/{number}/"))
    assert "What round 2 changed" in page
    assert "<del>moon</del>" in page
    assert "<ins>sun</ins>" in page
    assert "The moon was taken." in page
    late = at(ada).post(f"/approvals/{number}/approve/", old, headers=HTMX)
    assert late.status_code == 409
    assert decide_at(at(bob), number, "approve").status_code == 204
    assert request_of(number).status == "open"


def test_a_change_that_makes_no_sense_is_refused_at_the_page(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    page = text(at(lin).get(f"/approvals/{number}/"))
    for name, value in (("name", ""), ("kind", "secret"), ("invite", "nobody")):
        form = {box(page, "name"): "moon", box(page, name): value}
        answer = at(lin).post(f"/approvals/{number}/revise/", form, headers=HTMX)
        assert answer.status_code in {404, 422}, (name, value)
        assert "notice-bad" in text(answer)
    assert request_of(number).round == 1


def test_only_who_asked_gets_the_form_and_only_while_it_waits(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    assert 'id="do-revise"' not in text(at(ada).get(f"/approvals/{number}/"))
    assert 'id="do-revise"' in text(at(lin).get(f"/approvals/{number}/"))
    assert at(ada).post(f"/approvals/{number}/revise/", {}, headers=HTMX).status_code == 403
    decide(actor=ada, request=f"A-{number}", verdict="request_changes", comment="Another name.")
    assert 'id="do-revise" open' in text(at(lin).get(f"/approvals/{number}/"))
    at(lin).post(f"/approvals/{number}/withdraw/", {}, headers=HTMX)
    assert 'id="do-revise"' not in text(at(lin).get(f"/approvals/{number}/"))


def test_json_that_nobody_could_read_is_refused_in_the_form(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    number = hold(lin)
    form = {"arg-text-name": "moon", "arg-json-invite": "[" * 100_000}
    answer = at(lin).post(f"/approvals/{number}/revise/", form, headers=HTMX)
    assert answer.status_code == 422
    assert request_of(number).round == 1


def test_every_action_that_can_be_held_has_a_form_that_gives_its_arguments_back(
    ada: Member, owner: Member, lin: Member, at: At
) -> None:
    """What nobody touches in the form is asked for again as it was."""
    from django.http import QueryDict

    from approvals.gating import plain_arguments
    from approvals.rules import why_not_held
    from approvals.views.revising import boxes_of, revised
    from teammcp.core.actions import registry
    from tests.access.table import TABLE

    tried = set()
    for row in TABLE:
        action = registry.get(row.action)
        if action is None or not action.writes or why_not_held(action):
            continue
        given = {n: v for n, v in row.arguments.items() if "{" not in str(v)}
        if given.keys() != row.arguments.keys():
            continue
        try:
            before = plain_arguments(action, action.validate(given))
        except Exception:  # noqa: BLE001, S112 - a row that is refused
            continue
        form = QueryDict(urlencode({b.key: b.value for b in boxes_of(row.action, before)}))
        again = action.validate(revised(action, form)["arguments"])
        assert plain_arguments(action, again) == before, row.action
        tried.add(row.action)
    assert len(tried) > 20
