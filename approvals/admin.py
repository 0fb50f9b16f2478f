"""Approvals in the admin: what this admin may see, changed by the same actions as on every face."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from approvals import services
from approvals.access import may_decide_on, seen_requests
from approvals.asks import may_answer, seen_questions
from approvals.models import (
    ApprovalRequest,
    Asked,
    BreakGlass,
    Comment,
    Decision,
    Hearer,
    Mail,
    Policy,
    Question,
    Showing,
    StandIn,
    StandingApproval,
    StandingUse,
)
from approvals.selectors.stand_ins import visible_stand_ins
from approvals.selectors.standing import visible_standing
from teammcp.core.admin import FACES, ByAction, LookOnly, call, call_for_each, one_of


def _requests(request: HttpRequest) -> QuerySet[ApprovalRequest]:
    actor: Any = request.user
    return seen_requests(actor, may_decide_on(actor))


@admin.register(Policy)
class PolicyAdmin(ByAction):
    list_display = ("name", "pattern", "enabled", "expires_minutes", "version", "updated_at")
    list_filter = ("enabled",)
    search_fields = ("name", "pattern")
    ordering = ("name",)
    action_fields = (
        "name", "description", "pattern", "requesters", "except_requesters", "arguments", "stages",
        "expires_minutes", "without_registrar", "enabled",
    )  # fmt: skip
    fields = (*action_fields, "version", "stuck_stage", "created_by", "created_at", "updated_at")

    def change(self, request: HttpRequest, row: Policy, values: dict[str, Any]) -> None:
        call(request, services.update_policy, {"policy": str(row.pk), **values})


@admin.register(ApprovalRequest)
class RequestAdmin(LookOnly):
    list_display = ("__str__", "status", "action", "requester", "stage", "deadline", "created_at")
    list_filter = (one_of("status", ApprovalRequest.Status.values), FACES)
    search_fields = ("=id", "=action", "=requester__handle")
    list_select_related = ("requester",)
    ordering = ("-pk",)
    fields = (
        "status", "reason", "requester", "on_behalf_of", "face", "action", "arguments", "touched",
        "preview", "policies", "stages", "stage", "round", "stage_at", "reminded", "escalated",
        "deadline", "due_at", "run_at", "created_at", "closed_at",
    )  # fmt: skip
    actions: ClassVar = ["approve", "decline", "withdraw"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApprovalRequest]:
        rows: QuerySet[ApprovalRequest] = super().get_queryset(request)
        return rows.filter(pk__in=_requests(request))

    @admin.action(description="Approve")
    def approve(self, request: HttpRequest, rows: QuerySet[ApprovalRequest]) -> None:
        self._decide(request, rows, "approve", "Approved")

    @admin.action(description="Decline")
    def decline(self, request: HttpRequest, rows: QuerySet[ApprovalRequest]) -> None:
        self._decide(request, rows, "decline", "Declined")

    def _decide(
        self, request: HttpRequest, rows: QuerySet[ApprovalRequest], verdict: str, done: str
    ) -> None:
        payloads = [{"request": row.name, "verdict": verdict, "digest": row.digest} for row in rows]
        call_for_each(request, services.decide, payloads, done)

    @admin.action(description="Withdraw")
    def withdraw(self, request: HttpRequest, rows: QuerySet[ApprovalRequest]) -> None:
        payloads = [{"request": row.name} for row in rows]
        call_for_each(request, services.withdraw_request, payloads, "Withdrawn")


class OfARequest(LookOnly):
    """Rows about requests that this admin may see."""

    list_select_related = ("request", "member")
    search_fields = ("=request__id", "=member__handle")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(request__in=_requests(request))


@admin.register(Decision)
class DecisionAdmin(OfARequest):
    list_display = ("request", "round", "stage", "member", "verdict", "at")
    list_filter = ("verdict",)
    fields = ("request", "round", "stage", "member", "seat", "verdict", "comment", "face", "at")


@admin.register(Comment)
class CommentAdmin(OfARequest):
    list_display = ("request", "member", "at")
    fields = ("request", "member", "body", "face", "at")


@admin.register(Showing)
class ShowingAdmin(OfARequest):
    list_display = ("request", "member", "face", "at")
    fields = list_display


@admin.register(Asked)
class AskedAdmin(OfARequest):
    list_display = ("request", "member", "round", "stage", "why", "at")
    fields = list_display


@admin.register(BreakGlass)
class BreakGlassAdmin(OfARequest):
    list_display = ("request", "member", "at", "justified", "closed_by", "closed_at")
    fields = (
        "request", "member", "reason", "at", "finding", "justified", "closed_by", "closed_at",
    )  # fmt: skip


@admin.register(StandIn)
class StandInAdmin(LookOnly):
    list_display = ("member", "absent", "pattern", "begins_at", "ends_at", "ended_at")
    search_fields = ("=member__handle", "=absent__handle")
    list_select_related = ("member", "absent")
    ordering = ("-pk",)
    fields = (*list_display, "created_by", "created_at")
    actions: ClassVar = ["end"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandIn]:
        actor: Any = request.user
        rows: QuerySet[StandIn] = super().get_queryset(request)
        return rows.filter(pk__in=visible_stand_ins(actor))

    @admin.action(description="End now")
    def end(self, request: HttpRequest, rows: QuerySet[StandIn]) -> None:
        payloads = [{"stand_in_id": row.pk} for row in rows]
        call_for_each(request, services.end_stand_in, payloads, "Ended")


@admin.register(StandingApproval)
class StandingAdmin(LookOnly):
    list_display = ("policy", "requester", "pattern", "uses", "uses_left", "until", "ended_at")
    search_fields = ("=requester__handle", "policy__name")
    list_select_related = ("policy", "requester")
    ordering = ("-pk",)
    fields = (
        *list_display, "arguments", "reason", "granted_by", "agreed_in", "created_at", "ended_by",
    )  # fmt: skip
    actions: ClassVar = ["end"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandingApproval]:
        actor: Any = request.user
        rows: QuerySet[StandingApproval] = super().get_queryset(request)
        return rows.filter(pk__in=visible_standing(actor))

    @admin.action(description="End now")
    def end(self, request: HttpRequest, rows: QuerySet[StandingApproval]) -> None:
        payloads = [{"standing_id": row.pk} for row in rows]
        call_for_each(request, services.end_standing, payloads, "Ended")


@admin.register(StandingUse)
class StandingUseAdmin(LookOnly):
    list_display = ("standing", "action", "at")
    search_fields = ("=standing__id", "=action")
    list_select_related = ("standing",)
    ordering = ("-pk",)
    fields = (*list_display, "arguments")

    def get_queryset(self, request: HttpRequest) -> QuerySet[StandingUse]:
        actor: Any = request.user
        rows: QuerySet[StandingUse] = super().get_queryset(request)
        return rows.filter(standing__in=visible_standing(actor))


def _questions(request: HttpRequest) -> QuerySet[Question]:
    actor: Any = request.user
    return seen_questions(actor, may_answer(actor))


@admin.register(Question)
class QuestionAdmin(LookOnly):
    list_display = ("__str__", "status", "text", "asker", "cost", "answer_by", "created_at")
    list_filter = (one_of("status", Question.Status.values), one_of("cost", Question.Cost.values))
    search_fields = ("=id", "text", "=asker__handle")
    list_select_related = ("asker",)
    ordering = ("-pk",)
    fields = (
        "status", "reason", "asker", "face", "text", "details", "asked", "options", "default",
        "cost", "cost_reason", "about_action", "arguments", "answer_by", "due_at", "reminded",
        "answer", "comment", "answered_by", "seat", "answer_face", "created_at", "closed_at",
    )  # fmt: skip
    actions: ClassVar = ["withdraw"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        rows: QuerySet[Question] = super().get_queryset(request)
        return rows.filter(pk__in=_questions(request))

    @admin.action(description="Withdraw")
    def withdraw(self, request: HttpRequest, rows: QuerySet[Question]) -> None:
        payloads = [{"question": row.name} for row in rows]
        call_for_each(request, services.withdraw_question, payloads, "Withdrawn")


@admin.register(Hearer)
class HearerAdmin(LookOnly):
    list_display = ("question", "member", "told_at", "shown_at", "face")
    search_fields = ("=question__id", "=member__handle")
    list_select_related = ("question", "member")
    ordering = ("-pk",)
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hearer]:
        rows: QuerySet[Hearer] = super().get_queryset(request)
        return rows.filter(question__in=_questions(request))


@admin.register(Mail)
class MailAdmin(LookOnly):
    list_display = ("member", "request", "question", "tries", "due_at", "sent_at", "error")
    search_fields = ("=member__handle",)
    list_select_related = ("member", "request", "question")
    ordering = ("-pk",)
    fields = (*list_display, "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mail]:
        rows: QuerySet[Mail] = super().get_queryset(request)
        return rows.filter(Q(request__in=_requests(request)) | Q(question__in=_questions(request)))
