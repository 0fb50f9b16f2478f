"""Members and their ways in, in the admin. Digests of secrets are never shown."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import admin as _registers_groups  # noqa: F401
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

from orgchart import services
from orgchart.models import Credential, Department, Handle, JoinCode, Member, SignInLink
from teammcp.core.admin import ByAction, LookOnly, call_for_each

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


admin.site.login = _sign_in  # type: ignore[method-assign]
admin.site.password_change = _change_password  # type: ignore[assignment,method-assign]


@admin.register(Department)
class DepartmentAdmin(LookOnly):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    fields = ("name", "slug")


@admin.register(Member)
class MemberAdmin(ByAction):
    list_display = ("handle", "name", "kind", "authority", "status", "presence", "last_active_at")
    list_filter = ("kind", "authority", "status", "department")
    search_fields = ("handle", "name", "title")
    ordering = ("handle",)
    actions: ClassVar = ["retire"]
    action_fields = ("name", "handle", "title", "charter", "capabilities", "authority", "status")
    fields = (
        *action_fields, "kind", "department", "manager", "registered_by", "created_at",
        "last_active_at", "welcomed_at",
    )  # fmt: skip

    def change(self, request: HttpRequest, row: Member, values: dict[str, Any]) -> None:
        handle = Member.objects.values_list("handle", flat=True).get(pk=row.pk)
        services.update_member.call(request.user, {"member": handle, **values})  # type: ignore[arg-type]

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
