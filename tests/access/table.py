"""Who may see and do what: the one written-down expectation, for every face.

A row is something that one may want to do. The same row is asked over REST, as an MCP tool and on
the dashboard, by everybody in the cast: REST addresses and tools are found by the action, pages are
named. `docs/access.md` is written from it:

    python -m tests.access.table > docs/access.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orgchart.authority import BY_AUTHORITY

ROLES = ("anonymous", "outsider", "observer", "member", "admin", "owner", "retired")
CAST = dict(zip(ROLES, ("", "sam", "olga", "lin", "ada", "owner", "rex"), strict=True))
WORDS = {
    "yes": "yes",
    "400": "refused",
    "401": "not signed in",
    "403": "refused",
    "404": "hidden",
    "409": "not now",
    "422": "refused",
}


@dataclass(frozen=True)
class Row:
    """What is asked, and what each role hears: `yes`, or the status of the refusal."""

    what: str
    action: str
    may: str
    """for outsider, observer, member, admin, owner"""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    pages: tuple[str, ...] = ()
    """dashboard addresses that do the same, such as "POST /channels/vault/" """
    shows: str = ""
    """what the member's answer holds, and nobody else's"""
    twin: Mapping[str, str] = field(default_factory=dict)
    """names to replace so that the row speaks of something absent, beside those of TWINS"""
    without: tuple[str, str] = ("401", "401")
    """what those hear who are anonymous or retired"""

    @property
    def expected(self) -> dict[str, str]:
        anonymous, retired = self.without
        return dict(zip(ROLES, (anonymous, *self.may.split(), retired), strict=True))


TWINS = {"vault": "vaulu", "grue": "gruf"}
"""Hidden names, and absent ones of the same length. Ids have a twin 50 further on."""

EVERYBODY = "yes yes yes yes yes"
NO_OBSERVER = "yes 403 yes yes yes"
ADMINS = "403 403 403 yes yes"
OWNERS = "403 403 403 403 yes"
INSIDE = "404 404 yes 404 404"
INSIDE_WRITE = "404 403 yes 404 404"
INSIDE_OR_ADMIN = "404 404 yes yes yes"
MANAGED = "404 404 yes yes yes"

PEOPLE = (
    Row("find colleagues", "find_people", EVERYBODY, pages=("GET /people/", "GET /complete/?q=@l")),
    Row("see your own entry", "show_member", EVERYBODY, pages=("GET /people/{me}/",)),
    Row("see a colleague", "show_member", EVERYBODY, {"member": "kay"}, ("GET /people/kay/",)),
    Row("see who has retired", "show_member", EVERYBODY, {"member": "rex"}, ("GET /people/rex/",)),
    Row(
        "see the server's own member", "show_member", "404 404 404 404 404", {"member": "teammcp"},
        ("GET /people/teammcp/",), twin={"teammcp": "teammcq"},
    ),
    Row(
        "change your own entry", "update_member", NO_OBSERVER, {"charter": "Builds."},
        ("POST /people/{me}/edit/",),
    ),
    Row(
        "change a colleague's entry", "update_member", ADMINS, {"member": "kay", "title": "Fool"},
        ("POST /people/kay/edit/",),
    ),
    Row("rename a colleague", "update_member", ADMINS, {"member": "kay", "handle": "kate"}),
    Row("give yourself a title", "update_member", ADMINS, {"title": "Chief"}),
    Row("put a colleague under a manager", "set_manager", ADMINS,
        {"member": "kay", "manager": "sam"}, ("POST /people/kay/manager/",)),
    Row("pause a colleague", "pause_member", ADMINS, {"member": "kay", "reason": "It loops."},
        ("POST /people/kay/pause/",)),
    Row("pause an owner", "pause_member", "403 403 403 403 403",
        {"member": "owner", "reason": "A coup."}),
    Row("let a paused colleague go on", "unpause_member", ADMINS, {"member": "moe"},
        ("POST /people/moe/unpause/",)),
    Row("see what a colleague would hand over", "preview_hand_over", ADMINS, {"member": "kay"},
        ("GET /people/kay/retire/",)),
    Row("make a colleague an observer", "update_member", ADMINS,
        {"member": "kay", "authority": "observer"}),
    Row("appoint an admin", "update_member", OWNERS, {"member": "kay", "authority": "admin"}),
    Row("appoint an owner", "update_member", OWNERS, {"member": "kay", "authority": "owner"}),
    Row(
        "make yourself an admin", "update_member", "403 403 403 403 409", {"authority": "admin"},
        ("POST /people/{me}/edit/",),
    ),
    Row("change an owner's entry", "update_member", OWNERS, {"member": "owner", "title": "Boss"}),
    Row("see the departments", "list_departments", EVERYBODY, pages=("GET /departments/",)),
    Row("see the org chart", "show_chart", EVERYBODY, pages=("GET /chart/",)),
    Row("make a department", "create_department", ADMINS, {"name": "Platform"},
        ("POST /departments/",)),
    Row("rename a department", "update_department", ADMINS,
        {"department": "sales", "name": "Service"}, ("POST /departments/sales/edit/",)),
    Row("remove a department", "remove_department", ADMINS, {"department": "sales"},
        ("POST /departments/sales/remove/",)),
    Row("move a colleague out of a department", "move_member", ADMINS, {"member": "kay"},
        ("POST /people/kay/department/",)),
    Row(
        "retire a colleague", "retire_member", ADMINS,
        {"member": "kay", "successor": "owner"}, ("POST /people/kay/retire/",),
    ),
    Row("retire the last owner", "retire_member", "403 403 403 403 409", {"member": "owner"}),
    Row("retire somebody twice", "retire_member", "403 403 403 409 409", {"member": "rex"}),
    Row(
        "register an agent", "register_agent", ADMINS, {"name": "Max"},
        ("POST /register/", "GET /register/"),
    ),
    Row("register an admin", "register_agent", OWNERS, {"name": "Max", "authority": "admin"}),
    Row(
        "register with a join code", "join_company", "403 403 403 400 400",
        {"name": "Max", "join_code": "{join_code}"}, without=("yes", "401"),
    ),
    Row(
        "make a join code", "create_join_code", ADMINS, {"uses": 1}, ("POST /register/join-code/",)
    ),
    Row("see where one gets mail oneself", "show_mail_address", EVERYBODY),
    Row("see where a colleague gets mail", "show_mail_address", ADMINS, {"member": "kay"}),
    Row("say where one gets mail (people only)", "set_mail_address", "409 403 409 yes yes",
        {"address": "me@example.org"}, ("POST /account/mail/",)),
    Row("say where an owner gets mail", "set_mail_address", OWNERS,
        {"member": "owner", "address": "me@example.org"}),
    Row(
        "set a password (people only)", "set_password", ADMINS,
        {"current": "correct horse", "password": "battery staple"}, ("POST /account/",),
    ),
    Row("take one's first steps on the dashboard", "finish_welcome", OWNERS,
        {"name": "Ann", "password": "battery staple"}, ("POST /welcome/",)),
    Row("invite a person", "invite_person", ADMINS, {"name": "Ida"},
        ("POST /invite/", "GET /invite/")),
    Row("invite an admin", "invite_person", OWNERS, {"name": "Ida", "authority": "admin"},
        ("POST /invite/",)),
    Row("make a new link for who was invited", "renew_invitation", ADMINS, {"member": "ben"},
        ("POST /invite/again/",)),
    Row("list the projects", "list_projects", EVERYBODY, pages=("GET /projects/",)),
    Row("see a project", "show_project", INSIDE_OR_ADMIN, {"project": "grue"},
        ("GET /projects/grue/",)),
    Row("begin a project", "create_project", ADMINS, {"name": "Zork"}, ("POST /projects/",)),
    Row("change a project", "update_project", "403 403 403 yes yes",
        {"project": "grue", "purpose": "Hide."}, ("POST /projects/grue/edit/",)),
    Row("let somebody into a project", "add_to_project", "404 403 403 yes yes",
        {"project": "grue", "members": ["sam"]}, ("POST /projects/grue/members/",)),
    Row("take somebody out of a project", "remove_from_project", "404 403 403 yes yes",
        {"project": "grue", "member": "lin"}, ("POST /projects/grue/members/remove/",)),
    Row("make a new link for who has come already", "renew_invitation", "403 403 403 403 409",
        {"member": "ada"}),
)  # fmt: skip

CREDENTIALS = (
    Row("list your own", "list_credentials", EVERYBODY, pages=("GET /people/{me}/contact/",)),
    Row(
        "list the member's", "list_credentials", "404 404 yes yes yes", {"member": "lin"},
        ("GET /people/lin/contact/",), twin={"lin": "lix"},
    ),
    Row(
        "issue one for yourself", "issue_credential", NO_OBSERVER, {},
        ("POST /people/{me}/credentials/",),
    ),
    Row(
        "issue one for a colleague", "issue_credential", "404 403 404 yes yes", {"member": "kay"},
        ("POST /people/kay/credentials/",), twin={"kay": "kax"},
    ),
    Row(
        "issue one for an owner", "issue_credential", "404 403 404 403 yes", {"member": "owner"},
        twin={"owner": "ownes"},
    ),
    Row("rotate your own", "rotate_credential", NO_OBSERVER, {"credential_id": "{own_credential}"}),
    Row(
        "rotate the member's", "rotate_credential", "404 403 yes yes yes",
        {"credential_id": "{credential}"},
    ),
    Row(
        "rotate an owner's", "rotate_credential", "404 403 404 403 yes",
        {"credential_id": "{owner_credential}"},
    ),
    Row(
        "revoke your own", "revoke_credential", NO_OBSERVER, {"credential_id": "{own_credential}"},
        ("POST /people/{me}/credentials/revoke/",),
    ),
    Row(
        "revoke the member's", "revoke_credential", "404 403 yes yes yes",
        {"credential_id": "{credential}"},
    ),
    Row(
        "revoke an owner's", "revoke_credential", "404 403 404 403 yes",
        {"credential_id": "{owner_credential}"},
    ),
)  # fmt: skip

CHANNELS = (
    Row(
        "list the channels", "list_channels", EVERYBODY, {}, ("GET /channels/", "GET /places/"),
        shows="vault",
    ),
    Row(
        "find a private channel by name", "list_channels", EVERYBODY, {"query": "vau"},
        ("GET /channels/?q=vau", "GET /complete/?q=%23vau"), shows="vault",
    ),
    Row("see the bridges between projects", "list_bridges", EVERYBODY, {"ended": True}),
    Row("open a channel of a project to another", "open_bridge", ADMINS,
        {"channel": "#grue", "project": "gemini", "until": "{soon}", "reason": "A test."},
        ("POST /projects/bridges/",)),
    Row("put a channel behind a wall", "move_channel", ADMINS,
        {"channel": "#plans", "project": "grue"}, ("POST /projects/grue/channels/",)),
    Row("close a bridge", "close_bridge", ADMINS, {"bridge_id": "{bridge}"},
        ("POST /projects/bridges/{bridge}/close/",)),
    Row("read a channel of a project", "read", INSIDE_OR_ADMIN, {"where": "#grue"},
        ("GET /channels/grue/",)),
    Row("see a public channel", "show_channel", EVERYBODY, {"channel": "#plans"},
        ("GET /channels/plans/about/",)),
    Row(
        "see a private channel", "show_channel", INSIDE, {"channel": "#vault"},
        ("GET /channels/vault/about/",), shows="frobozz",
    ),
    Row("see a private channel by id", "show_channel", INSIDE, {"channel": "channel:{vault_id}"}),
    Row(
        "see a direct conversation of others", "show_channel", INSIDE,
        {"channel": "channel:{direct_id}"},
    ),
    Row("see who is in a public channel", "list_channel_members", EVERYBODY,
        {"channel": "#plans"}),
    Row("see who is in a private channel", "list_channel_members", INSIDE, {"channel": "#vault"}),
    Row(
        "see who is in a direct conversation", "list_channel_members", INSIDE,
        {"channel": "channel:{direct_id}"},
    ),
    Row("open a channel", "create_channel", NO_OBSERVER, {"name": "news"}, ("POST /channels/",)),
    Row(
        "take the name of a private channel", "create_channel", "409 403 409 409 409",
        {"name": "vault"}, ("POST /channels/",),
    ),
    Row(
        "change a public channel (the member's)", "update_channel", "403 403 yes yes yes",
        {"channel": "#plans", "purpose": "What is next"}, ("POST /channels/plans/change/",),
    ),
    Row(
        "change a private channel", "update_channel", INSIDE_WRITE,
        {"channel": "#vault", "purpose": "Open"}, ("POST /channels/vault/change/",),
    ),
    Row(
        "rename a channel to the name of a private one", "update_channel", "403 403 409 409 409",
        {"channel": "#plans", "name": "vault"},
    ),
    Row(
        "archive #general", "update_channel", "403 403 403 409 409",
        {"channel": "#general", "archived": True},
    ),
    Row(
        "change a direct conversation", "update_channel", "404 403 409 404 404",
        {"channel": "channel:{direct_id}", "purpose": "Open"},
    ),
    Row(
        "join a public channel", "join_channel", NO_OBSERVER, {"channel": "#plans"},
        ("POST /channels/plans/join/",),
    ),
    Row(
        "join a private channel", "join_channel", INSIDE_WRITE, {"channel": "#vault"},
        ("POST /channels/vault/join/",),
    ),
    Row("join an archived channel", "join_channel", "409 403 409 409 409", {"channel": "#attic"}),
    Row(
        "join a direct conversation", "join_channel", "404 403 409 404 404",
        {"channel": "channel:{direct_id}"},
    ),
    Row(
        "leave a channel", "leave_channel", NO_OBSERVER, {"channel": "#general"},
        ("POST /channels/general/leave/",),
    ),
    Row(
        "leave a channel that only the member is in", "leave_channel", "409 403 yes 409 409",
        {"channel": "#plans"},
    ),
    Row(
        "leave a private channel", "leave_channel", INSIDE_WRITE, {"channel": "#vault"},
        ("POST /channels/vault/leave/",),
    ),
    Row(
        "invite to a channel that only the member is in", "invite_to_channel",
        "409 403 yes 409 409", {"channel": "#plans", "members": ["kay"]},
        ("POST /channels/plans/invite/",),
    ),
    Row(
        "invite to a private channel", "invite_to_channel", INSIDE_WRITE,
        {"channel": "#vault", "members": ["sam", "ada"]}, ("POST /channels/vault/invite/",),
    ),
    Row(
        "invite to a direct conversation", "invite_to_channel", "404 403 409 404 404",
        {"channel": "channel:{direct_id}", "members": ["sam", "ada"]},
    ),
    Row(
        "remove somebody from a public channel", "remove_from_channel", ADMINS,
        {"channel": "#general", "member": "kay"}, ("POST /channels/general/remove/",),
    ),
    Row(
        "remove somebody from a private channel", "remove_from_channel", INSIDE_WRITE,
        {"channel": "#vault", "member": "kay"}, ("POST /channels/vault/remove/",),
    ),
)  # fmt: skip

MESSAGES = (
    Row("read a channel that one is in", "read", EVERYBODY, {"where": "#general"},
        ("GET /channels/general/",)),
    Row("read a public channel that one is not in", "read", EVERYBODY, {"where": "#plans"},
        ("GET /channels/plans/",)),
    Row("read an archived channel", "read", EVERYBODY, {"where": "#attic"},
        ("GET /channels/attic/",)),
    Row(
        "read a private channel", "read", INSIDE, {"where": "#vault"}, ("GET /channels/vault/",),
        shows="xyzzy",
    ),
    Row("read a private channel by id", "read", INSIDE, {"where": "channel:{vault_id}"},
        shows="xyzzy"),
    Row("read a direct conversation of others", "read", INSIDE, {"where": "channel:{direct_id}"},
        shows="plugh"),
    Row("read one's conversation with a colleague", "read", INSIDE, {"where": "@kay"},
        shows="plugh"),
    Row("read a public thread", "read", EVERYBODY, {"where": "thread:{public}"},
        ("GET /threads/{public}/",)),
    Row("read a private thread", "read", INSIDE, {"where": "thread:{private}"},
        ("GET /threads/{private}/",), shows="xyzzy"),
    Row("read a thread of a direct conversation", "read", INSIDE, {"where": "thread:{direct}"},
        ("GET /threads/{direct}/",), shows="plugh"),
    Row("read around a private message", "read", INSIDE, {"where": "message:{private}"},
        shows="xyzzy"),
    Row("see a public message", "show_message", EVERYBODY, {"message_id": "{public}"},
        ("GET /messages/{public}/", "GET /messages/{public}/replies/")),
    Row("see a private message", "show_message", INSIDE, {"message_id": "{private}"},
        ("GET /messages/{private}/", "GET /messages/{private}/replies/")),
    Row("see a reply in a private thread", "show_message", INSIDE, {"message_id": "{reply}"},
        ("GET /threads/{reply}/",)),
    Row("see a direct message", "show_message", INSIDE, {"message_id": "{direct}"},
        ("GET /messages/{direct}/",)),
    Row("search", "search_messages", EVERYBODY, {"query": "combination"},
        ("GET /search/?q=combination",), shows="xyzzy"),
    Row("search in a private channel", "search_messages", INSIDE,
        {"query": "combination", "where": "#vault"}, shows="xyzzy"),
    Row("write in a channel that one is in", "send_message", NO_OBSERVER,
        {"to": "#general", "body": "Hello."}, ("POST /channels/general/",)),
    Row("write in a public channel that one is not in", "send_message", NO_OBSERVER,
        {"to": "#plans", "body": "Hello."}, ("POST /channels/plans/",)),
    Row("write in a private channel", "send_message", INSIDE_WRITE,
        {"to": "#vault", "body": "Hello."}, ("POST /channels/vault/",)),
    Row("write in an archived channel", "send_message", "409 403 409 409 409",
        {"to": "#attic", "body": "Hello."}, ("POST /channels/attic/",)),
    Row("write to a colleague", "send_message", NO_OBSERVER, {"to": "@kay", "body": "Hello."},
        ("POST /direct/kay/",)),
    Row("write to who has retired", "send_message", NO_OBSERVER,
        {"to": "@rex", "body": "Hello."}),
    Row("answer in a public thread", "send_message", NO_OBSERVER,
        {"to": "thread:{public}", "body": "Hello."}, ("POST /threads/{public}/",)),
    Row("answer in a private thread", "send_message", INSIDE_WRITE,
        {"to": "thread:{private}", "body": "Hello."}, ("POST /threads/{private}/",)),
    Row("answer in a direct conversation of others", "send_message", INSIDE_WRITE,
        {"to": "thread:{direct}", "body": "Hello."}, ("POST /threads/{direct}/",)),
    Row("interrupt with priority `now` (the member is an agent)", "send_message", ADMINS,
        {"to": "#general", "body": "Now!", "priority": "now"}),
    Row("see a public thread in short", "summarise_thread", EVERYBODY, {"thread": "{public}"},
        ("GET /threads/{public}/summary/",)),
    Row("see a private thread in short", "summarise_thread", INSIDE, {"thread": "{private}"},
        ("GET /threads/{private}/summary/",), shows="xyzzy"),
    Row("edit one's own public message", "edit_message", "403 403 yes 403 403",
        {"message_id": "{open}", "body": "To Mars."}, ("POST /messages/{open}/edit/",)),
    Row("edit a public message of others", "edit_message", "403 403 403 403 403",
        {"message_id": "{public}", "body": "Good night."}),
    Row("edit one's own private message", "edit_message", INSIDE_WRITE,
        {"message_id": "{reply}", "body": "I keep xyzzy well."}, ("POST /messages/{reply}/edit/",)),
    Row("edit a private message of others", "edit_message", "404 403 403 404 404",
        {"message_id": "{private}", "body": "It is open."}),
    Row("react to a public message", "add_reaction", NO_OBSERVER,
        {"message_id": "{public}", "emoji": "👍"}, ("POST /messages/{public}/react/",)),
    Row("react to a private message", "add_reaction", INSIDE_WRITE,
        {"message_id": "{private}", "emoji": "👍"}, ("POST /messages/{private}/react/",)),
    Row("react to a direct message", "add_reaction", INSIDE_WRITE,
        {"message_id": "{direct}", "emoji": "👍"}),
    Row("take a reaction to a public message back", "remove_reaction", NO_OBSERVER,
        {"message_id": "{public}", "emoji": "👍"}, ("POST /messages/{public}/unreact/",)),
    Row("take a reaction to a private message back", "remove_reaction", INSIDE_WRITE,
        {"message_id": "{private}", "emoji": "👍"}, ("POST /messages/{private}/unreact/",)),
    Row("pin a public message", "pin_message", NO_OBSERVER, {"message_id": "{public}"},
        ("POST /messages/{public}/pin/",)),
    Row("pin a message of a channel that only the member is in", "pin_message",
        "409 403 yes 409 409", {"message_id": "{open}"}, ("POST /messages/{open}/pin/",)),
    Row("pin a private message", "pin_message", INSIDE_WRITE, {"message_id": "{private}"},
        ("POST /messages/{private}/pin/",)),
    Row("pin a direct message", "pin_message", INSIDE_WRITE, {"message_id": "{direct}"}),
    Row("unpin a public message that a colleague pinned", "unpin_message", ADMINS,
        {"message_id": "{notice}"}, ("POST /messages/{notice}/unpin/",)),
    Row("unpin a private message", "unpin_message", INSIDE_WRITE, {"message_id": "{reply}"},
        ("POST /messages/{reply}/unpin/",)),
    Row("see the pins of a public channel", "list_pins", EVERYBODY, {"channel": "#general"},
        ("GET /channels/general/pins/",)),
    Row("see the pins of a private channel", "list_pins", INSIDE, {"channel": "#vault"},
        ("GET /channels/vault/pins/",), shows="xyzzy"),
    Row("see the pins of a direct conversation of others", "list_pins", INSIDE,
        {"channel": "channel:{direct_id}"}),
    Row("see the pins of one's conversation with a colleague", "list_pins", INSIDE,
        {"channel": "@kay"}, ("GET /direct/kay/pins/",)),
    Row("delete one's own public message (others need a reason)", "delete_message",
        "403 403 yes 400 400", {"message_id": "{open}"}),
    Row("delete a public message of others", "delete_message", ADMINS,
        {"message_id": "{notice}", "reason": "Off topic."}, ("POST /messages/{notice}/delete/",)),
    Row("erase a public message of others", "delete_message", ADMINS,
        {"message_id": "{notice}", "reason": "A secret.", "erase": True},
        ("POST /messages/{notice}/delete/",)),
    Row("delete one's own private message", "delete_message", INSIDE_WRITE,
        {"message_id": "{reply}"}, ("POST /messages/{reply}/delete/",)),
    Row("erase a private message of others", "delete_message", "404 403 403 404 404",
        {"message_id": "{private}", "reason": "A secret.", "erase": True}),
    Row("see the texts of a public message", "list_versions", EVERYBODY,
        {"message_id": "{public}"}, ("GET /messages/{public}/versions/",
        "GET /messages/{public}/menu/", "GET /messages/{public}/row/",
        "GET /messages/{public}/edit/")),
    Row("see the texts of a private message", "list_versions", INSIDE,
        {"message_id": "{private}"}, ("GET /messages/{private}/versions/",), shows="xyzzy"),
    Row("see whom a message reached that is for oneself", "list_deliveries", EVERYBODY,
        {"message_id": "{public}"}, ("GET /messages/{public}/deliveries/",)),
    Row("see whom a public message of others reached", "list_deliveries", ADMINS,
        {"message_id": "{notice}"}, ("GET /messages/{notice}/deliveries/",)),
    Row("see whom a private message reached", "list_deliveries", INSIDE,
        {"message_id": "{private}"}, ("GET /messages/{private}/deliveries/",)),
    Row("see whom a direct message reached", "list_deliveries", INSIDE,
        {"message_id": "{direct}"}),
)  # fmt: skip

READING = (
    Row("count what waits", "count_inbox", EVERYBODY),
    Row("see what is asked and open", "list_questions", EVERYBODY),
    Row("release a parked thread that one is not in", "release_conversation",
        INSIDE_WRITE.replace("yes", "403"), {"where": "thread:{private}"}),
    Row("release a public thread that is not parked", "release_conversation",
        "403 403 403 409 409", {"where": "thread:{public}"}),
    Row("see one's dead letters", "list_dead_letters", EVERYBODY, {}, ("GET /dead-letters/",),
        shows="never acknowledged"),
    Row("put the member's dead letter back", "redeliver", INSIDE_WRITE, {"delivery": "{dead}"},
        ("POST /dead-letters/redeliver/",)),
    Row("see how one is woken", "list_wake_routes", EVERYBODY, {}, ("GET /people/{me}/waking/",)),
    Row("see how the member is woken", "list_wake_routes", "404 404 yes yes yes",
        {"member": "lin"}, ("GET /people/lin/waking/",)),
    Row("choose how one is woken", "set_wake_route", NO_OBSERVER,
        {"route": "stream", "position": 3}, ("POST /people/{me}/waking/change/",)),
    Row("choose how the member is woken", "set_wake_route", "404 403 yes yes yes",
        {"route": "stream", "paused": True, "member": "lin"}),
    Row("be woken by a webhook", "set_webhook", NO_OBSERVER, {"url": "https://93.184.215.14/wake"}),
    Row("send the member's wakes elsewhere", "set_webhook", "404 403 yes yes yes",
        {"url": "https://93.184.215.14/wake", "member": "lin"}),
    Row("end a webhook that one does not have", "remove_webhook", "409 403 409 409 409"),
    Row("report a wake", "report_wake", EVERYBODY, {"route": "hook"}),
    Row("check the inbox", "check_inbox", EVERYBODY, {}, ("GET /inbox/",), shows="xyzzy"),
    Row("resume", "resume", EVERYBODY, {}, shows="xyzzy"),
    Row("acknowledge one's own delivery", "ack", EVERYBODY, {"deliveries": ["{own_delivery}"]},
        ("POST /inbox/ack/",)),
    Row("acknowledge the member's delivery", "ack", INSIDE, {"deliveries": ["{delivery}"]},
        ("POST /inbox/ack/",)),
    Row("move one's cursor in a private channel with `ack`", "ack", INSIDE,
        {"read": {"#vault": 1}}),
    Row("move one's read cursor", "mark_read", EVERYBODY, {"channel": "#general", "up_to": 1},
        ("POST /channels/general/read/",)),
    Row("move one's cursor in a private channel", "mark_read", INSIDE,
        {"channel": "#vault", "up_to": 1}, ("POST /channels/vault/read/",)),
    Row("follow a public thread", "follow_thread", EVERYBODY, {"thread": "{public}"},
        ("POST /threads/{public}/follow/",)),
    Row("follow a thread of a channel that only the member is in", "follow_thread",
        "409 409 yes 409 409", {"thread": "{open}"}),
    Row("follow a private thread", "follow_thread", INSIDE, {"thread": "{private}"},
        ("POST /threads/{private}/follow/",)),
    Row("no longer follow a public thread", "unfollow_thread", EVERYBODY, {"thread": "{public}"},
        ("POST /threads/{public}/unfollow/",)),
    Row("no longer follow a private thread", "unfollow_thread", INSIDE, {"thread": "{private}"},
        ("POST /threads/{private}/unfollow/",)),
    Row("save a public message for later", "save_message", EVERYBODY,
        {"message_id": "{public}", "remind_in": "60"},
        ("POST /messages/{public}/save/", "GET /messages/{public}/save/")),
    Row("save a private message for later", "save_message", INSIDE,
        {"message_id": "{private}"}, ("POST /messages/{private}/save/",)),
    Row("see what one saved for later", "list_saved", EVERYBODY, {}, ("GET /saved/",),
        shows="xyzzy"),
    Row("no longer keep a public message", "unsave_message", EVERYBODY,
        {"message_id": "{public}"}, ("POST /messages/{public}/unsave/",)),
    Row("no longer keep a private message", "unsave_message", INSIDE,
        {"message_id": "{private}"}, ("POST /messages/{private}/unsave/",)),
    Row("choose what to hear of a channel", "set_notify", EVERYBODY,
        {"channel": "#general", "notify": "all"}, ("POST /channels/general/notify/",)),
    Row("choose what to hear of a private channel", "set_notify", INSIDE,
        {"channel": "#vault", "notify": "all"}, ("POST /channels/vault/notify/",)),
)  # fmt: skip

RULE = {"to": "#general", "body": "Hello.", "cron": "0 9 * * *"}
SCHEDULES = (
    Row("list one's own schedules", "list_schedules", EVERYBODY, {}, ("GET /schedules/",),
        shows="xyzzy"),
    Row("list the schedules that one may see", "list_schedules", EVERYBODY,
        {"whose": "all", "state": "all"}, ("GET /schedules/?all=1",), shows="xyzzy"),
    Row("see when a rule would run", "preview_schedule", EVERYBODY, {"cron": "0 9 * * *"},
        ("GET /schedules/preview/?cron=0+9+*+*+*&zone=UTC",)),
    Row("see a schedule that writes in a public channel", "show_schedule", "404 404 yes yes yes",
        {"schedule_id": "{schedule}"}, ("GET /schedules/{schedule}/",)),
    Row("see a schedule that writes in a private channel", "show_schedule", INSIDE,
        {"schedule_id": "{private_schedule}"}, ("GET /schedules/{private_schedule}/",),
        shows="xyzzy"),
    Row("schedule a message", "schedule_message", NO_OBSERVER, RULE, ("POST /schedules/",)),
    Row("schedule a message for a private channel", "schedule_message", INSIDE_WRITE,
        {**RULE, "to": "#vault"}, ("POST /schedules/",)),
    Row("make it depend on a private message", "schedule_message", INSIDE_WRITE,
        {**RULE, "condition": "unless answered {private}"}, ("POST /schedules/",)),
    Row("pause a schedule of the member's", "update_schedule", "404 403 yes yes yes",
        {"schedule_id": "{schedule}", "state": "paused"}, ("POST /schedules/{schedule}/",)),
    Row("change what a schedule of the member's says", "update_schedule", "404 403 yes 403 403",
        {"schedule_id": "{schedule}", "body": "I resign."}, ("POST /schedules/{schedule}/",)),
    Row("pause one that writes in a private channel", "update_schedule", INSIDE_WRITE,
        {"schedule_id": "{private_schedule}", "state": "paused"},
        ("POST /schedules/{private_schedule}/",)),
    Row("cancel a schedule of the member's", "cancel_schedule", "404 403 yes yes yes",
        {"schedule_id": "{schedule}"}, ("POST /schedules/{schedule}/cancel/",)),
    Row("cancel one that writes in a private channel", "cancel_schedule", INSIDE_WRITE,
        {"schedule_id": "{private_schedule}"}, ("POST /schedules/{private_schedule}/cancel/",)),
)  # fmt: skip

FILES = (
    Row("upload a file", "upload_file", NO_OBSERVER, {"name": "a.txt", "text": "Hello."}),
    Row("upload a file into a public channel", "upload_file", NO_OBSERVER,
        {"name": "a.txt", "text": "Hello.", "to": "#general"}),
    Row("upload a file into a private channel", "upload_file", INSIDE_WRITE,
        {"name": "a.txt", "text": "Hello.", "to": "#vault"}),
    Row("upload a file into a folder of a private channel", "upload_file", INSIDE_WRITE,
        {"name": "a.txt", "text": "Hello.", "to": "#vault/plugh"}),
    Row("see a file of a public channel", "show_file", EVERYBODY, {"file_id": "{public_file}"},
        ("GET /files/{public_file}/",)),
    Row("see a file of a private channel", "show_file", INSIDE, {"file_id": "{private_file}"},
        ("GET /files/{private_file}/", "GET /files/{private_file}/?shown")),
    Row("see a file of a direct conversation", "show_file", INSIDE, {"file_id": "{direct_file}"},
        ("GET /files/{direct_file}/",)),
    Row("see a file that is not posted yet", "show_file", INSIDE, {"file_id": "{own_file}"},
        ("GET /files/{own_file}/",)),
    Row("read a file of a public channel", "read_file", EVERYBODY, {"file_id": "{public_file}"}),
    Row("read a file of a private channel", "read_file", INSIDE, {"file_id": "{private_file}"},
        shows="xyzzy"),
    Row("download a file of a public channel", "download_file", EVERYBODY,
        {"file_id": "{public_file}"}),
    Row("download a file of a private channel", "download_file", INSIDE,
        {"file_id": "{private_file}"}),
    Row("list one's own files", "list_files", EVERYBODY, {}),
    Row("list the files of a public channel", "list_files", EVERYBODY, {"where": "#general"},
        ("GET /channels/general/files/",)),
    Row("list the files of a private channel", "list_files", INSIDE, {"where": "#vault"},
        ("GET /channels/vault/files/",), shows="plugh"),
    Row("list a folder of a private channel", "list_files", INSIDE, {"where": "#vault/plugh"},
        ("GET /channels/vault/files/?folder=plugh",)),
    Row("list the files of one's conversation", "list_files", INSIDE, {"where": "@kay"},
        ("GET /direct/kay/files/",), shows="plugh"),
    Row("move a file of one's conversation", "move_file", INSIDE_WRITE,
        {"path": "@kay/plugh.txt", "to": "@kay/plan.txt"}, ("POST /direct/kay/files/move/",)),
    Row("delete a folder of one's conversation that is not there", "delete_folder",
        "404 403 404 404 404", {"path": "@kay/old"}, ("POST /direct/kay/files/folder/delete/",)),
    Row("list the files of a private thread", "list_files", INSIDE, {"where": "thread:{private}"}),
    Row("search files by name", "search_files", EVERYBODY, {"query": "xyz"}, shows="xyzzy"),
    Row("search files in a private channel", "search_files", INSIDE,
        {"query": "xyz", "where": "#vault"}, shows="xyzzy"),
    Row("see how much one has stored", "show_file_usage", EVERYBODY, {}),
    Row("post a file of a private channel elsewhere", "send_message", INSIDE_WRITE,
        {"to": "#general", "body": "Look.", "files": ["{private_file}"]}),
    Row("make a folder in a public channel", "create_folder", NO_OBSERVER,
        {"path": "#general/new"}),
    Row("make a folder in a private channel", "create_folder", INSIDE_WRITE,
        {"path": "#vault/new"}),
    Row("make a folder in a channel of one's conversation", "create_folder", INSIDE_WRITE,
        {"path": "@kay/new"}, ("POST /direct/kay/files/folder/",)),
    Row("make a folder on the page of a public channel", "create_folder", NO_OBSERVER,
        {"path": "#general/new"}, ("POST /channels/general/files/folder/",)),
    Row("move a file of a public channel", "move_file", NO_OBSERVER,
        {"path": "#general/weather.txt", "to": "#general/rain.txt"},
        ("POST /channels/general/files/move/",)),
    Row("move a file of a private channel", "move_file", INSIDE_WRITE,
        {"path": "#vault/xyzzy.txt", "to": "#vault/plugh"}, ("POST /channels/vault/files/move/",)),
    Row("delete a folder of a private channel", "delete_folder", INSIDE_WRITE,
        {"path": "#vault/plugh"}, ("POST /channels/vault/files/folder/delete/",)),
    Row("delete a colleague's file", "delete_file", "403 403 403 yes yes",
        {"file_id": "{public_file}"}, ("POST /files/{public_file}/delete/",)),
    Row("delete a file of a private channel", "delete_file", INSIDE_WRITE,
        {"file_id": "{private_file}"}),
)  # fmt: skip

TASKS = (
    Row("list the tasks", "list_tasks", EVERYBODY, {},
        pages=("GET /tasks/?view=list",), shows="xyzzy"),
    Row("find a private task by a word", "list_tasks", EVERYBODY, {"text": "xyzzy"},
        pages=("GET /tasks/?view=list&text=xyzzy", "GET /tasks/?text=xyzzy",
               "GET /search/?q=xyzzy"), shows="Change xyzzy"),
    Row("list the tasks of a private channel", "list_tasks", INSIDE, {"home": "#vault"},
        shows="xyzzy"),
    Row("list the parts of a private task", "list_tasks", INSIDE, {"parent": "T-{private_task}"}),
    Row("see the board", "show_board", EVERYBODY, {},
        pages=("GET /tasks/",), shows="xyzzy"),
    Row("see the tasks of a month", "list_dated_tasks", EVERYBODY,
        {"since": "2030-01-01T00:00:00Z", "until": "2030-02-01T00:00:00Z"},
        pages=("GET /tasks/?view=calendar&month=2030-01",)),
    Row("see the tasks of a month in a private channel", "list_dated_tasks", INSIDE,
        {"since": "2030-01-01T00:00:00Z", "until": "2030-02-01T00:00:00Z", "home": "#vault"}),
    Row("see what one holds and owes", "show_work", EVERYBODY, {}, shows="xyzzy"),
    Row("see a task of the company", "show_task", EVERYBODY, {"task": "T-{task}"},
        pages=("GET /tasks/{task}/", "GET /tasks/{task}/move/", "GET /tasks/{task}/edit/")),
    Row("see a task of a private channel", "show_task", INSIDE, {"task": "T-{private_task}"},
        pages=("GET /tasks/{private_task}/", "GET /tasks/{private_task}/move/",
               "GET /tasks/{private_task}/edit/"), shows="xyzzy"),
    Row("see what happened to a task of the company", "list_task_history", EVERYBODY,
        {"task": "T-{task}"},
        pages=("GET /tasks/{task}/history/",)),
    Row("see what happened to a private task", "list_task_history", INSIDE,
        {"task": "T-{private_task}"},
        pages=("GET /tasks/{private_task}/history/",)),
    Row("create a task for the company", "create_task", NO_OBSERVER, {"title": "Land."},
        pages=("POST /tasks/", "GET /tasks/new/")),
    Row("create a task in a private channel", "create_task", INSIDE_WRITE,
        {"title": "Land.", "home": "#vault"},
        pages=("POST /tasks/",)),
    Row("create a task that needs a private one", "create_task", INSIDE_WRITE,
        {"title": "Land.", "needs": ["T-{private_task}"]},
        pages=("POST /tasks/",)),
    Row("create a part of a private task", "create_task", INSIDE_WRITE,
        {"title": "Land.", "parent": "T-{private_task}"}),
    Row("make a task of a public message", "create_task", NO_OBSERVER,
        {"from_message": "{public}"},
        pages=("POST /tasks/", "GET /tasks/new/?from_message={public}")),
    Row("make a task of a private message", "create_task", INSIDE_WRITE,
        {"from_message": "{private}"},
        pages=("POST /tasks/",)),
    Row("claim what fits best", "claim_task", NO_OBSERVER, {}),
    Row("claim a free task", "claim_task", NO_OBSERVER, {"task": "T-{task}"},
        pages=("POST /tasks/{task}/claim/",)),
    Row("claim the task that the member holds", "claim_task", "409 403 yes 409 409",
        {"task": "T-{held_task}"},
        pages=("POST /tasks/{held_task}/claim/",)),
    Row("claim a private task", "claim_task", INSIDE_WRITE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/claim/",)),
    Row("say how a task of the member's goes on", "update_task", "409 403 yes 409 409",
        {"task": "T-{held_task}", "progress": 50}),
    Row("say how a private task goes on", "update_task", INSIDE_WRITE,
        {"task": "T-{private_task}", "note": "xyzzy is changed."}),
    Row("report progress of the member's task", "report_progress", "409 403 yes 409 409",
        {"task": "T-{held_task}", "progress": 50},
        pages=("POST /tasks/{held_task}/progress/",)),
    Row("report progress of a private task", "report_progress", INSIDE_WRITE,
        {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/progress/",)),
    Row("release the member's task", "release_task", "403 403 yes yes yes",
        {"task": "T-{held_task}"},
        pages=("POST /tasks/{held_task}/release/",)),
    Row("release a private task", "release_task", INSIDE_WRITE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/release/",)),
    Row("block the member's task", "block_task", "403 403 yes yes yes",
        {"task": "T-{held_task}", "on": "kay", "what": "Open the gate."},
        pages=("POST /tasks/{held_task}/block/",)),
    Row("block a private task", "block_task", INSIDE_WRITE,
        {"task": "T-{private_task}", "on": "kay", "what": "Open the gate."},
        pages=("POST /tasks/{private_task}/block/",)),
    Row("clear a block that waits for the member", "unblock_task", "403 403 yes yes yes",
        {"task": "T-{blocked_task}"},
        pages=("POST /tasks/{blocked_task}/unblock/",)),
    Row("clear the block of a private task", "unblock_task", INSIDE_WRITE,
        {"task": "T-{private_blocked}"},
        pages=("POST /tasks/{private_blocked}/unblock/",)),
    Row("submit the member's task", "submit_task", "409 403 yes 409 409",
        {"task": "T-{held_task}"},
        pages=("POST /tasks/{held_task}/submit/",)),
    Row("submit a private task", "submit_task", INSIDE_WRITE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/submit/",)),
    Row("approve what the member reviews", "approve_task", "403 403 yes yes yes",
        {"task": "T-{reviewed_task}"},
        pages=("POST /tasks/{reviewed_task}/approve/",)),
    Row("approve a private task", "approve_task", INSIDE_WRITE, {"task": "T-{private_reviewed}"},
        pages=("POST /tasks/{private_reviewed}/approve/",)),
    Row("request changes to what the member reviews", "request_changes", "403 403 yes yes yes",
        {"task": "T-{reviewed_task}", "note": "Not yet."},
        pages=("POST /tasks/{reviewed_task}/request-changes/",)),
    Row("request changes to a private task", "request_changes", INSIDE_WRITE,
        {"task": "T-{private_reviewed}", "note": "Not yet."},
        pages=("POST /tasks/{private_reviewed}/request-changes/",)),
    Row("complete the member's task", "complete_task", "409 403 yes 409 409",
        {"task": "T-{held_task}"},
        pages=("POST /tasks/{held_task}/complete/",)),
    Row("complete a private task", "complete_task", INSIDE_WRITE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/complete/",)),
    Row("cancel a task that the member created", "cancel_task", "403 403 yes yes yes",
        {"task": "T-{task}"},
        pages=("POST /tasks/{task}/cancel/",)),
    Row("cancel a private task", "cancel_task", INSIDE_WRITE, {"task": "T-{private_blocked}"},
        pages=("POST /tasks/{private_blocked}/cancel/",)),
    Row("reopen a task that the member created", "reopen_task", "403 403 yes yes yes",
        {"task": "T-{done_task}"},
        pages=("POST /tasks/{done_task}/reopen/",)),
    Row("reopen a private task", "reopen_task", INSIDE_WRITE, {"task": "T-{private_done}"},
        pages=("POST /tasks/{private_done}/reopen/",)),
    Row("assign a task that the member created", "assign_task", "403 403 yes yes yes",
        {"task": "T-{task}", "to": "kay"},
        pages=("POST /tasks/{task}/assign/",)),
    Row("assign a private task", "assign_task", INSIDE_WRITE,
        {"task": "T-{private_blocked}", "to": "kay"},
        pages=("POST /tasks/{private_blocked}/assign/",)),
    Row("change a task that the member created", "edit_task", "403 403 yes yes yes",
        {"task": "T-{task}", "title": "To Mars."},
        pages=("POST /tasks/{task}/edit/",)),
    Row("change a private task", "edit_task", INSIDE_WRITE,
        {"task": "T-{private_blocked}", "title": "Change it."},
        pages=("POST /tasks/{private_blocked}/edit/",)),
    Row("let a task of the member's wait for another one", "add_dependency", "403 403 yes yes yes",
        {"task": "T-{task}", "needs": "T-{held_task}"},
        pages=("POST /tasks/{task}/needs/",)),
    Row("let a private task wait", "add_dependency", INSIDE_WRITE,
        {"task": "T-{private_blocked}", "needs": "T-{task}"},
        pages=("POST /tasks/{private_blocked}/needs/",)),
    Row("let a private task wait no longer", "remove_dependency", INSIDE_WRITE,
        {"task": "T-{private_blocked}", "needs": "T-{private_reviewed}"},
        pages=("POST /tasks/{private_blocked}/needs/remove/",)),
    Row("make a task of the member's a part of none", "set_parent", "403 403 yes yes yes",
        {"task": "T-{task}"},
        pages=("POST /tasks/{task}/parent/",)),
    Row("make a private task a part of none", "set_parent", INSIDE_WRITE,
        {"task": "T-{private_blocked}"},
        pages=("POST /tasks/{private_blocked}/parent/",)),
    Row("follow a task of the company", "follow_task", EVERYBODY, {"task": "T-{task}"},
        pages=("POST /tasks/{task}/follow/",)),
    Row("follow a private task", "follow_task", INSIDE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/follow/",)),
    Row("no longer follow a task", "unfollow_task", EVERYBODY, {"task": "T-{task}"},
        pages=("POST /tasks/{task}/unfollow/",)),
    Row("no longer follow a private task", "unfollow_task", INSIDE, {"task": "T-{private_task}"},
        pages=("POST /tasks/{private_task}/unfollow/",)),
    Row("read what is said about a task of the company", "read", EVERYBODY,
        {"where": "#t-{held_task}"},
        pages=("GET /tasks/{held_task}/said/?after=0",)),
    Row("read what is said about a private task", "read", INSIDE, {"where": "#t-{private_task}"},
        pages=("GET /tasks/{private_task}/said/?after=0",), shows="xyzzy"),
    Row("say something about a task of the company", "send_message", NO_OBSERVER,
        {"to": "#t-{task}", "body": "Hello."},
        pages=("POST /tasks/{task}/say/",)),
    Row("say something about a private task", "send_message", INSIDE_WRITE,
        {"to": "#t-{private_task}", "body": "Hello."},
        pages=("POST /tasks/{private_task}/say/",)),
    Row("join the discussion of a private task", "join_channel", INSIDE_WRITE,
        {"channel": "#t-{private_task}"}),
    Row("rename the discussion of a private task", "update_channel",
        INSIDE_WRITE.replace("yes", "409"), {"channel": "#t-{private_task}", "name": "open"}),
)  # fmt: skip

LEASES = (
    Row("see who holds what", "list_leases", EVERYBODY, {}, shows="xyzzy"),
    Row("ask who has a file", "list_leases", EVERYBODY, {"name": "moon/map"}),
    Row("ask who has what a private lease is on", "list_leases", EVERYBODY, {"name": "safe:left"},
        shows="xyzzy"),
    Row("see the member's lease", "show_lease", EVERYBODY, {"lease": "L-{lease}"}),
    Row("see a lease of a private channel", "show_lease", INSIDE, {"lease": "L-{private_lease}"},
        shows="xyzzy"),
    Row("take a lease", "take_lease", NO_OBSERVER, {"names": ["docs/**"]}),
    Row("take a lease in a private channel", "take_lease", INSIDE_WRITE,
        {"names": ["docs/**"], "home": "#vault"}),
    Row("take a lease for a private task", "take_lease", "404 403 yes 404 404",
        {"names": ["docs/**"], "task": "T-{private_task}"}),
    Row("take what the member has", "take_lease", "409 403 409 409 409",
        {"names": ["moon/map/x"]}),
    Row("wait for what the member has", "take_lease", "yes 403 409 yes yes",
        {"names": ["moon/map/x"], "wait": True}),
    Row("extend the member's lease", "extend_lease", "403 403 yes 403 403",
        {"lease": "L-{lease}"}),
    Row("extend a private lease", "extend_lease", INSIDE_WRITE, {"lease": "L-{private_lease}"}),
    Row("release the member's lease", "release_lease", "403 403 yes 403 403",
        {"lease": "L-{lease}"}),
    Row("release a private lease", "release_lease", INSIDE_WRITE, {"lease": "L-{private_lease}"}),
    Row("break the member's lease", "break_lease", "403 403 409 yes yes",
        {"lease": "L-{lease}", "reason": "A hotfix."}),
    Row("break a private lease", "break_lease", "404 403 409 404 404",
        {"lease": "L-{private_lease}", "reason": "A hotfix."}),
    Row("check files against leases", "check_files", EVERYBODY, {"paths": ["moon/map/x"]}),
)  # fmt: skip

LATER = "2100-01-01T09:00+00:00"
TIME = (
    Row("see when the company works", "show_working_calendar", EVERYBODY),
    Row("set when the company works", "set_working_calendar", ADMINS, {"zone": "Europe/Berlin"}),
    Row("set one's own time zone", "set_working_calendar", NO_OBSERVER,
        {"member": "me", "zone": "Europe/Berlin"}),
    Row("set a colleague's working hours", "set_working_calendar", ADMINS,
        {"member": "kay", "hours": ["MON-FRI 09:00-17:00"]}),
    Row("promise something", "promise", NO_OBSERVER, {"text": "I will call.", "due_at": LATER}),
    Row("promise something about a private task", "promise", INSIDE_WRITE,
        {"text": "I will call.", "due_at": LATER, "task": "T-{private_task}"}),
    Row("promise something about a private message", "promise", INSIDE_WRITE,
        {"text": "I will call.", "due_at": LATER, "message_id": "{private}"}),
    Row("list one's own promises", "list_promises", EVERYBODY, {}, shows="Count the stars."),
    Row("see a promise of the member's", "show_promise", MANAGED, {"promise_id": "{promise}"}),
    Row("keep a promise of the member's", "keep_promise", "404 403 yes 403 403",
        {"promise_id": "{promise}"}),
    Row("keep a promise that was made to the member", "keep_promise", "404 403 403 403 403",
        {"promise_id": "{promised}"}),
    Row("say that a promise to the member was not kept", "break_promise", "404 403 yes yes yes",
        {"promise_id": "{promised}", "note": "Nothing came."}),
    Row("release a promise of the member's", "release_promise", "404 403 yes yes yes",
        {"promise_id": "{promise}"}),
    Row("release a promise that was made to the member", "release_promise", "404 403 403 yes yes",
        {"promise_id": "{promised}"}),
    Row("list recurring work", "list_blueprints", EVERYBODY, {}, shows="Move xyzzy."),
    Row("see recurring work of the company", "show_blueprint", EVERYBODY,
        {"blueprint_id": "{blueprint}"}),
    Row("see recurring work of a private channel", "show_blueprint", INSIDE,
        {"blueprint_id": "{private_blueprint}"}, shows="xyzzy"),
    Row("make recurring work", "create_blueprint", NO_OBSERVER,
        {"title": "Sweep.", "cron": "0 9 * * *"}),
    Row("make recurring work in a private channel", "create_blueprint", INSIDE_WRITE,
        {"title": "Sweep.", "home": "#vault"}),
    Row("pause the member's recurring work", "update_blueprint", "403 403 yes yes yes",
        {"blueprint_id": "{blueprint}", "state": "paused"}),
    Row("change what the member's recurring work makes", "update_blueprint", "403 403 yes 403 403",
        {"blueprint_id": "{blueprint}", "title": "Land."}),
    Row("pause recurring work of a private channel", "update_blueprint", INSIDE_WRITE,
        {"blueprint_id": "{private_blueprint}", "state": "paused"}),
    Row("make a task of recurring work now", "run_blueprint", NO_OBSERVER,
        {"blueprint_id": "{blueprint}"}),
    Row("make a task of recurring work of a private channel", "run_blueprint", INSIDE_WRITE,
        {"blueprint_id": "{private_blueprint}"}),
    Row("end the member's recurring work", "end_blueprint", "403 403 yes yes yes",
        {"blueprint_id": "{blueprint}"}),
    Row("end recurring work of a private channel", "end_blueprint", INSIDE_WRITE,
        {"blueprint_id": "{private_blueprint}"}),
    Row("make a webhook for the member's recurring work", "make_blueprint_hook",
        "403 403 yes 403 403", {"blueprint_id": "{blueprint}"}),
    Row("make a webhook for recurring work of a private channel", "make_blueprint_hook",
        INSIDE_WRITE, {"blueprint_id": "{private_blueprint}"}),
    Row("end the webhook of the member's recurring work", "remove_blueprint_hook",
        "403 403 yes yes yes", {"blueprint_id": "{blueprint}"}),
    Row("end a webhook of a private channel that is not there", "remove_blueprint_hook",
        INSIDE_WRITE.replace("yes", "409"), {"blueprint_id": "{private_blueprint}"}),
    Row("make a task by a webhook's address", "take_hook", EVERYBODY, {"token": "{hook}"},
        without=("yes", "yes")),
)  # fmt: skip

GOALS = (
    Row("list the goals", "list_goals", EVERYBODY, {}, shows="xyzzy"),
    Row("list what stands under a private goal", "list_goals", INSIDE,
        {"parent": "G-{private_goal}"}),
    Row("ask for the goal of a private task", "list_goals", INSIDE, {"task": "T-{private_task}"},
        shows="xyzzy"),
    Row("see a goal of the company", "show_goal", EVERYBODY, {"goal": "G-{goal}"}, shows="xyzzy"),
    Row("see a goal of a private channel", "show_goal", INSIDE, {"goal": "G-{private_goal}"},
        shows="xyzzy"),
    Row("list what counts for a goal", "list_goal_tasks", EVERYBODY, {"goal": "G-{goal}"},
        shows="xyzzy"),
    Row("list what counts for a private goal", "list_goal_tasks", INSIDE,
        {"goal": "G-{private_goal}"}, shows="xyzzy"),
    Row("see what endangers a goal", "list_goal_risks", EVERYBODY, {"goal": "G-{goal}"},
        shows="xyzzy"),
    Row("see what endangers a private goal", "list_goal_risks", INSIDE,
        {"goal": "G-{private_goal}"}),
    Row("set a goal", "create_goal", NO_OBSERVER, {"title": "Land."}),
    Row("set a goal in a private channel", "create_goal", INSIDE_WRITE,
        {"title": "Land.", "home": "#vault"}),
    Row("set a goal under the member's", "create_goal", "403 403 yes yes yes",
        {"title": "Land.", "parent": "G-{goal}"}),
    Row("set a goal under a private one", "create_goal", INSIDE_WRITE,
        {"title": "Land.", "parent": "G-{private_goal}"}),
    Row("change the member's goal", "edit_goal", "403 403 yes yes yes",
        {"goal": "G-{goal}", "title": "To Mars."}),
    Row("change a private goal", "edit_goal", INSIDE_WRITE,
        {"goal": "G-{private_goal}", "title": "Change it."}),
    Row("close a goal with open tasks", "edit_goal", "403 403 409 409 409",
        {"goal": "G-{goal}", "status": "achieved"}),
    Row("move the member's goal", "move_goal", "403 403 yes yes yes", {"goal": "G-{goal}"}),
    Row("move a private goal", "move_goal", INSIDE_WRITE, {"goal": "G-{private_goal}"}),
    Row("let a task count for the member's goal", "attach_task", "403 403 yes yes yes",
        {"goal": "G-{goal}", "task": "T-{task}", "weight": 2}),
    Row("let a private task count for a goal", "attach_task", INSIDE_WRITE,
        {"goal": "G-{goal}", "task": "T-{private_blocked}", "weight": 2}),
    Row("let a private task count for a private goal", "attach_task", INSIDE_WRITE,
        {"goal": "G-{private_goal}", "task": "T-{private_task}", "weight": 2}),
    Row("let a private task count no longer", "detach_task", INSIDE_WRITE,
        {"goal": "G-{private_goal}", "task": "T-{private_task}"}),
)  # fmt: skip

ASKED = "404 404 yes yes yes"
DECIDES = "404 403 403 yes yes"
MAY_I: dict[str, Any] = {"to": "#plans", "body": "May I?"}
HIRING: dict[str, Any] = {
    "name": "Hiring", "pattern": "register_agent", "stages": [{"approvers": ["@ada", "@owner"]}],
}  # fmt: skip

SHIP: dict[str, Any] = {"question": "Ship?", "asked": ["@ada", "@owner"], "options": ["Yes", "No"]}

APPROVALS = (
    Row(
        "list what waits for approval",
        "list_approvals",
        EVERYBODY,
        pages=("GET /approvals/", "GET /approvals/?show=ended"),
    ),
    Row(
        "see a call that waits",
        "show_request",
        ASKED,
        {"request": "A-{asked}"},
        pages=("GET /approvals/{asked}/",),
    ),
    Row("see how it stands", "wait_for_approval", ASKED, {"request": "A-{asked}"}),
    Row(
        "decide on it",
        "decide",
        DECIDES,
        {"request": "A-{asked}", "verdict": "approve"},
        pages=("POST /approvals/{asked}/approve/",),
    ),
    Row(
        "decide on what has run",
        "decide",
        "404 403 409 409 409",
        {"request": "A-{broken}", "verdict": "approve"},
    ),
    Row(
        "comment on it",
        "comment_request",
        "404 403 yes yes yes",
        {"request": "A-{asked}", "body": "Why?"},
        pages=("POST /approvals/{asked}/comment/",),
    ),
    Row(
        "decline it",
        "decide",
        DECIDES,
        {"request": "A-{asked}", "verdict": "decline"},
        pages=("POST /approvals/{asked}/decline/",),
    ),
    Row(
        "ask for changes to it",
        "decide",
        DECIDES,
        {"request": "A-{asked}", "verdict": "request_changes", "comment": "Ask Kay."},
        pages=("POST /approvals/{asked}/request-changes/",),
    ),
    Row(
        "ask to use a tool of one's client",
        "ask_permission",
        NO_OBSERVER,
        {"tool_name": "Bash", "input": {"command": "ls"}, "tool_use_id": "t-1", "wait_seconds": 0},
    ),
    Row(
        "take it back",
        "withdraw_request",
        "404 403 yes 403 403",
        {"request": "A-{asked}"},
        pages=("POST /approvals/{asked}/withdraw/",),
    ),
    Row(
        "change what it asks for",
        "revise_request",
        "404 403 yes 403 403",
        {"request": "A-{asked}", "arguments": MAY_I},
    ),
    Row(
        "let it run at once",
        "break_glass",
        OWNERS,
        {"request": "A-{asked}", "reason": "Fire!"},
        pages=("POST /approvals/{asked}/break-glass/",),
    ),
    Row("see what ran at once", "list_broken_glass", EVERYBODY),
    Row(
        "review what ran at once",
        "review_break_glass",
        "404 403 403 yes 403",
        {"request": "A-{broken}", "justified": True, "finding": "It burned."},
        pages=("POST /approvals/{broken}/review/",),
    ),
    Row(
        "put a question to people",
        "ask_question",
        NO_OBSERVER,
        SHIP,
        pages=("POST /approvals/questions/new/",),
    ),
    Row("list the questions to people", "list_asked_questions", EVERYBODY),
    Row(
        "see a question to people",
        "show_question",
        ASKED,
        {"question": "Q-{put}"},
        pages=("GET /approvals/questions/{put}/",),
    ),
    Row("see how a question stands", "wait_for_approval", ASKED, {"request": "Q-{put}"}),
    Row(
        "answer it",
        "answer_question",
        DECIDES,
        {"question": "Q-{put}", "answer": "Yes"},
        pages=("POST /approvals/questions/{put}/answer/",),
    ),
    Row(
        "take a question back",
        "withdraw_question",
        "404 403 yes 403 403",
        {"question": "Q-{put}"},
        pages=("POST /approvals/questions/{put}/withdraw/",),
    ),
    Row("read the policies", "list_policies", EVERYBODY, pages=("GET /approvals/policies/",)),
    Row(
        "read a policy",
        "show_policy",
        EVERYBODY,
        {"policy": "Careful words"},
        pages=("GET /approvals/policies/{policy}/",),
    ),
    Row("make a policy", "create_policy", ADMINS, HIRING),
    Row("change a policy", "update_policy", ADMINS, {"policy": "Careful words", "enabled": False}),
    Row(
        "ask what a call would do",
        "check_action",
        EVERYBODY,
        {"action": "send_message", "arguments": MAY_I},
    ),
    Row(
        "ask what a colleague may do",
        "who_may",
        ADMINS,
        {"member": "kay", "action": "send_message", "arguments": MAY_I},
    ),
    Row(
        "see who stands in for whom",
        "list_stand_ins",
        EVERYBODY,
        pages=("GET /approvals/stand-ins/",),
    ),
    Row(
        "let somebody stand in for you",
        "set_stand_in",
        NO_OBSERVER,
        {"member": "kay", "ends_at": "2100-01-01T00:00:00Z"},
        pages=("POST /approvals/stand-ins/",),
    ),
    Row(
        "end a stand-in",
        "end_stand_in",
        "404 403 yes yes yes",
        {"stand_in_id": "{stand_in}"},
        pages=("POST /approvals/stand-ins/{stand_in}/end/",),
    ),
    Row(
        "list what is approved beforehand",
        "list_standing",
        EVERYBODY,
        pages=("GET /approvals/standing/",),
    ),
    Row(
        "see a standing approval",
        "show_standing",
        ASKED,
        {"standing_id": "{standing}"},
        pages=("GET /approvals/standing/{standing}/",),
    ),
    Row(
        "approve beforehand",
        "grant_standing",
        NO_OBSERVER,
        {
            "policy": "Careful words",
            "requester": "kay",
            "count": 2,
            "until": "2100-01-01T00:00:00Z",
        },
        pages=("POST /approvals/standing/",),
    ),
    Row(
        "end a standing approval",
        "end_standing",
        "404 403 yes yes yes",
        {"standing_id": "{standing}"},
        pages=("POST /approvals/standing/{standing}/end/",),
    ),
)

EVENTS = (
    Row("read the events that concern one", "list_events", EVERYBODY, {"limit": 500},
        shows="vault"),
    Row("read the events of a private channel", "list_events", EVERYBODY,
        {"topic": "channel-{vault_id}"}, shows="channel.created"),
    Row("follow the events", "stream_events", EVERYBODY),
)  # fmt: skip

OPEN = ("yes", "yes")
PAGES = (
    Row("the place that takes uploads, without any", "", "422 403 422 422 422",
        pages=("POST /files/",)),
    Row("the beginning", "", EVERYBODY, pages=("GET /",)),
    Row("who may do what", "", EVERYBODY, pages=("GET /approvals/who/",)),
    Row("the form of a question to people", "", EVERYBODY,
        pages=("GET /approvals/questions/new/",)),
    Row("the form of a new policy", "", ADMINS, pages=("GET /approvals/policies/new/",)),
    Row("a policy without anything in it", "", "403 403 403 422 422",
        pages=("POST /approvals/policies/", "POST /approvals/policies/{policy}/")),
    Row("change what a call asks for, without saying to what", "", "404 403 422 403 403",
        pages=("POST /approvals/{asked}/revise/",)),
    Row("allow the like of a call, without saying how often", "", "422 403 422 422 422",
        pages=("POST /approvals/{asked}/allow-like/",)),
    Row("one's account", "", EVERYBODY, pages=("GET /account/",)),
    Row("what can be done with a private message", "", INSIDE,
        pages=("GET /messages/{private}/menu/", "GET /messages/{private}/edit/",
               "GET /messages/{private}/row/", "GET /messages/{private}/save/",
               "GET /messages/{private}/react/", "GET /messages/{private}/delete/")),
    Row("move the card of a task", "", NO_OBSERVER, {"to": "in_progress"},
        ("POST /tasks/{task}/move/",)),
    Row("move the card of a private task", "", INSIDE_WRITE, {"to": "todo"},
        ("POST /tasks/{private_blocked}/move/",)),
    Row("a conversation with a colleague", "", EVERYBODY, pages=("GET /direct/kay/",),
        shows="plugh"),
    Row("one's place in a conversation with a colleague", "", INSIDE, {"up_to": "1"},
        ("POST /direct/kay/read/",)),
    Row("sign in", "", EVERYBODY, pages=("GET /sign-in/", "GET /sign-in/once_x/"), without=OPEN),
    Row("sign out", "", EVERYBODY, pages=("POST /sign-out/",), without=OPEN),
    Row("the owner's first steps", "", OWNERS,
        pages=("GET /welcome/", "GET /welcome/channel/", "GET /welcome/agent/")),
    Row("the owner's first channel", "", OWNERS, {"name": "ideas"}, ("POST /welcome/channel/",)),
    Row("the owner's first agent", "", OWNERS, {"name": "Max"}, ("POST /welcome/agent/",)),
    Row("the end of the first steps", "", OWNERS, pages=("POST /welcome/end/",)),
)  # fmt: skip

SECTIONS = {
    "People": PEOPLE,
    "Credentials": CREDENTIALS,
    "Channels": CHANNELS,
    "Messages": MESSAGES,
    "One's own inbox": READING,
    "Scheduled messages": SCHEDULES,
    "Files": FILES,
    "Tasks": TASKS,
    "Leases on names": LEASES,
    "Time, promises and recurring work": TIME,
    "Goals": GOALS,
    "Approvals": APPROVALS,
    "Events": EVENTS,
    "Pages": PAGES,
}
TABLE: tuple[Row, ...] = tuple(row for rows in SECTIONS.values() for row in rows)
ADDRESSES = {
    "find colleagues": "people",
    "see your own entry": "me",
    "see a colleague": "member/kay",
    "see who has retired": "member/rex",
    "see the server's own member": "member/teammcp",
    "list the channels": "channels",
    "read a channel that one is in": "channel/general",
    "read a public channel that one is not in": "channel/plans",
    "read an archived channel": "channel/attic",
    "read a private channel": "channel/vault",
    "read one's conversation with a colleague": "channel/@kay",
    "read a public thread": "thread/{public}",
    "read a private thread": "thread/{private}",
    "read a thread of a direct conversation": "thread/{direct}",
    "see a public message": "message/{public}",
    "see a private message": "message/{private}",
    "see a reply in a private thread": "message/{reply}",
    "see a direct message": "message/{direct}",
    "check the inbox": "inbox",
    "list the tasks": "tasks",
    "see what one holds and owes": "work",
    "list one's own promises": "promises",
    "see a task of the company": "task/T-{task}",
    "see a task of a private channel": "task/T-{private_task}",
    "read what is said about a private task": "channel/t-{private_task}",
}
"""Rows that can also be read, and subscribed to, by address over MCP: `teammcp://people`."""


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    """The value with {names} replaced; a text that is one name becomes the id itself."""
    if isinstance(value, Mapping):
        return {filled(key, ids): filled(item, ids) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(filled(item, ids) for item in value)
    if not isinstance(value, str):
        return value
    whole = re.fullmatch(r"\{(\w+)\}", value)
    return ids[whole[1]] if whole else value.format_map(ids)


# The document

INTRODUCTION = """\
<!-- Written by `python -m tests.access.table > docs/access.md`; do not edit. -->
# Who may see and do what

Rights hang on authority and scopes, never on a name or a title. One rule stands behind REST, MCP
(tools, resources, subscriptions), the dashboard, the event stream and the live socket, and the
tests ask every row below on every face (`tests/access`).

## Authority and scopes
"""
OBSERVERS = """
A credential can be issued with fewer scopes than its member has, never with more. A paused member
has no scopes; a retired one cannot sign in, and its tokens are as good as unknown.

**Observers write nothing to the company.** What they may change is a person's own name and password
at the first sign-in, the password later, and their own reading state, under the scope `inbox:read`:
acknowledge what was for them, move their read cursor, choose what they hear of a channel or a
thread, save messages for themselves. Everything else that writes is refused to them, on every face.

## What each may do

*Outsider*: a member who is neither in the private channel nor in the direct conversation that is
asked for. *Member*: an agent who is in both, and who opened the channels. The admin and the owner
are in neither: they see no more of conversations than others do.

*refused*: 403, or 400 where the call does not fit. *hidden*: 404, byte for byte the answer for what
does not exist; the dashboard answers so to what is refused as well, where a page as a whole is for
others. *not now*: 409, the present state does not admit it.

Without a credential, and with that of a retired member, the answer is always 401 (on the dashboard:
the way to the sign-in), but for signing in, for registering with a join code, and for the address
of a webhook, which is itself a secret.
"""
EXCEPTIONS = """
## What a name gives away

One exception to the rule that what is hidden looks like what is absent: names of channels are
unique in the company, so whoever opens or renames a channel to the name of a private one is
refused, and learns that this name cannot be used. Not whether the channel is open or archived, who
is in it, or what it is for; every other call answers as if it did not exist.

The exception is kept on purpose. Were a second channel allowed to have the name, `#vault` would be
one place for some and another for others: a member who was taken out of the private one, or never
was in it, would write in public what was meant for few, and anybody could lay such a trap. A suffix
or another name chosen by the server tells its chooser the same as a refusal. So give a channel
whose very existence is a secret a name that says nothing. Handles are public, for good.

Open to everybody: `/healthz`, the icon, `/api/schema/` and `/api/docs/`, which say nothing about
the company.
"""
AUTHORITIES = ("observer", "member", "admin", "owner")


def document() -> str:
    """docs/access.md."""
    sections = "".join(_section(title, rows) for title, rows in SECTIONS.items())
    return INTRODUCTION + _scopes() + OBSERVERS + sections + EXCEPTIONS


def _scopes() -> str:
    rows = [
        [f"`{scope}`", *("yes" if scope in BY_AUTHORITY[name] else "" for name in AUTHORITIES)]
        for scope in sorted(BY_AUTHORITY["owner"])
    ]
    return _grid(["scope", *AUTHORITIES], rows)


def _section(title: str, rows: tuple[Row, ...]) -> str:
    lines = [[row.what, *(WORDS[word] for word in row.may.split())] for row in rows]
    return f"\n### {title}\n{_grid(['', *ROLES[1:-1]], lines)}"


def _grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
