"""Errors teach, of work: tasks, leases, goals, promises and what recurs. As `test_next.py`.

Where an error writes out a call, exactly that call is made: `goes_on`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from tests.access.conftest import Faces
from tests.contracts.test_next import Case, Json, Model, named

TASK, CALL = r"T-\d+", re.compile(r"(\w+)\(((?:[^()']|'[^']*')*)\)")
LATER = "2100-01-01T00:00:00Z"


async def goes_on(model: Model, problem: Json, **left_open: Json) -> Json:
    """Make the call that the error writes out, with what it leaves open as `...`."""
    found = CALL.search(problem["next"])
    assert found is not None, problem
    call = ast.parse(found[0], mode="eval").body
    assert isinstance(call, ast.Call)
    arguments: dict[str, Any] = {}
    for one in call.keywords:
        value = ast.literal_eval(one.value)
        arguments[one.arg or ""] = left_open.pop(one.arg or "") if value is ... else value
    return await model.works(found[1], **{**arguments, **left_open})


async def made(model: Model, title: str, **fields: Json) -> str:
    """The name of a new task, which the whole company sees."""
    created = await model.works("create_task", title=title, **{"home": "company", **fields})
    return str(created["task"]["id"])


async def begun(model: Model, title: str, **fields: Json) -> str:
    name = await made(model, title, **fields)
    await model.works("claim_task", task=name)
    return name


# Tasks


async def a_task_that_is_not_there(model: Model) -> None:
    problem = await model.fails("show_task", task="T-999999")
    listed = await model.works(named(problem, "list_tasks"))
    await model.works("show_task", task=listed["items"][0]["id"])


async def a_task_that_somebody_holds(model: Model) -> None:
    held = f"T-{model.faces.office.things['held_task']}"
    problem = await model.fails("claim_task", task=held)
    assert problem["state"]["holder"] == "@lin"
    await model.works("claim_task", task=named(problem, TASK))


async def a_task_that_is_somebody_s(model: Model) -> None:
    name = await made(model, "Feed the cat", assignee="@kay")
    problem = await model.fails("claim_task", task=name)
    await model.works(named(problem, "claim_task"))


async def a_move_that_is_not_possible_from_here(model: Model) -> None:
    name = await made(model, "Call the plumber")
    problem = await model.fails("update_task", task=name, to="approve")
    assert problem["state"]["legal"][0] == named(problem, "claim")
    await model.works("claim_task", task=name)


async def work_without_a_claim(model: Model) -> None:
    problem = await model.fails("update_task", task=await made(model, "Cook"), progress=50)
    assert named(problem, r"\bclaim\b") in problem["state"]["legal"]


async def an_end_without_the_review(model: Model) -> None:
    name = await begun(model, "Write the contract", reviewer="@kay")
    problem = await model.fails("update_task", task=name, to="done", result="Written.")
    moved = await goes_on(model, problem, result="Written.")
    assert moved["status"] == "in_review"


async def an_end_with_open_points(model: Model) -> None:
    name = await begun(model, "Lay the pipes", points=["They hold.", "They are cold."])
    problem = await model.fails("update_task", task=name, to="done", points=[1])
    points = ast.literal_eval(named(problem, r"(?<=\bpoints=)\[[\d, ]+\]"))
    assert (await model.works("update_task", task=name, to="done", points=points))["moves"]


async def an_approval_with_open_points(model: Model) -> None:
    name = f"T-{model.faces.office.things['reviewed_task']}"
    await model.works("edit_task", task=name, points=["It shines."])
    problem = await model.fails("update_task", task=name, to="approve")
    moved = await goes_on(model, problem, note="It does not shine.")
    assert moved["status"] == "todo"


async def a_point_that_there_is_not(model: Model) -> None:
    name = await begun(model, "Lay the cables", points=["They hold."])
    problem = await model.fails("update_task", task=name, points=[2])
    await goes_on(model, problem)
    highest = int(named(problem, r"(?<=to )\d+"))
    await model.works("update_task", task=name, points=[highest])


async def a_start_before_what_it_needs(model: Model) -> None:
    first = await begun(model, "Boil water")
    name = await made(model, "Make tea", needs=[first])
    problem = await model.fails("claim_task", task=name)
    await model.works("update_task", task=named(problem, TASK), to="done")
    await model.works("claim_task", task=name)


async def an_end_before_its_parts(model: Model) -> None:
    whole = await begun(model, "Bake a cake")
    await made(model, "Beat the eggs", parent=whole)
    problem = await model.fails("update_task", task=whole, to="done")
    await model.works("update_task", task=named(problem, TASK), to="cancel")
    await model.works("update_task", task=whole, to="done")


async def a_circle_of_tasks(model: Model) -> None:
    egg = await made(model, "Lay the egg")
    hen = await made(model, "Hatch the hen", needs=[egg])
    problem = await model.fails("add_dependency", task=egg, needs=hen)
    await model.works(named(problem, "remove_dependency"), task=hen, needs=egg)
    await model.works("add_dependency", task=egg, needs=hen)


async def a_block_that_names_nobody(model: Model) -> None:
    name = await begun(model, "Cross the river")
    problem = await model.fails("update_task", task=name, to="block", note="Bring a boat.")
    on = named(problem, r"(?<=on=')@\w+")
    await model.works("update_task", task=name, to="block", on=on, note="Bring a boat.")


async def an_argument_that_the_move_does_not_take(model: Model) -> None:
    name = await begun(model, "Count the sheep")
    problem = await model.fails("update_task", task=name, to="release", progress=50)
    assert "note" in problem["next"].partition(": ")[2].rstrip(".").split(", ")
    await model.works("update_task", task=name, to="release", note="Half of them.")


async def a_change_of_an_old_version(model: Model) -> None:
    name = await made(model, "Draw a map")
    await model.works("edit_task", task=name, title="Draw a chart")
    problem = await model.fails("edit_task", task=name, version=1, title="Draw a plan")
    version = int(named(problem, r"(?<=version=)\d+"))
    await model.works("edit_task", task=name, version=version, title="Draw a plan")


async def an_end_before_the_beginning(model: Model) -> None:
    times = {"start_after": "2099-06-01T00:00:00Z", "due_at": "2099-05-01T00:00:00Z"}
    problem = await model.fails("create_task", title="Sow", **times)
    start = named(problem, r"(?<=after )\S+(?=;)")
    assert start.startswith("2099-06-01")
    await made(model, "Sow", **{**times, "due_at": LATER})


async def a_damaged_cursor_of_tasks(model: Model) -> None:
    problem = await model.fails("list_tasks", after="yesterday")
    assert "none for the first tasks" in problem["next"]
    page = await model.works("list_tasks", limit=1)
    await model.works("list_tasks", limit=1, after=page["cursor"])


async def a_reopening_that_comes_too_late(model: Model) -> None:
    first = await begun(model, "Cut the cloth")
    after = await made(model, "Sew the coat", needs=[first])
    await model.works("update_task", task=first, to="done")
    await model.works("claim_task", task=after)
    problem = await model.fails("update_task", task=first, to="reopen")
    assert named(problem, "Create a new task")
    await made(model, "Cut more cloth")


# Leases


async def a_lease_that_is_not_there(model: Model) -> None:
    problem = await model.fails("show_lease", lease="L-999999")
    listed = await model.works(named(problem, "list_leases"))
    await model.works("show_lease", lease=listed["items"][0]["id"])


async def a_lease_on_what_somebody_has(model: Model) -> None:
    problem = await model.fails("take_lease", names=["moon/north.txt"])
    assert problem["state"]["overlaps"][0]["holder"] == "@lin"
    assert named(problem, "wait=true")
    queued = await model.works("take_lease", names=["moon/north.txt"], wait=True)
    problem = await model.fails("extend_lease", lease=queued["id"])
    assert named(problem, "check_inbox with wait_seconds")


async def a_lease_that_is_over(model: Model) -> None:
    mine = (await model.works("take_lease", names=["sun/**"]))["id"]
    await model.works("release_lease", lease=mine)
    problem = await model.fails("extend_lease", lease=mine)
    await goes_on(model, problem)


async def a_lease_on_part_of_what_one_has(model: Model) -> None:
    await model.works("take_lease", names=["mars/**"])
    problem = await model.fails("take_lease", names=["mars/a.txt", "venus/**"])
    await goes_on(model, problem)
    await model.works("take_lease", names=["mars/a.txt", "venus/**"])


async def a_break_of_one_s_own_lease(model: Model) -> None:
    mine = (await model.works("take_lease", names=["pluto"]))["id"]
    problem = await model.fails("break_lease", lease=mine, reason="No planet.")
    await goes_on(model, problem)


async def a_lease_for_a_task_that_one_does_not_do(model: Model) -> None:
    name = await made(model, "Sweep the yard")
    problem = await model.fails("take_lease", names=["yard"], task=name)
    await goes_on(model, problem)
    await model.works("take_lease", names=["yard"], task=name)


# Goals


async def goal_of(model: Model, title: str, **fields: Json) -> str:
    return str((await model.works("create_goal", title=title, **fields))["id"])


async def a_goal_that_is_not_there(model: Model) -> None:
    problem = await model.fails("show_goal", goal="G-999999")
    listed = await model.works(named(problem, "list_goals"))
    await model.works("show_goal", goal=listed["items"][0]["id"])


async def a_goal_under_itself(model: Model) -> None:
    above = await goal_of(model, "See the world")
    below = await goal_of(model, "See the sea", parent=above)
    problem = await model.fails("move_goal", goal=above, parent=below)
    await goes_on(model, problem)
    await model.works("move_goal", goal=above, parent=below)


async def a_task_that_counts_elsewhere(model: Model) -> None:
    one, other = await goal_of(model, "Be rich"), await goal_of(model, "Be happy")
    name = await made(model, "Find gold")
    await model.works("attach_task", goal=one, task=name)
    problem = await model.fails("attach_task", goal=other, task=name)
    await goes_on(model, problem)
    await model.works("attach_task", goal=other, task=name)
    problem = await model.fails("detach_task", goal=one, task=name)
    await goes_on(model, problem)


async def a_goal_that_is_closed(model: Model) -> None:
    goal = await goal_of(model, "Sail")
    await model.works("edit_goal", goal=goal, status="dropped")
    name = await made(model, "Mend the sail")
    problem = await model.fails("attach_task", goal=goal, task=name)
    await goes_on(model, problem)
    await model.works("attach_task", goal=goal, task=name)
    problem = await model.fails("edit_goal", goal=goal, status="achieved")
    await goes_on(model, problem)
    await model.works("update_task", task=name, to="cancel")
    await model.works("edit_goal", goal=goal, status="achieved")


async def a_goal_of_an_old_version(model: Model) -> None:
    goal = await goal_of(model, "Sing")
    await model.works("edit_goal", goal=goal, title="Sing well")
    problem = await model.fails("edit_goal", goal=goal, version=1, title="Hum")
    version = int(named(problem, r"(?<=version=)\d+"))
    await model.works("edit_goal", goal=goal, version=version, title="Hum")


# Promises and what recurs


async def a_promise_for_the_past(model: Model) -> None:
    problem = await model.fails("promise", text="I was there.", due_at="2001-01-01T00:00:00Z")
    assert named(problem, "a time to come")
    await model.works("promise", text="I will be there.", due_at=LATER)


async def a_promise_that_is_not_there(model: Model) -> None:
    problem = await model.fails("keep_promise", promise_id=999_999)
    await model.works("promise", text="I will sing.", due_at=LATER)
    listed = await model.works(named(problem, "list_promises"))
    await model.works("show_promise", promise_id=listed["items"][0]["id"])


async def a_promise_that_is_closed(model: Model) -> None:
    mine = (await model.works("promise", text="I will dance.", due_at=LATER))["id"]
    await model.works("release_promise", promise_id=mine)
    problem = await model.fails("keep_promise", promise_id=mine)
    await model.works(named(problem, r"promise(?=\()"), text="I will.", due_at=LATER)


async def recurring(model: Model) -> int:
    made_ = await model.works("create_blueprint", title="Sweep", cron="0 9 * * *")
    return int(made_["id"])


async def a_rule_that_is_none(model: Model) -> None:
    problem = await model.fails("create_blueprint", title="Sweep", cron="every morning")
    cron = named(problem, r"(?<=')[^']+(?=')")
    await model.works("create_blueprint", title="Sweep", cron=cron)


async def recurring_work_that_is_paused(model: Model) -> None:
    mine = await recurring(model)
    await model.works("update_blueprint", blueprint_id=mine, state="paused")
    problem = await model.fails("run_blueprint", blueprint_id=mine)
    await goes_on(model, problem)
    await model.works("run_blueprint", blueprint_id=mine)


async def recurring_work_that_has_ended(model: Model) -> None:
    mine = await recurring(model)
    await model.works("end_blueprint", blueprint_id=mine)
    problem = await model.fails("update_blueprint", blueprint_id=mine, title="Mop")
    await model.works(named(problem, "create_blueprint"), title="Mop")


async def recurring_work_that_is_not_there(model: Model) -> None:
    problem = await model.fails("show_blueprint", blueprint_id=999_999)
    await recurring(model)
    listed = await model.works(named(problem, "list_blueprints"))
    await model.works("show_blueprint", blueprint_id=listed["items"][0]["id"])


TASKS: list[Case] = [
    a_task_that_is_not_there, a_task_that_is_somebody_s, a_move_that_is_not_possible_from_here,
    work_without_a_claim, an_end_without_the_review, an_end_with_open_points,
    a_point_that_there_is_not, a_start_before_what_it_needs, an_end_before_its_parts,
    a_circle_of_tasks, a_block_that_names_nobody, an_argument_that_the_move_does_not_take,
    a_change_of_an_old_version, an_end_before_the_beginning,
    a_damaged_cursor_of_tasks, a_reopening_that_comes_too_late,
]  # fmt: skip
LEASES: list[Case] = [
    a_lease_that_is_not_there, a_lease_that_is_over, a_lease_on_part_of_what_one_has,
    a_break_of_one_s_own_lease, a_lease_for_a_task_that_one_does_not_do,
]  # fmt: skip
GOALS: list[Case] = [
    a_goal_that_is_not_there, a_goal_under_itself, a_task_that_counts_elsewhere,
    a_goal_that_is_closed, a_goal_of_an_old_version,
]  # fmt: skip
TIME: list[Case] = [
    a_promise_for_the_past, a_promise_that_is_not_there, a_promise_that_is_closed,
    a_rule_that_is_none, recurring_work_that_is_paused, recurring_work_that_has_ended,
    recurring_work_that_is_not_there,
]  # fmt: skip
BY_SAM: list[Case] = [a_task_that_somebody_holds, a_lease_on_what_somebody_has, *LEASES, *TIME]
ROLES = {
    "member": [an_approval_with_open_points, *TASKS, *LEASES, *GOALS, *TIME],
    "outsider": BY_SAM,
    "admin": [*TASKS, *GOALS],
}


@pytest.mark.parametrize("role", ROLES)
async def test_what_an_error_about_work_suggests_over_mcp_works(faces: Faces, role: str) -> None:
    for case in ROLES[role]:
        model = Model(faces, role)
        await case(model)
        assert model.met, case.__name__
