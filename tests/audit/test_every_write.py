"""Each accepted write leaves its event, each refused one leaves nothing: a table over all actions.

An action without a row here fails the first test, so that nobody forgets to record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from approvals import services as approvals
from approvals.models import ApprovalRequest
from approvals.schemas import Condition, Stage
from approvals.services.executing import run_approved
from approvals.services.question_times import step_questions
from approvals.services.stepping import step_requests
from approvals.services.watching import look_again
from audit import kinds
from audit.entries import Entry
from audit.models import Event
from audit.services import make_checkpoint
from mcp_bridge import sessions
from messaging.models import Channel, Delivery, Message, Saved
from messaging.services import (
    add_reaction,
    create_channel,
    create_folder,
    follow_thread,
    move_file,
    open_bridge,
    pin_message,
    save_message,
    schedule_message,
    send_message,
    set_webhook,
    update_channel,
    upload_file,
)
from messaging.services.expiring import drop_expired
from messaging.services.files import Inline
from messaging.services.redelivery import UNFETCHED, bury
from messaging.services.reminding import remind_due
from messaging.services.running import run_due
from orgchart.models import Member
from orgchart.services import (
    add_to_project,
    create_department,
    create_join_code,
    create_project,
    invite_person,
    issue_credential,
    note_sign_in,
    note_sign_out,
    open_company,
    pause_member,
    redeem_sign_in_link,
    retire_member,
    unpause_member,
)
from orgchart.services.access import make_sign_in_link
from tasks import services as tasks
from tasks.services.handing_over import hand_over
from tasks.services.lease_reaping import reap_leases
from tasks.services.promise_reminding import remind_of_promises
from tasks.services.reaping import reap
from tasks.services.recurring import make_due
from tasks.services.reminding import remind_of_tasks
from teammcp.core.actions import registry
from teammcp.core.errors import AppError
from teammcp.core.lane import run_write
from tests.conftest import agent, held_call
from tests.databases import everything_in_the_database
from tests.scenes import scene


@dataclass(frozen=True)
class Office:
    """A company in which something has happened already."""

    owner: Member
    ada: Member
    lin: Member
    kay: Member
    sam: Member
    olga: Member
    system: Member
    bridge: int
    until: str
    credential: int
    join_code: str
    message: int
    delivery: int
    dead: int
    parked: int
    schedule: int
    pinned: int
    file: int
    free: str
    held: str
    reviewed: str
    blocked: str
    done: str
    lease: str
    waiting: str
    promise: int
    kept: int
    blueprint: int
    hook: str
    goal: str
    part: str
    asked: str
    broken: str
    put: str
    standing: int
    stand_in: int


@scene
def office_of_writers(
    owner: Member,
    ada: Member,
    lin: Member,
    kay: Member,
    sam: Member,
    olga: Member,
    system: Member,
    vault: Channel,
) -> Office:
    send_message(actor=lin, to="@kay", body="Hello.")
    add_reaction(actor=kay, message_id=Message.objects.latest("pk").pk, emoji="👀")
    pinned = send_message(actor=lin, to="#vault", body="Keep this.").id
    pin_message(actor=kay, message_id=pinned)
    save_message(actor=kay, message_id=pinned)
    follow_thread(actor=kay, thread=pinned)
    create_channel(actor=lin, name="plans")
    create_department(actor=ada, name="Sales")
    agent(owner, "pia")
    for name in ("Apollo", "Gemini"):
        create_project(actor=ada, name=name, lead="pia")
    until = (timezone.now() + timedelta(days=9)).isoformat()
    bridge = open_bridge(
        actor=ada, channel="#gemini", project="apollo", until=until, reason="A test"
    ).id
    invite_person(actor=ada, name="Ben")
    agent(owner, "moe")
    tasks.take_lease(actor=agent(owner, "gus"), names=["customer:acme"])
    add_to_project(actor=ada, project="apollo", members=["gus"])
    tasks.create_goal(actor=ada, title="Please Acme", owner="gus")
    asked = send_message(actor=lin, to="#general", body="Which one, @ada?", expects_reply=True).id
    Message.objects.filter(pk=asked).update(parked_at=timezone.now(), parked_to=ada)
    pause_member(actor=ada, member="moe", reason="A test.")
    owner.set_password("correct horse")
    owner.save(update_fields=["password"])
    credential = issue_credential(actor=lin, label="phone").credential.id
    code = create_join_code(actor=owner, uses=1).join_code
    delivery = Delivery.objects.get(recipient=kay)
    send_message(actor=lin, to="#vault", body="@kay, are you there?")
    dead = Delivery.objects.latest("pk")
    set_webhook(actor=kay, url="https://93.184.215.14/wake")
    Delivery.objects.filter(pk=dead.pk).update(withdrawn_at=dead.stored_at, dead_at=dead.stored_at)
    parked = send_message(actor=lin, to="#vault", body="Which moon, @kay?", expects_reply=True).id
    Message.objects.filter(pk=parked).update(parked_at=dead.stored_at, parked_to=owner)
    create_folder(actor=lin, path="#plans/old")
    file = upload_file(actor=lin, name="plan.txt", text=Inline(b"A plan."), to="#plans")
    work: dict[str, Any] = task_of_each_state(lin, kay)
    recurring = recurring_and_promised(lin, kay)
    return Office(
        **work,
        **recurring,
        bridge=bridge,
        until=until,
        **asked_and_agreed(owner, ada, lin),
        owner=owner,
        ada=ada,
        lin=lin,
        kay=kay,
        sam=sam,
        olga=olga,
        system=system,
        credential=credential,
        join_code=code or "",
        message=delivery.message_id,
        delivery=delivery.pk,
        dead=dead.pk,
        parked=parked,
        schedule=schedule_message(
            actor=lin, to="#plans", body="What is next?", cron="* * * * *", max_runs=2
        ).id,
        pinned=pinned,
        file=file.id,
    )


def task_of_each_state(lin: Member, kay: Member) -> dict[str, str]:
    """Lin's tasks: free, held by Kay, in Lin's review, blocked on Lin, done."""
    names = ("free", "held", "reviewed", "blocked", "done")
    made = {name: tasks.create_task(actor=lin, title=f"It is {name}.").task.id for name in names}
    for name in ("held", "reviewed", "done"):
        tasks.claim_task(actor=kay, task=made[name])
    tasks.submit_task(actor=kay, task=made["reviewed"])
    tasks.complete_task(actor=kay, task=made["done"])
    tasks.assign_task(actor=lin, task=made["blocked"], to="kay")
    tasks.block_task(actor=kay, task=made["blocked"], on="lin", what="Open the gate.")
    tasks.add_dependency(actor=lin, task=made["blocked"], needs=made["reviewed"])
    tasks.follow_task(actor=kay, task=made["free"])
    made["lease"] = tasks.take_lease(actor=kay, names=["src/**", "deploy:production"]).id
    made["goal"] = tasks.create_goal(actor=lin, title="Be on the moon").id
    made["part"] = tasks.create_goal(actor=lin, title="Take off", parent=made["goal"]).id
    tasks.attach_task(actor=lin, goal=made["part"], task=made["held"])
    made["waiting"] = tasks.take_lease(actor=lin, names=["src/api"], wait=True).id
    return made


def recurring_and_promised(lin: Member, kay: Member) -> dict[str, Any]:
    """Lin's recurring work with a webhook, and two promises of Kay's, of which one is kept."""
    blueprint = tasks.create_blueprint(actor=lin, title="Sweep.", cron="* * * * *").id
    later = timezone.now() + timedelta(hours=1)
    made = [
        tasks.promise(actor=kay, text="I will report.", due_at=later, to="lin").id for _ in "ab"
    ]
    tasks.keep_promise(actor=kay, promise_id=made[1])
    url = tasks.make_blueprint_hook(actor=lin, blueprint_id=blueprint).url or ""
    return {
        "blueprint": blueprint,
        "hook": url.rstrip("/").rpartition("/")[2],
        "promise": made[0],
        "kept": made[1],
    }


def asked_and_agreed(owner: Member, ada: Member, lin: Member) -> dict[str, Any]:
    """A policy over a few words of Lin's: one call waits, for one the glass was broken, and some
    are agreed to beforehand. Lin is stood in for."""
    approvals.create_policy(
        actor=owner, name="Careful words", pattern="send_message",
        arguments=[Condition(field="body", op="matches", value="May I*")],
        stages=[Stage(approvers=["@ada", "@owner"])],
    )  # fmt: skip
    asked, broken = (
        held_call(lin, "send_message", to="#general", body=body) for body in ("May I?", "May I go?")
    )
    approvals.break_glass(actor=owner, request=broken, reason="It burns.")
    later = timezone.now() + timedelta(days=300)
    standing = approvals.grant_standing(
        actor=ada, policy="Careful words", requester="lin", count=3, until=later,
        arguments=[Condition(field="body", value="May I sing?")],
    )  # fmt: skip
    approvals.create_policy(
        actor=owner,
        name="Prompts",
        pattern="use_tool",
        stages=[Stage(approvers=["@ada", "@owner"])],
    )
    approvals.grant_standing(actor=ada, policy="Prompts", requester="lin", count=9, until=later)
    stand_in = approvals.set_stand_in(actor=lin, member="kay", ends_at=later)
    put = approvals.ask_question(actor=lin, **SHIP).id
    return {
        "asked": asked, "broken": broken, "standing": standing.id, "stand_in": stand_in.id,
        "put": put,
    }  # fmt: skip


@pytest.fixture
def office(office_of_writers: Office) -> Office:
    return office_of_writers


LATER = "2100-01-01T09:00+00:00"
Call = Callable[[Office], tuple[Member, Mapping[str, Any]]]

SHIP: dict[str, Any] = {
    "question": "Ship?", "asked": ["@ada", "@owner"], "options": ["Yes", "No"], "default": "No",
}  # fmt: skip
RULE = {"pattern": "register_agent", "stages": [{"approvers": ["@ada", "@owner"]}]}

ACCEPTED: dict[str, Call] = {
    "register_agent": lambda o: (o.owner, {"name": "Max"}),
    "join_company": lambda o: (o.system, {"name": "Max", "join_code": o.join_code}),
    "update_member": lambda o: (o.lin, {"charter": "Builds."}),
    "retire_member": lambda o: (o.owner, {"member": "ada", "successor": "ben"}),
    "set_manager": lambda o: (o.ada, {"member": "kay", "manager": "lin"}),
    "update_department": lambda o: (o.ada, {"department": "sales", "name": "Sales and Service"}),
    "remove_department": lambda o: (o.ada, {"department": "sales"}),
    "pause_member": lambda o: (o.ada, {"member": "kay", "reason": "It loops."}),
    "unpause_member": lambda o: (o.ada, {"member": "moe"}),
    "create_department": lambda o: (o.ada, {"name": "Platform"}),
    "create_project": lambda o: (o.ada, {"name": "Mercury", "lead": "moe"}),
    "update_project": lambda o: (o.ada, {"project": "apollo", "purpose": "To the moon"}),
    "add_to_project": lambda o: (o.ada, {"project": "apollo", "members": ["moe"]}),
    "remove_from_project": lambda o: (o.ada, {"project": "apollo", "member": "gus"}),
    "open_bridge": lambda o: (
        o.ada,
        {"channel": "#apollo", "project": "gemini", "until": o.until, "reason": "Docking"},
    ),
    "move_channel": lambda o: (o.ada, {"channel": "#plans", "project": "apollo"}),
    "close_bridge": lambda o: (o.ada, {"bridge_id": o.bridge}),
    "move_member": lambda o: (o.ada, {"member": "lin", "department": "sales"}),
    "finish_welcome": lambda o: (o.owner, {"name": "Ann", "password": "battery staple"}),
    "set_mail_address": lambda o: (o.ada, {"address": "ada@example.org"}),
    "set_password": lambda o: (
        o.owner,
        {"current": "correct horse", "password": "battery staple"},
    ),
    "invite_person": lambda o: (o.ada, {"name": "Ida"}),
    "renew_invitation": lambda o: (o.ada, {"member": "ben"}),
    "issue_credential": lambda o: (o.lin, {}),
    "rotate_credential": lambda o: (o.lin, {"credential_id": o.credential}),
    "revoke_credential": lambda o: (o.lin, {"credential_id": o.credential}),
    "create_join_code": lambda o: (o.ada, {}),
    "create_channel": lambda o: (o.lin, {"name": "news"}),
    "update_channel": lambda o: (o.lin, {"channel": "#plans", "purpose": "What comes next"}),
    "join_channel": lambda o: (o.kay, {"channel": "#plans"}),
    "leave_channel": lambda o: (o.lin, {"channel": "#plans"}),
    "invite_to_channel": lambda o: (o.lin, {"channel": "#plans", "members": ["kay"]}),
    "remove_from_channel": lambda o: (o.lin, {"channel": "#vault", "member": "kay"}),
    "set_notify": lambda o: (o.lin, {"channel": "#vault", "notify": "mute"}),
    "mark_read": lambda o: (o.kay, {"channel": "@lin", "up_to": 1}),
    "ack": lambda o: (o.kay, {"deliveries": [o.delivery]}),
    "set_wake_route": lambda o: (o.kay, {"route": "stream", "paused": True}),
    "set_webhook": lambda o: (o.lin, {"url": "https://93.184.215.14/wake"}),
    "remove_webhook": lambda o: (o.kay, {}),
    "report_wake": lambda o: (o.kay, {"route": "hook", "up_to": o.delivery}),
    "release_conversation": lambda o: (o.owner, {"where": f"thread:{o.parked}"}),
    "redeliver": lambda o: (o.kay, {"delivery": o.dead}),
    "send_message": lambda o: (o.lin, {"to": "#general", "body": "Hello."}),
    "schedule_message": lambda o: (o.lin, {"to": "#plans", "body": "Hi.", "cron": "0 9 * * *"}),
    "update_schedule": lambda o: (o.lin, {"schedule_id": o.schedule, "state": "paused"}),
    "cancel_schedule": lambda o: (o.ada, {"schedule_id": o.schedule}),
    "edit_message": lambda o: (o.lin, {"message_id": o.message, "body": "Good morning."}),
    "delete_message": lambda o: (o.lin, {"message_id": o.message}),
    "add_reaction": lambda o: (o.kay, {"message_id": o.message, "emoji": "🎉"}),
    "remove_reaction": lambda o: (o.kay, {"message_id": o.message, "emoji": "👀"}),
    "pin_message": lambda o: (o.kay, {"message_id": o.message}),
    "unpin_message": lambda o: (o.kay, {"message_id": o.pinned}),
    "save_message": lambda o: (o.kay, {"message_id": o.message, "remind_in": 5}),
    "unsave_message": lambda o: (o.kay, {"message_id": o.pinned}),
    "follow_thread": lambda o: (o.kay, {"thread": o.message}),
    "unfollow_thread": lambda o: (o.kay, {"thread": o.pinned}),
    "upload_file": lambda o: (o.lin, {"name": "a.txt", "text": "Hello.", "to": "#plans/old"}),
    "delete_file": lambda o: (o.lin, {"file_id": o.file}),
    "create_folder": lambda o: (o.lin, {"path": "#plans/new"}),
    "move_file": lambda o: (o.lin, {"path": "#plans/plan.txt", "to": "#plans/old"}),
    "delete_folder": lambda o: (o.lin, {"path": "#plans/old"}),
    "create_task": lambda o: (o.lin, {"title": "Land."}),
    "edit_task": lambda o: (o.lin, {"task": o.free, "title": "Land on the moon."}),
    "claim_task": lambda o: (o.kay, {"task": o.free}),
    "update_task": lambda o: (o.kay, {"task": o.held, "progress": 50, "note": "Half way."}),
    "report_progress": lambda o: (o.kay, {"task": o.held}),
    "release_task": lambda o: (o.kay, {"task": o.held}),
    "block_task": lambda o: (o.kay, {"task": o.held, "on": "lin", "what": "Open the gate."}),
    "unblock_task": lambda o: (o.lin, {"task": o.blocked}),
    "submit_task": lambda o: (o.kay, {"task": o.held}),
    "approve_task": lambda o: (o.lin, {"task": o.reviewed}),
    "request_changes": lambda o: (o.lin, {"task": o.reviewed, "note": "Not yet."}),
    "complete_task": lambda o: (o.kay, {"task": o.held, "result": "Done."}),
    "cancel_task": lambda o: (o.lin, {"task": o.free}),
    "reopen_task": lambda o: (o.lin, {"task": o.done}),
    "assign_task": lambda o: (o.lin, {"task": o.free, "to": "kay"}),
    "add_dependency": lambda o: (o.lin, {"task": o.free, "needs": o.held}),
    "remove_dependency": lambda o: (o.lin, {"task": o.blocked, "needs": o.reviewed}),
    "set_parent": lambda o: (o.lin, {"task": o.free, "parent": o.held}),
    "follow_task": lambda o: (o.kay, {"task": o.held}),
    "unfollow_task": lambda o: (o.kay, {"task": o.free}),
    "take_lease": lambda o: (o.sam, {"names": ["docs/**"]}),
    "extend_lease": lambda o: (o.kay, {"lease": o.lease}),
    "release_lease": lambda o: (o.kay, {"lease": o.lease}),
    "break_lease": lambda o: (o.ada, {"lease": o.lease, "reason": "A hotfix."}),
    "set_working_calendar": lambda o: (o.ada, {"zone": "Europe/Berlin"}),
    "promise": lambda o: (o.kay, {"text": "I will call.", "due_at": LATER, "to": "lin"}),
    "keep_promise": lambda o: (o.kay, {"promise_id": o.promise}),
    "break_promise": lambda o: (o.lin, {"promise_id": o.promise, "note": "Nothing came."}),
    "release_promise": lambda o: (o.owner, {"promise_id": o.promise}),
    "create_blueprint": lambda o: (o.lin, {"title": "Land again.", "cron": "0 9 * * *"}),
    "update_blueprint": lambda o: (o.lin, {"blueprint_id": o.blueprint, "state": "paused"}),
    "run_blueprint": lambda o: (o.kay, {"blueprint_id": o.blueprint}),
    "end_blueprint": lambda o: (o.ada, {"blueprint_id": o.blueprint}),
    "make_blueprint_hook": lambda o: (o.lin, {"blueprint_id": o.blueprint}),
    "remove_blueprint_hook": lambda o: (o.ada, {"blueprint_id": o.blueprint}),
    "take_hook": lambda o: (o.lin, {"token": o.hook, "delivery": "a-1"}),
    "fire_blueprint": lambda o: (o.lin, {"blueprint_id": o.blueprint, "trigger": "rule"}),
    "create_goal": lambda o: (o.sam, {"title": "Land.", "due_at": "2030-01-01T00:00:00Z"}),
    "edit_goal": lambda o: (o.lin, {"goal": o.goal, "title": "To Mars."}),
    "move_goal": lambda o: (o.lin, {"goal": o.part}),
    "attach_task": lambda o: (o.lin, {"goal": o.part, "task": o.done, "weight": 3}),
    "detach_task": lambda o: (o.lin, {"goal": o.part, "task": o.held}),
    "create_policy": lambda o: (o.owner, {**RULE, "name": "Hiring"}),
    "update_policy": lambda o: (o.ada, {"policy": "careful words", "enabled": False}),
    "decide": lambda o: (o.ada, {"request": o.asked, "verdict": "approve"}),
    "comment_request": lambda o: (o.ada, {"request": o.asked, "body": "Why?"}),
    "withdraw_request": lambda o: (o.lin, {"request": o.asked}),
    "revise_request": lambda o: (
        o.lin,
        {"request": o.asked, "arguments": {"to": "#plans", "body": "May I?"}},
    ),
    "break_glass": lambda o: (o.owner, {"request": o.asked, "reason": "It burns."}),
    "review_break_glass": lambda o: (
        o.ada,
        {"request": o.broken, "justified": True, "finding": "It did burn."},
    ),
    "grant_standing": lambda o: (
        o.ada,
        {"policy": "careful words", "requester": "lin", "count": 1, "until": LATER},
    ),
    "end_standing": lambda o: (o.lin, {"standing_id": o.standing}),
    "set_stand_in": lambda o: (o.ada, {"member": "lin", "ends_at": LATER}),
    "end_stand_in": lambda o: (o.lin, {"stand_in_id": o.stand_in}),
    "check_inbox": lambda o: (o.kay, {}),
    "show_request": lambda o: (o.ada, {"request": o.asked}),
    "ask_question": lambda o: (o.lin, SHIP),
    "answer_question": lambda o: (o.ada, {"question": o.put, "answer": "Yes"}),
    "withdraw_question": lambda o: (o.lin, {"question": o.put}),
    "show_question": lambda o: (o.ada, {"question": o.put}),
    "resume": lambda o: (o.kay, {}),
    "use_tool": lambda o: (o.lin, {"tool_name": "Bash", "input": {"command": "ls"}}),
    "ask_permission": lambda o: (o.lin, {"tool_name": "Bash", "input": {}, "tool_use_id": "t-1"}),
}
"""One accepted call for each action that writes. The reads at the end write down that
something was offered, or shown."""

REFUSED: dict[str, list[Call]] = {
    "register_agent": [
        lambda o: (o.lin, {"name": "Max"}),
        lambda o: (o.owner, {"name": "Lin"}),
        lambda o: (o.ada, {"name": "Max", "authority": "admin"}),
    ],
    "join_company": [
        lambda o: (o.lin, {"name": "Max", "join_code": o.join_code}),
        lambda o: (o.system, {"name": "Max", "join_code": "join_wrong"}),
        lambda o: (o.system, {"name": "Lin", "join_code": o.join_code}),
    ],
    "update_member": [
        lambda o: (o.olga, {"name": "Olga the Great"}),
        lambda o: (o.lin, {"member": "kay", "title": "Fool"}),
        lambda o: (o.lin, {"authority": "admin"}),
        lambda o: (o.owner, {"authority": "admin"}),
        lambda o: (o.lin, {"title": "Boss"}),
    ],
    "update_department": [
        lambda o: (o.lin, {"department": "sales", "name": "Mine"}),
        lambda o: (o.ada, {"department": "sales", "parent": "sales"}),
        lambda o: (o.ada, {"department": "sales", "head": "nobody-here"}),
    ],
    "create_project": [
        lambda o: (o.lin, {"name": "Mine"}),
        lambda o: (o.ada, {"name": "Apollo"}),
        lambda o: (o.ada, {"name": "Mercury", "lead": "nobody-here"}),
    ],
    "update_project": [
        lambda o: (o.lin, {"project": "apollo", "name": "Mine"}),
        lambda o: (o.ada, {"project": "apollo", "lead": "nobody-here"}),
    ],
    "add_to_project": [
        lambda o: (o.lin, {"project": "apollo", "members": ["lin"]}),
        lambda o: (o.ada, {"project": "apollo", "members": ["moe", "nobody-here"]}),
    ],
    "remove_from_project": [
        lambda o: (o.ada, {"project": "apollo", "member": "pia"}),
        lambda o: (o.ada, {"project": "apollo", "member": "kay"}),
    ],
    "open_bridge": [
        lambda o: (
            o.ada,
            {"channel": "#gemini", "project": "apollo", "until": o.until, "reason": "Twice"},
        ),
        lambda o: (
            o.ada,
            {"channel": "#plans", "project": "apollo", "until": o.until, "reason": "Of no project"},
        ),
    ],
    "move_channel": [
        lambda o: (o.lin, {"channel": "#plans", "project": "apollo"}),
        lambda o: (o.ada, {"channel": "#gemini", "project": "apollo"}),
        lambda o: (o.ada, {"channel": "#general", "project": "apollo"}),
    ],
    "close_bridge": [
        lambda o: (o.lin, {"bridge_id": o.bridge}),
        lambda o: (o.ada, {"bridge_id": o.bridge + 50}),
    ],
    "remove_department": [
        lambda o: (o.lin, {"department": "sales"}),
        lambda o: (o.ada, {"department": "nowhere"}),
    ],
    "set_manager": [
        lambda o: (o.lin, {"member": "kay", "manager": "lin"}),
        lambda o: (o.ada, {"member": "kay", "manager": "kay"}),
        lambda o: (o.ada, {"member": "owner", "manager": "ada"}),
    ],
    "pause_member": [
        lambda o: (o.lin, {"member": "kay", "reason": "No."}),
        lambda o: (o.ada, {"member": "owner", "reason": "No."}),
        lambda o: (o.ada, {"member": "kay", "reason": " "}),
        lambda o: (o.ada, {"member": "moe", "reason": "Twice."}),
    ],
    "unpause_member": [
        lambda o: (o.ada, {"member": "kay"}),
        lambda o: (o.lin, {"member": "moe"}),
    ],
    "retire_member": [
        lambda o: (o.lin, {"member": "kay"}),
        lambda o: (o.ada, {"member": "owner"}),
        lambda o: (o.owner, {"member": "owner"}),
    ],
    "finish_welcome": [
        lambda o: (o.ada, {"name": "Ann", "password": "battery staple"}),
        lambda o: (o.owner, {"name": "Ann", "password": "short"}),
    ],
    "set_mail_address": [
        lambda o: (o.lin, {"address": "lin@example.org"}),
        lambda o: (o.ada, {"address": "nowhere"}),
        lambda o: (o.ada, {"address": "x@example.org", "member": "owner"}),
    ],
    "set_password": [
        lambda o: (o.owner, {"current": "wrong", "password": "battery staple"}),
        lambda o: (o.lin, {"current": "", "password": "battery staple"}),
    ],
    "invite_person": [
        lambda o: (o.lin, {"name": "Ida"}),
        lambda o: (o.ada, {"name": "Ida", "authority": "admin"}),
        lambda o: (o.ada, {"name": "Lin"}),
    ],
    "renew_invitation": [
        lambda o: (o.lin, {"member": "ben"}),
        lambda o: (o.owner, {"member": "ada"}),
        lambda o: (o.ada, {"member": "lin"}),
    ],
    "issue_credential": [
        lambda o: (o.olga, {}),
        lambda o: (o.lin, {"member": "kay"}),
        lambda o: (o.lin, {"scopes": ["everything"]}),
    ],
    "rotate_credential": [
        lambda o: (o.kay, {"credential_id": o.credential}),
        lambda o: (o.lin, {"credential_id": 10**9}),
    ],
    "revoke_credential": [
        lambda o: (o.kay, {"credential_id": o.credential}),
        lambda o: (o.olga, {"credential_id": o.credential}),
    ],
    "create_department": [
        lambda o: (o.lin, {"name": "Platform"}),
        lambda o: (o.ada, {"name": "Sales"}),
        lambda o: (o.ada, {"name": "!"}),
    ],
    "move_member": [
        lambda o: (o.lin, {"member": "lin", "department": "sales"}),
        lambda o: (o.ada, {"member": "lin", "department": "nowhere"}),
    ],
    "create_join_code": [lambda o: (o.lin, {}), lambda o: (o.ada, {"uses": 0})],
    "create_channel": [
        lambda o: (o.olga, {"name": "news"}),
        lambda o: (o.sam, {"name": "vault"}),
        lambda o: (o.sam, {"name": "news", "invite": ["nobody"]}),
    ],
    "update_channel": [
        lambda o: (o.kay, {"channel": "#vault", "name": "open"}),
        lambda o: (o.sam, {"channel": "#vault", "name": "open"}),
        lambda o: (o.ada, {"channel": "#general", "archived": True}),
    ],
    "join_channel": [
        lambda o: (o.sam, {"channel": "#vault"}),
        lambda o: (o.olga, {"channel": "#plans"}),
    ],
    "leave_channel": [
        lambda o: (o.sam, {"channel": "#vault"}),
        lambda o: (o.kay, {"channel": "@lin"}),
        lambda o: (o.sam, {"channel": "#plans"}),
    ],
    "invite_to_channel": [
        lambda o: (o.sam, {"channel": "#vault", "members": ["sam"]}),
        lambda o: (o.kay, {"channel": "@lin", "members": ["sam"]}),
        lambda o: (o.lin, {"channel": "#vault", "members": ["sam", "nobody"]}),
    ],
    "remove_from_channel": [
        lambda o: (o.kay, {"channel": "#vault", "member": "lin"}),
        lambda o: (o.lin, {"channel": "@kay", "member": "kay"}),
        lambda o: (o.lin, {"channel": "#vault", "member": "sam"}),
    ],
    "set_notify": [lambda o: (o.sam, {"channel": "#vault", "notify": "all"})],
    "mark_read": [
        lambda o: (o.sam, {"channel": "#vault", "up_to": 0}),
        lambda o: (o.kay, {"channel": "@lin", "up_to": 2}),
        lambda o: (o.sam, {"channel": "#plans", "up_to": 0}),
    ],
    "create_policy": [
        lambda o: (o.lin, {**RULE, "name": "Mine"}),
        lambda o: (o.owner, {**RULE, "name": "Alone", "stages": [{"approvers": ["@owner"]}]}),
        lambda o: (o.owner, {**RULE, "name": "Secret", "pattern": "set_password"}),
    ],
    "update_policy": [
        lambda o: (o.lin, {"policy": "careful words", "enabled": False}),
        lambda o: (o.ada, {"policy": "careful words", "stages": [{"approvers": ["@nobody"]}]}),
    ],
    "decide": [
        lambda o: (o.lin, {"request": o.asked, "verdict": "approve"}),
        lambda o: (o.sam, {"request": o.asked, "verdict": "approve"}),
        lambda o: (o.ada, {"request": o.asked, "verdict": "approve", "round": 2}),
        lambda o: (o.ada, {"request": o.broken, "verdict": "approve"}),
    ],
    "comment_request": [lambda o: (o.sam, {"request": o.asked, "body": "Why?"})],
    "withdraw_request": [
        lambda o: (o.ada, {"request": o.asked}),
        lambda o: (o.sam, {"request": o.asked}),
    ],
    "revise_request": [
        lambda o: (o.ada, {"request": o.asked, "arguments": {"to": "#general", "body": "May I?"}}),
        lambda o: (o.lin, {"request": o.asked, "arguments": {"to": "#nowhere", "body": "May I?"}}),
    ],
    "ask_question": [
        lambda o: (o.olga, SHIP),
        lambda o: (o.lin, {**SHIP, "asked": ["@lin"]}),
        lambda o: (
            o.lin,
            {
                **SHIP,
                "about_action": "send_message",
                "arguments": {"to": "#general", "body": "May I?"},
            },
        ),
    ],
    "answer_question": [
        lambda o: (o.lin, {"question": o.put, "answer": "Yes"}),
        lambda o: (o.sam, {"question": o.put, "answer": "Yes"}),
        lambda o: (o.ada, {"question": o.put, "answer": "Maybe"}),
    ],
    "withdraw_question": [lambda o: (o.ada, {"question": o.put})],
    "show_question": [lambda o: (o.sam, {"question": o.put})],
    "break_glass": [
        lambda o: (o.ada, {"request": o.asked, "reason": "It burns."}),
        lambda o: (o.owner, {"request": o.asked, "reason": " "}),
    ],
    "review_break_glass": [
        lambda o: (o.owner, {"request": o.broken, "justified": True, "finding": "It burned."}),
        lambda o: (o.lin, {"request": o.broken, "justified": True, "finding": "It burned."}),
    ],
    "grant_standing": [
        lambda o: (
            o.ada,
            {
                "policy": "careful words",
                "requester": "lin",
                "count": 1,
                "until": "2020-01-01T00:00:00Z",
            },
        ),
        lambda o: (o.ada, {"policy": "no such", "requester": "lin", "count": 1, "until": LATER}),
    ],
    "end_standing": [lambda o: (o.sam, {"standing_id": o.standing})],
    "set_stand_in": [
        lambda o: (o.lin, {"member": "lin", "ends_at": LATER}),
        lambda o: (o.lin, {"member": "kay", "absent": "ada", "ends_at": LATER}),
        lambda o: (o.lin, {"member": "olga", "ends_at": LATER}),
    ],
    "end_stand_in": [lambda o: (o.sam, {"stand_in_id": o.stand_in})],
    "ack": [
        lambda o: (o.kay, {}),
        lambda o: (o.sam, {"deliveries": [o.delivery]}),
        lambda o: (o.kay, {"deliveries": [o.delivery, 10**9]}),
        lambda o: (o.kay, {"deliveries": [o.delivery], "read": {"#vault": 99}}),
    ],
    "set_wake_route": [
        lambda o: (o.kay, {"route": "telepathy"}),
        lambda o: (o.kay, {"route": "stream", "member": "lin"}),
    ],
    "set_webhook": [
        lambda o: (o.kay, {"url": "http://127.0.0.1/"}),
        lambda o: (o.kay, {"url": "https://93.184.215.14/wake", "member": "lin"}),
    ],
    "remove_webhook": [lambda o: (o.lin, {})],
    "report_wake": [lambda o: (o.kay, {"route": "webhook"})],
    "release_conversation": [
        lambda o: (o.lin, {"where": f"thread:{o.parked}"}),
        lambda o: (o.owner, {"where": "#plans"}),
        lambda o: (o.ada, {"where": "@lin"}),
    ],
    "redeliver": [
        lambda o: (o.olga, {"delivery": o.dead}),
        lambda o: (o.sam, {"delivery": o.dead}),
        lambda o: (o.kay, {"delivery": o.delivery}),
    ],
    "send_message": [
        lambda o: (o.olga, {"to": "#general", "body": "Hello."}),
        lambda o: (o.sam, {"to": "#vault", "body": "Hello."}),
        lambda o: (o.sam, {"to": "#general", "body": " "}),
        lambda o: (o.sam, {"to": "#general", "body": "Now!", "priority": "now"}),
    ],
    "schedule_message": [
        lambda o: (o.olga, {"to": "#general", "body": "Hi.", "cron": "0 9 * * *"}),
        lambda o: (o.sam, {"to": "#vault", "body": "Hi.", "cron": "0 9 * * *"}),
        lambda o: (o.lin, {"to": "#general", "body": "Hi.", "cron": "0 9 30 2 *"}),
        lambda o: (
            o.sam,
            {
                "to": "#general",
                "body": "Hi.",
                "cron": "0 9 * * *",
                "condition": f"unless answered {o.message}",
            },
        ),
    ],
    "update_schedule": [
        lambda o: (o.kay, {"schedule_id": o.schedule, "state": "paused"}),
        lambda o: (o.ada, {"schedule_id": o.schedule, "body": "I resign."}),
        lambda o: (o.lin, {"schedule_id": o.schedule, "to": "#attic"}),
    ],
    "cancel_schedule": [lambda o: (o.kay, {"schedule_id": o.schedule})],
    "edit_message": [
        lambda o: (o.kay, {"message_id": o.message, "body": "Mine."}),
        lambda o: (o.sam, {"message_id": o.message, "body": "Mine."}),
        lambda o: (o.lin, {"message_id": o.message, "body": " "}),
        lambda o: (o.lin, {"message_id": o.message, "body": "Again.", "version": 2}),
    ],
    "delete_message": [
        lambda o: (o.kay, {"message_id": o.message}),
        lambda o: (o.sam, {"message_id": o.message}),
        lambda o: (o.ada, {"message_id": o.message, "reason": "Not visible to admins either."}),
        lambda o: (o.lin, {"message_id": o.message, "reason": "Two\nlines"}),
    ],
    "add_reaction": [
        lambda o: (o.sam, {"message_id": o.message, "emoji": "🎉"}),
        lambda o: (o.olga, {"message_id": o.message, "emoji": "🎉"}),
        lambda o: (o.kay, {"message_id": o.message, "emoji": "fine"}),
        lambda o: (o.kay, {"message_id": o.message, "emoji": "🎉🎉"}),
    ],
    "remove_reaction": [
        lambda o: (o.sam, {"message_id": o.message, "emoji": "👀"}),
        lambda o: (o.kay, {"message_id": o.message, "emoji": "x"}),
    ],
    "pin_message": [
        lambda o: (o.sam, {"message_id": o.message}),
        lambda o: (o.olga, {"message_id": o.message}),
    ],
    "unpin_message": [
        lambda o: (o.sam, {"message_id": o.pinned}),
        lambda o: (o.ada, {"message_id": o.pinned}),
    ],
    "save_message": [
        lambda o: (o.sam, {"message_id": o.message}),
        lambda o: (o.kay, {"message_id": o.message, "remind_at": "2020-01-01T00:00:00Z"}),
        lambda o: (o.kay, {"message_id": o.message, "note": "Two\nlines"}),
    ],
    "unsave_message": [lambda o: (o.sam, {"message_id": o.pinned})],
    "follow_thread": [lambda o: (o.sam, {"thread": o.message})],
    "unfollow_thread": [lambda o: (o.sam, {"thread": o.message})],
    "upload_file": [
        lambda o: (o.olga, {"name": "a.txt", "text": "Hello."}),
        lambda o: (o.sam, {"name": "../a.txt", "text": "Hello."}),
        lambda o: (o.sam, {"name": "a.txt", "text": "Hello.", "to": "#vault"}),
        lambda o: (o.lin, {"name": "a.txt", "text": "Hello.", "to": "#plans/nowhere"}),
        lambda o: (o.lin, {"name": "a.txt", "base64": "?"}),
        lambda o: (o.lin, {"name": "a.txt"}),
    ],
    "delete_file": [
        lambda o: (o.sam, {"file_id": o.file}),
        lambda o: (o.lin, {"file_id": 10**9}),
    ],
    "create_folder": [
        lambda o: (o.lin, {"path": "#plans/old"}),
        lambda o: (o.lin, {"path": "#plans/PLAN.txt"}),
        lambda o: (o.lin, {"path": "#plans/nowhere/new"}),
        lambda o: (o.lin, {"path": "#plans/../new"}),
        lambda o: (o.kay, {"path": "#plans/new"}),
        lambda o: (o.sam, {"path": "#vault/new"}),
    ],
    "move_file": [
        lambda o: (o.lin, {"path": "#plans/nothing.txt", "to": "#plans/old"}),
        lambda o: (o.lin, {"path": "#plans/plan.txt", "to": "#vault"}),
        lambda o: (o.lin, {"path": "#plans/old", "to": "#plans/plan.txt"}),
        lambda o: (o.lin, {"path": "#plans/old", "to": "#plans/old/older"}),
    ],
    "delete_folder": [
        lambda o: (o.lin, {"path": "#plans/nothing"}),
        lambda o: (o.kay, {"path": "#plans/old"}),
    ],
    "create_task": [
        lambda o: (o.olga, {"title": "Land."}),
        lambda o: (o.lin, {}),
        lambda o: (o.lin, {"title": "Land.", "assignee": "nobody"}),
        lambda o: (o.lin, {"title": "Land.", "assignee": "olga"}),
        lambda o: (o.lin, {"title": "Land.", "parent": "T-999"}),
        lambda o: (o.lin, {"title": "Land.", "parent": o.done}),
        lambda o: (o.sam, {"title": "Land.", "home": "#vault"}),
        lambda o: (o.sam, {"from_message": o.message}),
        lambda o: (o.lin, {"from_message": o.message, "home": "#plans"}),
        lambda o: (o.lin, {"title": "Land.", "parent": o.held, "needs": [o.held]}),
        lambda o: (o.lin, {"title": "Land.", "assignee": "kay", "reviewer": "kay"}),
        lambda o: (
            o.lin,
            {
                "title": "Land.",
                "start_after": "2030-01-02T00:00:00Z",
                "due_at": "2030-01-01T00:00:00Z",
            },
        ),
    ],
    "edit_task": [
        lambda o: (o.sam, {"task": o.free, "title": "Mine."}),
        lambda o: (o.lin, {"task": o.free, "title": "Again.", "version": 99}),
        lambda o: (o.kay, {"task": o.held, "points": []}),
        lambda o: (o.lin, {"task": o.free, "home": "#vault", "title": " "}),
    ],
    "claim_task": [
        lambda o: (o.olga, {"task": o.free}),
        lambda o: (o.lin, {"task": o.held}),
        lambda o: (o.lin, {"task": o.reviewed}),
        lambda o: (o.sam, {"read_only": True}),
    ],
    "update_task": [
        lambda o: (o.lin, {"task": o.held, "progress": 50}),
        lambda o: (o.kay, {"task": o.held, "to": "block", "note": "Somebody must act."}),
        lambda o: (o.kay, {"task": o.held, "to": "release", "progress": 3}),
        lambda o: (o.kay, {"task": o.held, "to": "approve"}),
        lambda o: (o.kay, {"task": o.held, "points": [1], "note": "Met."}),
    ],
    "report_progress": [
        lambda o: (o.lin, {"task": o.held}),
        lambda o: (o.kay, {"task": o.held, "token": 99}),
        lambda o: (o.kay, {"task": o.free}),
    ],
    "release_task": [lambda o: (o.sam, {"task": o.held}), lambda o: (o.lin, {"task": o.free})],
    "block_task": [
        lambda o: (o.kay, {"task": o.held, "on": "", "what": "Act."}),
        lambda o: (o.kay, {"task": o.held, "on": "kay", "what": "Act."}),
        lambda o: (o.kay, {"task": o.held, "on": "olga", "what": "Act."}),
        lambda o: (o.kay, {"task": o.held, "on": "lin", "what": " "}),
        lambda o: (o.sam, {"task": o.held, "on": "lin", "what": "Act."}),
    ],
    "unblock_task": [
        lambda o: (o.sam, {"task": o.blocked}),
        lambda o: (o.lin, {"task": o.free}),
    ],
    "submit_task": [
        lambda o: (o.lin, {"task": o.held}),
        lambda o: (o.kay, {"task": o.held, "points": [1]}),
    ],
    "approve_task": [
        lambda o: (o.kay, {"task": o.reviewed}),
        lambda o: (o.sam, {"task": o.reviewed}),
        lambda o: (o.lin, {"task": o.held}),
    ],
    "request_changes": [
        lambda o: (o.kay, {"task": o.reviewed, "note": "Not yet."}),
        lambda o: (o.lin, {"task": o.reviewed, "note": "Not yet.", "points": [3]}),
    ],
    "complete_task": [
        lambda o: (o.lin, {"task": o.held}),
        lambda o: (o.lin, {"task": o.reviewed}),
        lambda o: (o.kay, {"task": o.blocked}),
    ],
    "cancel_task": [
        lambda o: (o.kay, {"task": o.held}),
        lambda o: (o.lin, {"task": o.done}),
    ],
    "reopen_task": [
        lambda o: (o.sam, {"task": o.done}),
        lambda o: (o.lin, {"task": o.free}),
    ],
    "assign_task": [
        lambda o: (o.kay, {"task": o.free, "to": "kay"}),
        lambda o: (o.lin, {"task": o.free, "to": "olga"}),
        lambda o: (o.lin, {"task": o.done, "to": "kay"}),
    ],
    "add_dependency": [
        lambda o: (o.lin, {"task": o.reviewed, "needs": o.blocked}),
        lambda o: (o.lin, {"task": o.free, "needs": o.free}),
        lambda o: (o.lin, {"task": o.done, "needs": o.free}),
        lambda o: (o.sam, {"task": o.free, "needs": o.held}),
    ],
    "remove_dependency": [
        lambda o: (o.lin, {"task": o.free, "needs": o.held}),
        lambda o: (o.sam, {"task": o.blocked, "needs": o.reviewed}),
    ],
    "set_parent": [
        lambda o: (o.lin, {"task": o.blocked, "parent": o.reviewed}),
        lambda o: (o.lin, {"task": o.free, "parent": o.done}),
        lambda o: (o.lin, {"task": o.free, "parent": o.free}),
        lambda o: (o.sam, {"task": o.free, "parent": o.held}),
    ],
    "follow_task": [lambda o: (o.kay, {"task": "T-999"})],
    "unfollow_task": [lambda o: (o.kay, {"task": "x"})],
    "take_lease": [
        lambda o: (o.olga, {"names": ["docs"]}),
        lambda o: (o.sam, {"names": ["docs", "src/x.py"]}),
        lambda o: (o.lin, {"names": ["src/api/x.py"], "wait": True}),
        lambda o: (o.sam, {"names": ["docs/{a,b}"]}),
        lambda o: (o.sam, {"names": ["docs"], "home": "#vault"}),
        lambda o: (o.sam, {"names": ["docs"], "task": o.held}),
    ],
    "extend_lease": [
        lambda o: (o.lin, {"lease": o.lease}),
        lambda o: (o.lin, {"lease": o.waiting}),
        lambda o: (o.kay, {"lease": o.lease, "token": 99}),
        lambda o: (o.kay, {"lease": "L-999"}),
    ],
    "release_lease": [
        lambda o: (o.lin, {"lease": o.lease}),
        lambda o: (o.kay, {"lease": o.lease, "token": 99}),
    ],
    "break_lease": [
        lambda o: (o.lin, {"lease": o.lease, "reason": "Mine."}),
        lambda o: (o.kay, {"lease": o.lease, "reason": "Mine."}),
        lambda o: (o.ada, {"lease": o.lease, "reason": " "}),
    ],
    "set_working_calendar": [
        lambda o: (o.lin, {"zone": "Europe/Berlin"}),
        lambda o: (o.lin, {"member": "kay", "zone": "Europe/Berlin"}),
        lambda o: (o.ada, {"zone": "Europe/Berlin", "hours": ["all day"]}),
    ],
    "promise": [
        lambda o: (o.kay, {"text": "I will call.", "due_at": "2000-01-01T09:00+00:00"}),
        lambda o: (o.kay, {"text": "I will call.", "due_at": LATER, "to": "kay"}),
        lambda o: (o.olga, {"text": "I will call.", "due_at": LATER}),
    ],
    "keep_promise": [
        lambda o: (o.lin, {"promise_id": o.promise}),
        lambda o: (o.sam, {"promise_id": o.promise}),
        lambda o: (o.kay, {"promise_id": o.kept}),
    ],
    "break_promise": [
        lambda o: (o.kay, {"promise_id": o.kept, "note": "No."}),
        lambda o: (o.sam, {"promise_id": o.promise, "note": "No."}),
    ],
    "release_promise": [
        lambda o: (o.lin, {"promise_id": o.promise}),
        lambda o: (o.kay, {"promise_id": o.kept}),
    ],
    "create_blueprint": [
        lambda o: (o.lin, {"title": "Land.", "cron": "61 * * * *"}),
        lambda o: (o.lin, {"title": "Land.", "assignee": "olga"}),
        lambda o: (o.ada, {"title": "Land.", "home": "#vault"}),
    ],
    "update_blueprint": [
        lambda o: (o.ada, {"blueprint_id": o.blueprint, "title": "Mine."}),
        lambda o: (o.kay, {"blueprint_id": o.blueprint, "state": "paused"}),
        lambda o: (o.lin, {"blueprint_id": o.blueprint, "cron": "x"}),
    ],
    "run_blueprint": [
        lambda o: (o.olga, {"blueprint_id": o.blueprint}),
        lambda o: (o.kay, {"blueprint_id": 10**9}),
    ],
    "end_blueprint": [lambda o: (o.kay, {"blueprint_id": o.blueprint})],
    "make_blueprint_hook": [
        lambda o: (o.ada, {"blueprint_id": o.blueprint}),
        lambda o: (o.kay, {"blueprint_id": o.blueprint}),
    ],
    "remove_blueprint_hook": [lambda o: (o.kay, {"blueprint_id": o.blueprint})],
    "fire_blueprint": [
        lambda o: (o.kay, {"blueprint_id": o.blueprint, "trigger": "rule"}),
        lambda o: (o.lin, {"blueprint_id": 99, "trigger": "webhook"}),
    ],
    "take_hook": [
        lambda o: (o.lin, {"token": "hook_wrong"}),
        lambda o: (o.kay, {"token": o.hook}),
    ],
    "create_goal": [
        lambda o: (o.olga, {"title": "Land."}),
        lambda o: (o.lin, {"title": " "}),
        lambda o: (o.sam, {"title": "Land.", "parent": o.goal}),
        lambda o: (o.sam, {"title": "Land.", "home": "#vault"}),
        lambda o: (o.lin, {"title": "Land.", "owner": "olga"}),
    ],
    "edit_goal": [
        lambda o: (o.sam, {"goal": o.goal, "title": "Mine."}),
        lambda o: (o.lin, {"goal": o.goal, "title": "Again.", "version": 99}),
        lambda o: (o.lin, {"goal": o.goal, "status": "achieved"}),
        lambda o: (o.lin, {"goal": o.goal, "no_due": True, "due_at": "2030-01-01T00:00:00Z"}),
    ],
    "move_goal": [
        lambda o: (o.lin, {"goal": o.goal, "parent": o.part}),
        lambda o: (o.lin, {"goal": o.goal, "parent": o.goal}),
        lambda o: (o.sam, {"goal": o.part}),
    ],
    "attach_task": [
        lambda o: (o.sam, {"goal": o.goal, "task": o.free}),
        lambda o: (o.lin, {"goal": o.goal, "task": o.held}),
        lambda o: (o.lin, {"goal": o.goal, "task": o.free, "weight": 0}),
    ],
    "detach_task": [
        lambda o: (o.sam, {"goal": o.part, "task": o.held}),
        lambda o: (o.lin, {"goal": o.goal, "task": o.held}),
    ],
    "check_inbox": [lambda o: (o.kay, {"wait_seconds": 51})],
    "resume": [lambda o: (o.kay, {"since": 10**9})],
    "show_request": [lambda o: (o.sam, {"request": o.asked})],
    "use_tool": [lambda o: (o.lin, {"tool_name": "", "input": {}})],
    "ask_permission": [lambda o: (o.lin, {"tool_name": "Bash", "input": {}, "tool_use_id": ""})],
}


def test_every_action_that_writes_has_its_rows_here() -> None:
    writing = {name for name, action in registry.items() if action.writes}
    reads = {
        "ask_permission",
        "check_inbox",
        "resume",
        "show_question",
        "show_request",
    }  # that write as well
    assert ACCEPTED.keys() == REFUSED.keys() == writing | reads


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_accepted_write_leaves_its_event_in_the_same_transaction(
    office: Office, name: str
) -> None:
    before = Event.objects.latest("seq").seq
    actor, payload = ACCEPTED[name](office)
    with transaction.atomic():
        registry[name].call(actor, payload)
        recorded = list(Event.objects.filter(seq__gt=before))
        actors = {event.actor_id for event in recorded}
        # The house itself lets newcomers into #general; else nobody but the caller acts.
        assert actor.pk in actors <= {actor.pk, office.system.pk}
        transaction.set_rollback(True)
    assert Event.objects.latest("seq").seq == before


CASES = [(name, number) for name, calls in REFUSED.items() for number in range(len(calls))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_refused_write_leaves_nothing_at_all(office: Office, name: str, number: int) -> None:
    actor, payload = REFUSED[name][number](office)
    before = everything_in_the_database()
    with pytest.raises(AppError):
        registry[name].call(actor, payload)
    assert everything_in_the_database() == before


def own_schedule(member: Member) -> int:
    return schedule_message(actor=member, to="#general", body="Hi.", cron="0 9 * * *").id


@pytest.mark.parametrize("name", sorted(registry))
def test_a_read_leaves_nothing_unless_it_is_listed(office: Office, name: str) -> None:
    """What is not listed as a write does not write: tried with the simplest call that works."""
    reads: dict[str, dict[str, Any]] = {
        "find_people": {"query": "lin"},
        "show_member": {},
        "check_action": {"action": "send_message", "arguments": {"to": "#plans", "body": "Hi."}},
        "who_may": {"member": "kay", "action": "create_task", "arguments": {"title": "Land."}},
        "list_approvals": {},
        "wait_for_approval": {"request": office.asked},
        "list_asked_questions": {},
        "list_broken_glass": {},
        "list_policies": {},
        "show_policy": {"policy": "careful words"},
        "list_stand_ins": {},
        "list_standing": {},
        "show_standing": {"standing_id": office.standing},
        "list_credentials": {},
        "show_mail_address": {},
        "list_departments": {},
        "list_projects": {},
        "list_bridges": {"ended": True},
        "show_project": {"project": "apollo"},
        "show_chart": {},
        "preview_hand_over": {"member": "kay"},
        "list_channels": {},
        "list_dead_letters": {},
        "list_questions": {},
        "list_wake_routes": {},
        "count_inbox": {},
        "show_channel": {"channel": "#vault"},
        "list_channel_members": {"channel": "#vault"},
        "read": {"where": "@lin"},
        "show_message": {"message_id": office.message},
        "list_deliveries": {"message_id": office.message},
        "list_versions": {"message_id": office.message},
        "list_pins": {"channel": "@lin"},
        "summarise_thread": {"thread": office.message},
        "list_saved": {},
        "search_messages": {"query": "hello"},
        "list_events": {},
        "list_schedules": {},
        "show_schedule": {"schedule_id": own_schedule(office.kay)},
        "preview_schedule": {"cron": "0 9 * * *"},
        "list_files": {"where": "#plans"},
        "search_files": {"query": "plan"},
        "show_file": {"file_id": office.file},
        "read_file": {"file_id": office.file},
        "download_file": {"file_id": office.file},
        "show_file_usage": {},
        "list_tasks": {"text": "it is"},
        "show_task": {"task": office.held},
        "show_board": {},
        "show_work": {},
        "list_task_history": {"task": office.held},
        "list_leases": {"name": "src/x.py"},
        "show_lease": {"lease": office.lease},
        "check_files": {"paths": ["src/x.py"]},
        "show_working_calendar": {"member": "ada"},
        "list_promises": {"which": "all"},
        "show_promise": {"promise_id": office.promise},
        "list_blueprints": {},
        "show_blueprint": {"blueprint_id": office.blueprint},
        "list_goals": {"task": office.held},
        "list_dated_tasks": {"since": "2030-01-01T00:00Z", "until": "2030-02-01T00:00Z"},
        "show_goal": {"goal": office.part},
        "list_goal_tasks": {"goal": office.part},
        "list_goal_risks": {"goal": office.goal},
    }
    assert (name in reads) != (name in ACCEPTED)
    if name in reads:
        before = everything_in_the_database()
        readers = {
            "show_project": office.owner,
            "show_standing": office.lin,
            "wait_for_approval": office.lin,
        }
        registry[name].call(readers.get(name, office.kay), reads[name])
        assert everything_in_the_database() == before


# Kinds of events

UNUSED = {
    "permission.refused": "tests/mcp_bridge/test_prompts.py",
    "permission.used": "tests/mcp_bridge/test_prompts.py",
    "mail.given_up": "after a day of tries: tests/approvals/test_mail.py",
    "conversation.parked": "after many turns: tests/messaging/test_loops.py",
    "question.answered": "tests/messaging/test_questions.py",
    "question.climbed": "hours later: tests/messaging/test_questions.py",
    "wake.failing": "after three tries without effect: tests/messaging/test_waking.py",
}


def test_every_kind_of_event_happens_and_reads_as_a_sentence(office: Office) -> None:
    """All actions once, and what happens beside actions; no sentence lacks a word."""
    for name, call in ACCEPTED.items():
        with transaction.atomic():
            actor, payload = call(office)
            before = Event.objects.latest("seq").seq
            registry[name].call(Member.objects.get(pk=actor.pk), payload)
            remember(Event.objects.filter(seq__gt=before))
            transaction.set_rollback(True)
    save_message(actor=office.kay, message_id=office.pinned, remind_in=1)
    Saved.objects.update(remind_at=timezone.now())
    remind_due()
    assert bury(timezone.now() + UNFETCHED) > 0
    erased = {"message_id": office.message, "erase": True}
    registry["delete_message"].call(office.lin, erased)
    move_file(actor=office.lin, path="#plans/old", to="#plans/older")
    make_checkpoint(actor=office.system)
    assert redeem_sign_in_link(make_sign_in_link(office.owner, actor=office.system))
    note_sign_in(office.owner)
    note_sign_out(office.owner)
    open_company()
    sessions.subscribe(office.lin, office.credential, "a session", "teammcp://inbox")
    sessions.unsubscribe(office.lin, "a session")
    things_come_due(office)
    work_goes_on(office)
    decisions_are_made(office)
    time_passes(office)
    remember(Event.objects.all())

    assert kinds.registry.keys() - sentences.keys() == UNUSED.keys()
    for kind, sentence in sentences.items():
        assert "?" not in sentence, f"{kind}: a field of the sentence is not in the data"
        assert "{" not in sentence
        assert sentence[-1] not in ".:@", f"{kind}: {sentence}"


def things_come_due(office: Office) -> None:
    """A schedule runs, one is refused, one ends, and a message expires."""
    send_message(actor=office.lin, to="@sam", body="Now?", expires_minutes=1)
    run_due(timezone.now() + timedelta(minutes=2))
    update_channel(actor=office.lin, channel="#plans", archived=True)
    for minutes in range(3, 9):
        run_due(timezone.now() + timedelta(minutes=minutes))
    drop_expired(timezone.now() + timedelta(hours=1))


def decisions_are_made(office: Office) -> None:
    """Everything that can become of a request."""
    ada, lin, now = office.ada, office.lin, timezone.now()
    send_message(actor=lin, to="#general", body="May I sing?")
    approvals.decide(actor=ada, request=office.asked, verdict="request_changes", comment="Where?")
    words = ("May I one", "May I two", "May I three", "May I four", "May I five")
    one, two, *_ = (held_call(lin, "send_message", to="#general", body=w) for w in words)
    approvals.decide(actor=ada, request=one, verdict="decline")
    approvals.show_request(actor=ada, request=two)
    ada.refresh_from_db()
    boss = office.owner
    Member.objects.filter(pk=ada.pk).update(manager=Member.objects.get(handle="ben"))
    step_requests(now + timedelta(hours=5))
    step_requests(now + timedelta(hours=30))
    step_requests(now + timedelta(days=8))
    approvals.ask_question(actor=lin, **{**SHIP, "default": ""})
    for hours in (5, 30):
        step_questions(now + timedelta(hours=hours))
    old = held_call(lin, "send_message", to="#general", body="May I fail?")
    approvals.decide(actor=boss, request=old, verdict="approve")
    new = held_call(lin, "send_message", to="#general", body="May I win?")
    approvals.decide(actor=boss, request=new, verdict="approve")
    ApprovalRequest.objects.filter(pk=int(old[2:])).update(digest="another")
    assert run_approved(now + timedelta(days=9))
    late = held_call(lin, "send_message", to="#general", body="May I be late?")
    approvals.decide(actor=boss, request=late, verdict="approve")
    Member.objects.filter(pk=lin.pk).update(status="paused")
    assert run_approved(now + timedelta(days=9))
    Member.objects.filter(pk=lin.pk).update(status="active")
    approvals.create_policy(
        actor=boss, name="Pins", pattern="pin_message", requesters=["@lin"],
        stages=[Stage(approvers=["@sam"], escalate_minutes=0)],
    )  # fmt: skip
    held_call(lin, "pin_message", message_id=send_message(actor=lin, to="#general", body="Hi.").id)
    pause_member(actor=ada, member="sam", reason="A test.")
    look_again(now)
    unpause_member(actor=ada, member="sam")


def time_passes(office: Office) -> None:
    """Reminders of a task and a promise go out, a blueprint runs, is refused, and hands over."""
    tasks.edit_task(actor=office.lin, task=office.free, due_at=timezone.now())
    day = timezone.now() + timedelta(days=1)
    remind_of_tasks(day)
    remind_of_promises(day)
    make_due(timezone.now() + timedelta(minutes=2))
    pause_member(actor=office.ada, member="lin", reason="A test.")
    for minutes in range(3, 9):
        make_due(timezone.now() + timedelta(minutes=minutes))
    retire_member(actor=office.owner, member="lin", successor="sam")
    tasks.promise(
        actor=office.kay, text="I will call.", due_at=timezone.now() + timedelta(days=9), to="sam"
    )
    retire_member(actor=office.owner, member="kay", successor="ada")


def work_goes_on(office: Office) -> None:
    """Leases run out, move, end with their task and with who leaves; the last prerequisite is
    done, and somebody's work is handed over."""
    tasks.take_lease(actor=office.kay, names=["a"], task=office.held)
    tasks.edit_task(actor=office.lin, task=office.held, home="#plans")
    tasks.release_lease(actor=office.lin, lease=office.waiting)
    tasks.edit_goal(actor=office.lin, goal=office.goal, status="dropped")
    tasks.edit_goal(actor=office.lin, goal=office.goal, status="open")
    tasks.report_progress(actor=office.kay, task=office.held, progress=50)
    retire_member(actor=office.owner, member="gus", successor="lin")
    reap(timezone.now() + timedelta(days=1))
    reap_leases(timezone.now() + timedelta(days=1))
    tasks.approve_task(actor=office.lin, task=office.reviewed)
    assert run_write(lambda: hand_over(actor=office.ada, member=office.kay, to=office.sam)) == 1


sentences: dict[str, str] = {}


def remember(events: Any) -> None:
    for event in events.select_related("actor", "on_behalf_of"):
        sentences[event.kind] = Entry.of(event).public["sentence"]


def test_an_event_of_an_app_that_is_gone_still_reads_as_something() -> None:
    said = kinds.sentence("chess.move", actor="lin", target="board:1", data={})
    assert said == "@lin: chess.move board:1"


def test_two_kinds_cannot_share_a_name() -> None:
    with pytest.raises(RuntimeError, match="a second event kind named message"):
        kinds.kind("message.sent", "Again")


def test_braces_in_data_are_no_syntax(lin: Member) -> None:
    create_channel(actor=lin, name="plans", purpose="{actor.password}")
    for event in Event.objects.select_related("actor", "on_behalf_of"):
        assert "password" not in Entry.of(event).public["sentence"]
