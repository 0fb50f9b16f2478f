"""Members and their ways in, in the admin. Digests of secrets are never shown."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.auth import admin as _registers_groups  # noqa: F401
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

from orgchart import services, views
from orgchart.models import (
    Credential,
    Department,
    Handle,
    JoinCode,
    Member,
    Project,
    ProjectMember,
    SignInLink,
)
from teammcp.core.admin import ByAction, LookOnly, call, call_for_each
from teammcp.core.web import WebRequest

# Authority and scopes decide here, not groups.
admin.site.unregister(Group)


def _sign_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """One way in for dashboard and admin, with one limit on tries."""
    target = request.GET.get("next", "/admin/")
    if request.user.is_authenticated:
        return HttpResponseRedirect("/")
    return HttpResponseRedirect(f"/sign-in/?{urlencode({'next': target})}")


def _change_password(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    return HttpResponseRedirect("/account/")


def _sign_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    return views.sign_out(cast("WebRequest", request))


admin.site.login = _sign_in  # type: ignore[method-assign]
admin.site.logout = _sign_out  # type: ignore[assignment,method-assign]
admin.site.password_change = _change_password  # type: ignore[assignment,method-assign]


@admin.register(Department)
class DepartmentAdmin(ByAction):
    list_display = ("name", "slug", "parent", "head")
    search_fields = ("name", "slug")
    list_select_related = ("parent", "head")
    action_fields = ("name", "parent", "head")
    fields = ("name", "parent", "head", "slug")
    actions: ClassVar = ["remove"]

    def change(self, request: HttpRequest, row: Department, values: dict[str, Any]) -> None:
        named = {name: _named(value) for name, value in values.items()}
        call(request, services.update_department, {"department": row.slug, **named})

    @admin.action(description="Remove empty departments")
    def remove(self, request: HttpRequest, rows: QuerySet[Department]) -> None:
        payloads = [{"department": row.slug} for row in rows]
        call_for_each(request, services.remove_department, payloads, "Removed")


def _named(value: Any) -> Any:
    """A chosen row as actions name it."""
    if value is None:
        return ""
    if isinstance(value, Department):
        return value.slug
    return value.handle if isinstance(value, Member) else value


@admin.register(Project)
class ProjectAdmin(ByAction):
    list_display = ("name", "slug", "lead", "created_at", "archived_at")
    search_fields = ("name", "slug")
    list_select_related = ("lead",)
    ordering = ("slug",)
    action_fields = ("name", "purpose", "lead")
    fields = (*action_fields, "slug", "created_by", "created_at", "archived_at")
    actions: ClassVar = ["archive", "open_again"]

    def change(self, request: HttpRequest, row: Project, values: dict[str, Any]) -> None:
        named = {name: _named(value) for name, value in values.items()}
        call(request, services.update_project, {"project": row.slug, **named})

    @admin.action(description="Archive: they take nobody and nothing new")
    def archive(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        payloads = [{"project": row.slug, "archived": True} for row in rows]
        call_for_each(request, services.update_project, payloads, "Archived")

    @admin.action(description="Open archived ones again")
    def open_again(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        payloads = [{"project": row.slug, "archived": False} for row in rows]
        call_for_each(request, services.update_project, payloads, "Opened")


@admin.register(ProjectMember)
class ProjectMemberAdmin(LookOnly):
    list_display = ("project", "member", "added_by", "since")
    search_fields = ("project__slug", "member__handle")
    list_select_related = ("project", "member", "added_by")
    fields = ("project", "member", "added_by", "since")
    ordering = ("-pk",)
    actions: ClassVar = ["take_out"]

    @admin.action(description="Take out of the project")
    def take_out(self, request: HttpRequest, rows: QuerySet[ProjectMember]) -> None:
        payloads = [{"project": row.project.slug, "member": row.member.handle} for row in rows]
        call_for_each(request, services.remove_from_project, payloads, "Taken out")


@admin.register(Member)
class MemberAdmin(ByAction):
    list_display = ("handle", "name", "kind", "authority", "status", "presence", "last_active_at")
    list_filter = ("kind", "authority", "status", "department")
    search_fields = ("handle", "name", "title")
    ordering = ("handle",)
    actions: ClassVar = ["pause", "unpause", "retire"]
    entry_fields = (
        "name", "handle", "title", "charter", "capabilities", "tools", "languages", "model",
        "authority",
    )  # fmt: skip
    action_fields = (*entry_fields, "manager", "department")
    fields = (
        *action_fields, "mail_address", "status", "paused_by", "paused_reason", "paused_at",
        "successor", "retired_at", "kind", "registered_by", "created_at", "last_active_at",
        "welcomed_at",
    )  # fmt: skip

    def change(self, request: HttpRequest, row: Member, values: dict[str, Any]) -> None:
        member = {"member": Member.objects.values_list("handle", flat=True).get(pk=row.pk)}
        entry = {name: value for name, value in values.items() if name in self.entry_fields}
        if entry and call(request, services.update_member, member | entry):
            member = {"member": entry.get("handle", member["member"])}
        if "manager" in values:
            call(request, services.set_manager, member | {"manager": _named(values["manager"])})
        if "department" in values:
            department = {"department": _named(values["department"])}
            call(request, services.move_member, member | department)

    @admin.action(description="Pause: they read, and do nothing else")
    def pause(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        payloads = [{"member": row.handle, "reason": "Paused in the admin."} for row in rows]
        call_for_each(request, services.pause_member, payloads, "Paused")

    @admin.action(description="Let those go on who are paused")
    def unpause(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        payloads = [{"member": row.handle} for row in rows]
        call_for_each(request, services.unpause_member, payloads, "Going on")

    @admin.action(description="Retire for good: end their credentials, keep their history")
    def retire(self, request: HttpRequest, rows: QuerySet[Member]) -> None:
        payloads = [{"member": member.handle} for member in rows]
        call_for_each(request, services.retire_member, payloads, "Retired")


@admin.register(Handle)
class HandleAdmin(LookOnly):
    list_display = ("handle", "member")
    search_fields = ("handle",)
    list_select_related = ("member",)
    fields = ("handle", "member")
    ordering = ("handle",)


@admin.register(Credential)
class CredentialAdmin(LookOnly):
    list_display = ("hint", "member", "label", "usable", "created_at", "expires_at", "last_used_at")
    list_filter = ("revoked_at",)
    search_fields = ("member__handle", "label", "hint")
    list_select_related = ("member",)
    ordering = ("-pk",)
    actions: ClassVar = ["revoke"]
    fields = (
        "hint", "member", "label", "scopes", "created_at", "expires_at", "revoked_at",
        "last_used_at",
    )  # fmt: skip

    @admin.display(boolean=True)
    def usable(self, row: Credential) -> bool:
        return row.usable

    @admin.action(description="Revoke: their next call fails")
    def revoke(self, request: HttpRequest, rows: QuerySet[Credential]) -> None:
        payloads = [{"credential_id": row.pk} for row in rows]
        call_for_each(request, services.revoke_credential, payloads, "Revoked")


@admin.register(JoinCode)
class JoinCodeAdmin(LookOnly):
    list_display = ("hint", "authority", "uses_left", "expires_at", "created_by")
    list_select_related = ("created_by",)
    fields = ("hint", "authority", "uses_left", "expires_at", "created_by", "created_at")
    ordering = ("-pk",)


@admin.register(SignInLink)
class SignInLinkAdmin(LookOnly):
    list_display = ("member", "expires_at", "used_at")
    list_select_related = ("member",)
    fields = ("member", "expires_at", "used_at")
    ordering = ("-pk",)
