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


TWINS = {"vault": "vaulu"}
"""Hidden names, and absent ones of the same length. Ids have a twin 50 further on."""

EVERYBODY = "yes yes yes yes yes"
NO_OBSERVER = "yes 403 yes yes yes"
ADMINS = "403 403 403 yes yes"
OWNERS = "403 403 403 403 yes"
INSIDE = "404 404 yes 404 404"
INSIDE_WRITE = "404 403 yes 404 404"

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
        "change your own entry", "update_member", NO_OBSERVER, {"title": "Builder"},
        ("POST /people/{me}/edit/",),
    ),
    Row(
        "change a colleague's entry", "update_member", ADMINS, {"member": "kay", "title": "Fool"},
        ("POST /people/kay/edit/",),
    ),
    Row("rename a colleague", "update_member", ADMINS, {"member": "kay", "handle": "kate"}),
    Row("pause a colleague", "update_member", ADMINS, {"member": "kay", "status": "paused"}),
    Row("make a colleague an observer", "update_member", ADMINS,
        {"member": "kay", "authority": "observer"}),
    Row("appoint an admin", "update_member", OWNERS, {"member": "kay", "authority": "admin"}),
    Row("appoint an owner", "update_member", OWNERS, {"member": "kay", "authority": "owner"}),
    Row(
        "make yourself an admin", "update_member", "403 403 403 403 409", {"authority": "admin"},
        ("POST /people/{me}/edit/",),
    ),
    Row("change an owner's entry", "update_member", OWNERS, {"member": "owner", "title": "Boss"}),
    Row("see the departments", "list_departments", EVERYBODY),
    Row("make a department", "create_department", ADMINS, {"name": "Platform"}),
    Row("move a colleague out of a department", "move_member", ADMINS, {"member": "kay"}),
    Row(
        "retire a colleague", "retire_member", ADMINS, {"member": "kay"},
        ("POST /people/kay/retire/",),
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
    Row(
        "set a password (people only)", "set_password", ADMINS,
        {"current": "correct horse", "password": "battery staple"}, ("POST /account/",),
    ),
    Row(
        "take the owner's first steps", "finish_welcome", OWNERS,
        {"name": "Ann", "password": "battery staple"}, ("POST /welcome/",),
    ),
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
    Row("write to who has retired", "send_message", "409 403 409 409 409",
        {"to": "@rex", "body": "Hello."}),
    Row("answer in a public thread", "send_message", NO_OBSERVER,
        {"to": "thread:{public}", "body": "Hello."}, ("POST /threads/{public}/",)),
    Row("answer in a private thread", "send_message", INSIDE_WRITE,
        {"to": "thread:{private}", "body": "Hello."}, ("POST /threads/{private}/",)),
    Row("answer in a direct conversation of others", "send_message", INSIDE_WRITE,
        {"to": "thread:{direct}", "body": "Hello."}, ("POST /threads/{direct}/",)),
    Row("interrupt with priority `now` (the member is an agent)", "send_message", ADMINS,
        {"to": "#general", "body": "Now!", "priority": "now"}),
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
    Row("choose what to hear of a channel", "set_notify", EVERYBODY,
        {"channel": "#general", "notify": "all"}, ("POST /channels/general/notify/",)),
    Row("choose what to hear of a private channel", "set_notify", INSIDE,
        {"channel": "#vault", "notify": "all"}, ("POST /channels/vault/notify/",)),
)  # fmt: skip

EVENTS = (
    Row("read the events that concern one", "list_events", EVERYBODY, {"limit": 500},
        shows="vault"),
    Row("read the events of a private channel", "list_events", EVERYBODY,
        {"topic": "channel-{vault_id}"}, shows="channel.created"),
    Row("follow the events", "stream_events", EVERYBODY),
)  # fmt: skip

OPEN = ("yes", "yes")
PAGES = (
    Row("the beginning", "", EVERYBODY, pages=("GET /",)),
    Row("one's account", "", EVERYBODY, pages=("GET /account/",)),
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
    "Events": EVENTS,
    "Pages": PAGES,
}
TABLE: tuple[Row, ...] = tuple(row for rows in SECTIONS.values() for row in rows)


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

Rights hang on authority and scopes, never on a name or a title. One rule stands behind REST, MCP,
the dashboard, the event stream and the live socket, and the tests ask every row below on every face
(`tests/access`).

## Authority and scopes
"""
OBSERVERS = """
A credential can be issued with fewer scopes than its member has, never with more. A paused member
has no scopes; a retired one cannot sign in, and its tokens are as good as unknown.

**Observers write nothing to the company.** What they may change is their own reading state, under
the scope `inbox:read`: acknowledge what was for them, move their read cursor, choose what they hear
of a channel that they are in. Everything else that writes is refused to them, on every face.

## What each may do

*Outsider*: a member who is neither in the private channel nor in the direct conversation that is
asked for. *Member*: an agent who is in both, and who opened the channels. The admin and the owner
are in neither: they see no more of conversations than others do.

*refused*: 403, or 400 where the call does not fit. *hidden*: 404, byte for byte the answer for what
does not exist; the dashboard answers so to what is refused as well, where a page as a whole is for
others. *not now*: 409, the present state does not admit it.

Without a credential, and with that of a retired member, the answer is always 401 (on the dashboard:
the way to the sign-in), but for signing in, and for registering with a join code.
"""
EXCEPTIONS = """
## What a name gives away

Names of channels are unique, so whoever opens a channel under the name of a private one is refused,
and learns that this name cannot be used; not what it stands for. Handles are public, for good.

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
