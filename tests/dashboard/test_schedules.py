"""Scheduled messages at the dashboard: the list, the preview, one with its history, the form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from messaging.models import Channel, Schedule
from messaging.selectors import show_schedule
from messaging.services import create_channel, schedule_message, update_channel
from messaging.services.running import run_due
from orgchart.models import Member
from tests.dashboard.conftest import At

HTMX = {"HX-Request": "true"}
RULE = {"to": "#general", "body": "Stand-up.", "cron": "0 9 * * MON-FRI", "zone": "Europe/Berlin"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_empty_list_says_what_it_is_for(ada: Member, at: At) -> None:
    page = text(at(ada).get("/schedules/"))
    assert "Nothing is scheduled." in page
    assert "None has ended yet." in text(at(ada).get("/schedules/?state=ended"))
    assert 'href="/schedules/" aria-current="page"' in page


def test_a_rule_is_made_listed_and_shown_in_the_viewers_own_time(ada: Member, at: At) -> None:
    client = at(ada)
    client.cookies["teammcp_zone"] = "America/New_York"
    made = client.post("/schedules/", RULE)
    pk = Schedule.objects.get().pk
    assert made["Location"] == f"/schedules/{pk}/"
    listed = text(client.get("/schedules/"))
    assert "At 09:00 on Monday through Friday (Europe/Berlin)" in listed
    assert ", 03:00</time>" in listed
    assert text(client.get(f"/schedules/{pk}/")).count(", 03:00</time>") >= 5


def test_the_preview_shows_the_next_runs_or_what_is_wrong(ada: Member, at: At) -> None:
    client = at(ada)
    runs = text(client.get("/schedules/preview/?cron=0+9+*+*+MON-FRI&zone=UTC&at=&until="))
    assert runs.count("<li>") == 5
    assert "At 09:00 on Monday through Friday" in runs
    wrong = client.get("/schedules/preview/?cron=61+9+*+*+*&zone=UTC")
    assert wrong.status_code == 200  # so that the page shows it
    assert "&#x27;61&#x27;, at character 1, is no minute" in text(wrong)
    assert "Did you mean Europe/Berlin" in text(
        client.get("/schedules/preview/?cron=*+*+*+*+*&zone=Brelin")
    )
    assert "Say when" in text(client.get("/schedules/preview/?at=&cron=&zone=UTC"))


def test_a_refused_form_keeps_what_was_typed(ada: Member, at: At) -> None:
    client = at(ada)
    refused = client.post("/schedules/", {**RULE, "cron": "61 9 * * *", "expects_reply": "false"})
    assert refused.status_code == 422
    assert "is no minute" in text(refused)
    assert 'value="61 9 * * *"' in text(refused)
    assert ">Stand-up.</textarea>" in text(refused)
    with_script = client.post("/schedules/", {**RULE, "to": "#nowhere"}, headers=HTMX)
    assert "There is no channel #nowhere." in text(with_script)


def test_a_schedule_is_paused_resumed_changed_and_cancelled(ada: Member, at: At) -> None:
    client = at(ada)
    pk = schedule_message(actor=ada, **RULE).id  # type: ignore[arg-type]
    answer = client.post(f"/schedules/{pk}/", {"state": "paused"}, headers=HTMX)
    assert (answer.status_code, f"member-{ada.pk}" in answer["HX-Trigger"]) == (204, True)
    assert "Resume" in text(client.get("/schedules/", headers=HTMX))
    client.post(f"/schedules/{pk}/", {"state": "active"})
    form = {
        **RULE, "body": "Sit-down.", "at": "", "until": "2030-12-31", "condition": "",
        "max_runs": "3", "expires_minutes": "0", "late": "skip", "priority": "later",
        "expects_reply": ["false", "true"],
    }  # fmt: skip
    assert client.post(f"/schedules/{pk}/", form)["Location"] == f"/schedules/{pk}/"
    now = show_schedule(actor=ada, schedule_id=pk)
    assert (now.body, now.max_runs, now.late, now.priority) == ("Sit-down.", 3, "skip", "later")
    assert now.expects_reply
    again = {**form, "max_runs": "0", "until": "", "expects_reply": "false"}
    client.post(f"/schedules/{pk}/", again)
    now = show_schedule(actor=ada, schedule_id=pk)
    assert (now.max_runs, now.until, now.expects_reply) == (None, None, False)
    assert client.post(f"/schedules/{pk}/cancel/")["Location"] == f"/schedules/{pk}/"
    page = text(client.get(f"/schedules/{pk}/"))
    assert "cancelled by @ada" in page
    assert "Change it" not in page


def test_what_became_of_each_run_is_told(ada: Member, lin: Member, at: At) -> None:
    create_channel(actor=ada, name="attic")
    pk = schedule_message(actor=ada, to="#attic", body="Tick.", cron="* * * * *").id
    now = timezone.now()
    run_due(now + timedelta(minutes=1))
    update_channel(actor=ada, channel="#attic", archived=True)
    run_due(now + timedelta(minutes=2))
    client = at(ada)
    page = text(client.get(f"/schedules/{pk}/"))
    assert "Show the message" in page
    assert "#attic is archived; its history can be read" in page
    assert '<span class="word" title="Sent on a schedule of its author">scheduled' in text(
        client.get("/channels/attic/")
    )
    assert "could not send" in text(client.get("/inbox/"))
    house = text(client.get("/direct/teammcp/"))
    assert "It reads no answers" in house
    assert "<textarea" not in house
    assert "/people/teammcp/" not in house


def test_admins_see_those_of_others_and_cannot_change_what_they_say(
    ada: Member, lin: Member, kay: Member, vault: Channel, at: At
) -> None:
    pk = schedule_message(actor=lin, **RULE).id  # type: ignore[arg-type]
    schedule_message(actor=lin, to="#vault", body="The combination.", cron="0 9 * * *")
    client = at(ada)
    assert "Stand-up." not in text(client.get("/schedules/"))
    listed = text(client.get("/schedules/?all=1"))
    assert "by @lin" in listed
    assert "combination" not in listed
    page = text(client.get(f"/schedules/{pk}/"))
    assert "Cancel for good" in page
    assert "Change it" not in page
    assert at(kay).get(f"/schedules/{pk}/").status_code == 404


def test_the_composer_leads_to_a_form_for_its_place(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    assert "/schedules/?to=%23general#new" in text(client.get("/channels/general/"))
    assert 'value="#general"' in text(client.get("/schedules/?to=%23general"))
