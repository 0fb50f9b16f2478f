"""Setting goals and changing them: who owns them, when they are due, how they end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen
from django.utils import timezone

from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import authority, events, implied, texts
from tasks.access import GoalRef, access_goal
from tasks.goal_schemas import GoalOut
from tasks.goal_tree import DEEPEST, above, below, open_parts
from tasks.models import Goal
from tasks.selectors.goals import goal_out
from tasks.services.creating import check_able, home_for, home_named
from tasks.services.editing import Version
from tasks.services.rolling_up import keep_goal, roll_up
from tasks.services.telling import SHOWN
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import clean_line

Weight = Annotated[int, Ge(1), Le(1000)]
"""How much something counts beside the other parts of its goal."""
Home = Annotated[str, MaxLen(400)]
State = Literal["open", "achieved", "dropped"]
Status = Goal.Status


@action(scope="tasks:write", implies={"move_goal": implied.goal_put_under})
def create_goal(
    *,
    actor: Member,
    title: texts.Title,
    description: texts.Text = "",
    owner: texts.Handle = "",
    parent: Annotated[str, MaxLen(20)] = "",
    weight: Weight = 1,
    due_at: texts.When | None = None,
    home: Home = "",
) -> GoalOut:
    """Set a goal, with a due date a milestone. attach_task lets tasks count for it.

    Who sees `home`, a channel, sees the goal; without it the whole company. `owner` is you, unless
    you name somebody. Under a `parent` it counts with its `weight`.
    """
    place = home_for(actor, home)
    over = _parent(actor, parent) if parent else None
    if over is not None:
        _check_depth(over, 1)
    now = timezone.now()
    goal = Goal(
        title=clean_line("title", title, required=True),
        description=texts.long_text("description", description),
        creator=actor,
        owner=_owner(actor, owner, place) if owner else actor,
        parent=over,
        weight=weight,
        home=place,
        due_at=due_at,
        created_at=now,
        updated_at=now,
    )
    keep_goal(actor, goal, events.GOAL_CREATED)
    if over is not None:
        roll_up([over.pk])
    _tell_owner(actor, goal)
    return goal_out(actor, goal)


@action(scope="tasks:write")
def edit_goal(
    *,
    actor: Member,
    goal: GoalRef,
    version: Version | None = None,
    title: texts.Title | None = None,
    description: texts.Text | None = None,
    owner: texts.Handle | None = None,
    weight: Weight | None = None,
    due_at: texts.When | None = None,
    no_due: bool = False,
    home: Home | None = None,
    status: State | None = None,
) -> GoalOut:
    """Change a goal, or close it: "achieved" once nothing that counts for it is open, "dropped" at
    any time, "open" again. For its owner and creator, their managers, and admins.

    What is left out stays. With the `version` that you saw, a change of somebody else since then is
    refused. `home` "company" shows it to everybody.
    """
    found = access_goal(actor=actor, goal=goal)
    check_goal_editor(actor, found)
    _check_version(found, version)
    changes: dict[str, Any] = {}
    if title is not None:
        changes["title"] = clean_line("title", title, required=True)
    if description is not None:
        changes["description"] = texts.long_text("description", description)
    if home is not None:
        changes["home"] = None if home == "company" else home_named(actor, home)
    place = changes.get("home", found.home)
    if owner is not None:
        changes["owner"] = _owner(actor, owner, place)
    elif "home" in changes and found.owner is not None:
        check_able(found.owner, place, "owner")
    changes |= _plan(found, weight, due_at, status, no_due=no_due)
    changes = {name: value for name, value in changes.items() if getattr(found, name) != value}
    if changes:
        _store(actor, found, changes)
    return goal_out(actor, found)


@action(scope="tasks:write", implies={"edit_goal": implied.weighed})
def move_goal(
    *,
    actor: Member,
    goal: GoalRef,
    parent: Annotated[str, MaxLen(20)] = "",
    weight: Weight | None = None,
) -> GoalOut:
    """Put a goal under another one, or without `parent` under none. Refused under itself."""
    found = access_goal(actor=actor, goal=goal)
    check_goal_editor(actor, found)
    over = _parent(actor, parent) if parent else None
    under = below(found.pk)
    if over is not None and over.pk in under:
        raise Conflict(
            f"{found.name} would stand under itself: {over.name} is it, or stands under it.",
            next=f"Take {over.name} out first: move_goal(goal='{over.name}').",
        )
    if over is not None:
        _check_depth(over, 1 + max(under.values()))
    former = found.parent_id
    changes = {"parent": over, "weight": weight or found.weight}
    if former != (over.pk if over else None) or changes["weight"] != found.weight:
        _move(actor, found, over, changes["weight"])
        roll_up({pk for pk in (former, over.pk if over else None) if pk is not None})
    return goal_out(actor, found)


def _move(actor: Member, goal: Goal, over: Goal | None, weight: Any) -> None:
    """The event names a parent only to those who see it wherever they see the goal."""
    ways = [one for one in (goal.parent, over) if one is not None]
    seen = {None, goal.home_id}
    named = [one.name if one.home_id in seen else "another goal" for one in ways]
    goal.parent = over
    goal.save(update_fields=["parent"])
    keep_goal(actor, goal, events.GOAL_MOVED, {"weight": weight}, among=named)


def check_goal_editor(actor: Member, goal: Goal) -> None:
    """Raises Forbidden unless the actor owns or created the goal, manages who did, or is admin."""
    if actor.has_scope("admin") or actor.pk in {goal.owner_id, goal.creator_id}:
        return
    if authority.manages(actor, goal.owner) or authority.manages(actor, goal.creator):
        return
    raise Forbidden(
        f"Only the owner and the creator of {goal.name}, their managers, and admins can change it.",
        next=f"Ask @{(goal.owner or goal.creator).handle}.",
    )


def _parent(actor: Member, named: str) -> Goal:
    found = access_goal(actor=actor, goal=named)
    check_goal_editor(actor, found)
    if not found.is_open:
        raise Conflict(
            f"{found.name} is {found.status}; nothing more counts for it.",
            next=f"Open it again first: edit_goal(goal='{found.name}', status='open').",
        )
    return found


def _check_depth(over: Goal, levels: int) -> None:
    if 1 + max(above(over.pk).values()) + levels > DEEPEST:
        raise Conflict(
            f"Goals stand at most {DEEPEST} levels deep.", next="Put it under a goal higher up."
        )


def _owner(actor: Member, handle: str, place: Any) -> Member:
    member = actor if handle == "me" else access_member(actor=actor, handle=handle)
    check_able(member, place, "owner")
    return member


def _check_version(goal: Goal, version: int | None) -> None:
    if version is None or version == goal.version:
        return
    raise Conflict(
        f"{goal.name} was changed since version {version}; it is at {goal.version} now. Nothing was"
        " written.",
        next=f"Look at it again, and send your change with version={goal.version}.",
        version=goal.version,
    )


def _plan(
    goal: Goal, weight: int | None, due_at: Any, status: str | None, *, no_due: bool
) -> dict[str, Any]:
    """What concerns its place among the others, its time and its end."""
    changes: dict[str, Any] = {}
    if weight is not None:
        changes["weight"] = weight
    if no_due and due_at is not None:
        raise InvalidInput(
            "no_due takes the date away that due_at would set.",
            fields={"no_due": "not together with due_at"},
            next="Send one of the two.",
        )
    if no_due or due_at is not None:
        changes["due_at"] = due_at
    if status is not None and status != goal.status:
        if status == Status.ACHIEVED:
            _check_all_closed(goal)
        if status == Status.OPEN and goal.parent is not None and not goal.parent.is_open:
            raise Conflict(
                "The goal above it is closed, so nothing under it can be open.",
                next="Open that one first, or move this one: move_goal.",
            )
        changes |= {"status": status, "closed_at": None if status == "open" else timezone.now()}
    return changes


def _check_all_closed(goal: Goal) -> None:
    """Raises Conflict while something that counts for the goal is open. Counts are over all, as the
    progress is."""
    tasks, subgoals = open_parts(goal.pk)
    if tasks or subgoals:
        raise Conflict(
            f"{goal.name} is not achieved: what counts for it is not all closed.",
            next=f"show_goal(goal='{goal.name}') shows what you may see of it; finish, cancel or"
            " detach what is open, or drop the goal.",
            percent=goal.percent,
        )


def _store(actor: Member, goal: Goal, changes: dict[str, Any]) -> None:
    kind, status = events.GOAL_EDITED, changes.get("status")
    if status is not None:
        kind = events.GOAL_REOPENED if status == Status.OPEN else events.GOAL_CLOSED
    keep_goal(actor, goal, kind, changes, status=goal.status if status is None else status)
    if {"status", "weight"} & changes.keys() and goal.parent_id is not None:
        roll_up([goal.parent_id])
    if "owner" in changes:
        _tell_owner(actor, goal)


def _tell_owner(actor: Member, goal: Goal) -> None:
    if goal.owner is not None and goal.owner_id != actor.pk:
        title = goal.title if len(goal.title) <= SHOWN else f"{goal.title[:SHOWN]}…"
        tell(
            goal.owner,
            f"@{actor.handle} made you the owner of the goal {goal.name} “{title}”."
            f" list_goal_risks(goal='{goal.name}') shows what endangers it.",
        )
