"""Tasks in the admin: what this admin may see, changed by the same actions as on every face."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tasks import services
from tasks.access import visible_goals, visible_leases, visible_tasks
from tasks.models import (
    Blueprint,
    BlueprintRun,
    Dependency,
    Follower,
    Goal,
    GoalTask,
    Label,
    Lease,
    Promise,
    Reminder,
    Task,
    Touched,
    WorkingCalendar,
)
from tasks.promises import visible_promises
from tasks.selectors.blueprints import visible_blueprints
from tasks.services.editing import CLEARABLE
from tasks.transitions import Status
from teammcp.core.admin import ByAction, LookOnly, call, call_for_each, one_of


def _visible(request: HttpRequest) -> QuerySet[Task]:
    return visible_tasks(request.user)  # type: ignore[arg-type]


@admin.register(Task)
class TaskAdmin(ByAction):
    list_display = (
        "__str__", "title", "status", "priority", "assignee", "expires_at", "due_at", "creator",
    )  # fmt: skip
    list_filter = (one_of("status", [status.value for status in Status]), "priority")
    search_fields = ("=id", "title", "=assignee__handle", "=creator__handle")
    list_select_related = ("assignee", "creator")
    ordering = ("-pk",)
    action_fields = (
        "title", "description", "due_at", "start_after", "follow_up_at", "check_in_minutes",
    )  # fmt: skip
    fields = (
        "title", "description", "due_at", "start_after", "follow_up_at", "check_in_minutes",
        "status", "priority", "creator",
        "assignee", "reviewer", "needs_review", "submitted_by", "parent", "home", "discussion",
        "origin", "progress", "points", "result", "evidence", "skills", "read_only", "metadata",
        "holder", "token", "claimed_at", "expires_at", "heartbeat_at", "blocked_on",
        "blocked_action", "blocked_at", "version", "created_at", "updated_at", "closed_at",
    )  # fmt: skip
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        rows: QuerySet[Task] = super().get_queryset(request)
        return rows.filter(pk__in=_visible(request))

    def change(self, request: HttpRequest, row: Task, values: dict[str, Any]) -> None:
        gone = [name for name in CLEARABLE if name in values and values[name] is None]
        kept = {name: value for name, value in values.items() if name not in gone}
        payload = {"task": row.name, "clear": gone, **kept}
        call(request, services.edit_task, payload)

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        payloads = [{"task": task.name} for task in queryset]
        call_for_each(request, services.cancel_task, payloads, "Cancelled")


class OfVisibleTasks(LookOnly):
    """Rows that hang on a task: hidden with it, for admins too."""

    ordering = ("-pk",)
    search_fields: tuple[str, ...] = ("=task__id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(task__in=_visible(request))


@admin.register(Dependency)
class DependencyAdmin(OfVisibleTasks):
    list_display = ("task", "prerequisite", "created_at")
    list_select_related = ("task", "prerequisite")
    fields = ("task", "prerequisite", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(prerequisite__in=_visible(request))


@admin.register(Label)
class LabelAdmin(OfVisibleTasks):
    list_display = ("task", "name")
    search_fields = ("=task__id", "=name")
    fields = ("task", "name")


@admin.register(Touched)
class TouchedAdmin(OfVisibleTasks):
    list_display = ("task", "path")
    search_fields = ("=task__id", "path")
    fields = ("task", "path")


@admin.register(Follower)
class FollowerAdmin(OfVisibleTasks):
    list_display = ("task", "member")
    list_select_related = ("task", "member")
    search_fields = ("=task__id", "=member__handle")
    fields = ("task", "member")


@admin.register(Lease)
class LeaseAdmin(LookOnly):
    list_display = ("__str__", "names", "state", "holder", "ends_at", "why")
    list_filter = (one_of("state", Lease.State.values),)
    search_fields = ("=id", "=holder__handle", "why")
    list_select_related = ("holder",)
    ordering = ("-pk",)
    fields = (
        "names", "state", "holder", "why", "task", "home", "minutes", "token", "asked_at",
        "held_at", "ends_at", "taken_up", "heartbeat_at", "over_at",
    )  # fmt: skip
    actions = ("break_up",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lease]:
        rows: QuerySet[Lease] = super().get_queryset(request)
        return rows.filter(pk__in=visible_leases(request.user))  # type: ignore[arg-type]

    @admin.action(description="Break")
    def break_up(self, request: HttpRequest, queryset: QuerySet[Lease]) -> None:
        payloads = [{"lease": lease.name, "reason": "Broken in the admin"} for lease in queryset]
        call_for_each(request, services.break_lease, payloads, "Broken")


@admin.register(Reminder)
class ReminderAdmin(LookOnly):
    list_display = ("id", "kind", "task", "promise", "step", "member", "sent_at")
    list_filter = (one_of("kind", Reminder.Kind.values),)
    search_fields = ("=task__id", "=member__handle")
    list_select_related = ("task", "promise", "member")
    fields = ("kind", "task", "promise", "occasion", "step", "member", "sent_at")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reminder]:
        rows: QuerySet[Reminder] = super().get_queryset(request)
        promises = visible_promises(request.user)  # type: ignore[arg-type]
        return rows.filter(Q(task__in=_visible(request)) | Q(promise__in=promises))


@admin.register(WorkingCalendar)
class WorkingCalendarAdmin(ByAction):
    list_display = ("__str__", "zone", "hours", "updated_at")
    search_fields = ("=member__handle",)
    list_select_related = ("member",)
    action_fields = ("zone", "hours", "holidays")
    fields = ("member", "zone", "hours", "holidays", "updated_at")
    ordering = ("pk",)

    def change(self, request: HttpRequest, row: WorkingCalendar, values: dict[str, Any]) -> None:
        whose = row.member.handle if row.member else ""
        given = {name: value if value is not None else [] for name, value in values.items()}
        call(request, services.set_working_calendar, {"member": whose, **given})


@admin.register(Promise)
class PromiseAdmin(LookOnly):
    list_display = ("id", "member", "to", "text", "due_at", "state")
    list_filter = (one_of("state", Promise.State.values),)
    search_fields = ("=id", "=member__handle", "=to__handle")
    list_select_related = ("member", "to")
    fields = (
        "member", "made_by", "to", "text", "due_at", "state", "note", "made_at", "closed_at",
        "closed_by", "remind_at",
    )  # fmt: skip
    ordering = ("-pk",)
    actions: ClassVar = ["release"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promise]:
        rows: QuerySet[Promise] = super().get_queryset(request)
        return rows.filter(pk__in=visible_promises(request.user).values("pk"))  # type: ignore[arg-type]

    @admin.action(description="Release")
    def release(self, request: HttpRequest, rows: QuerySet[Promise]) -> None:
        payloads = [{"promise_id": row.pk} for row in rows]
        call_for_each(request, services.release_promise, payloads, "Released")


@admin.register(Blueprint)
class BlueprintAdmin(LookOnly):
    list_display = ("id", "title", "author", "cron", "zone", "planned_at", "state", "made")
    list_filter = (one_of("state", Blueprint.State.values),)
    search_fields = ("=id", "title", "=author__handle")
    list_select_related = ("author",)
    fields = (
        "title", "author", "home", "template", "due_minutes", "skip_if_open", "cron", "zone",
        "planned_at", "run_at", "state", "reason", "made", "failures", "hook_hint", "created_at",
        "updated_at",
    )  # fmt: skip
    ordering = ("-pk",)
    actions: ClassVar = ["pause", "resume", "run", "end"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blueprint]:
        rows: QuerySet[Blueprint] = super().get_queryset(request)
        return rows.filter(pk__in=visible_blueprints(request.user).values("pk"))  # type: ignore[arg-type]

    @admin.action(description="Pause")
    def pause(self, request: HttpRequest, rows: QuerySet[Blueprint]) -> None:
        payloads = [{"blueprint_id": row.pk, "state": "paused"} for row in rows]
        call_for_each(request, services.update_blueprint, payloads, "Paused")

    @admin.action(description="Resume, with what comes from now on")
    def resume(self, request: HttpRequest, rows: QuerySet[Blueprint]) -> None:
        payloads = [{"blueprint_id": row.pk, "state": "active"} for row in rows]
        call_for_each(request, services.update_blueprint, payloads, "Resumed")

    @admin.action(description="Make the task now, as you")
    def run(self, request: HttpRequest, rows: QuerySet[Blueprint]) -> None:
        payloads = [{"blueprint_id": row.pk} for row in rows]
        call_for_each(request, services.run_blueprint, payloads, "Called")

    @admin.action(description="End for good")
    def end(self, request: HttpRequest, rows: QuerySet[Blueprint]) -> None:
        payloads = [{"blueprint_id": row.pk} for row in rows]
        call_for_each(request, services.end_blueprint, payloads, "Ended")


@admin.register(BlueprintRun)
class BlueprintRunAdmin(LookOnly):
    list_display = ("id", "blueprint", "trigger", "planned_at", "ran_at", "outcome", "reason")
    list_filter = (one_of("outcome", BlueprintRun.Outcome.values),)
    search_fields = ("=blueprint__id",)
    list_select_related = ("blueprint",)
    fields = ("blueprint", "trigger", "planned_at", "ran_at", "outcome", "reason")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BlueprintRun]:
        rows: QuerySet[BlueprintRun] = super().get_queryset(request)
        return rows.filter(blueprint__in=visible_blueprints(request.user).values("pk"))  # type: ignore[arg-type]


@admin.register(Goal)
class GoalAdmin(ByAction):
    list_display = ("__str__", "title", "status", "percent", "owner", "due_at")
    list_filter = (one_of("status", Goal.Status.values),)
    search_fields = ("=id", "title", "=owner__handle")
    list_select_related = ("owner",)
    ordering = ("-pk",)
    action_fields = ("title", "description", "due_at")
    fields = (
        "title", "description", "due_at", "status", "percent", "creator", "owner", "parent",
        "weight", "home", "version", "created_at", "updated_at", "closed_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Goal]:
        rows: QuerySet[Goal] = super().get_queryset(request)
        return rows.filter(pk__in=visible_goals(request.user))  # type: ignore[arg-type]

    def change(self, request: HttpRequest, row: Goal, values: dict[str, Any]) -> None:
        gone = "due_at" in values and values["due_at"] is None
        kept = {name: value for name, value in values.items() if value is not None}
        payload = {"goal": row.name, **kept, **({"no_due": True} if gone else {})}
        call(request, services.edit_goal, payload)


@admin.register(GoalTask)
class GoalTaskAdmin(OfVisibleTasks):
    list_display = ("goal", "task", "weight")
    list_select_related = ("goal", "task")
    search_fields = ("=goal__id", "=task__id")
    fields = ("goal", "task", "weight")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(goal__in=visible_goals(request.user))  # type: ignore[arg-type]
