"""The admin shows everything and changes nothing by itself: what it changes goes through actions.

Deleting is nowhere possible. Digests and answers are never shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import django_q.admin  # noqa: F401 - registers its models, which are registered anew below
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from teammcp.core.actions import Action
from teammcp.core.errors import AppError, Held
from teammcp.core.models import ClientKey
from teammcp.core.web import refused_by

HELD = "teammcp.held"  # of a request: something that its form changes waits for approval


def one_of(field: str, values: Iterable[str]) -> type[admin.SimpleListFilter]:
    """A filter over known values: looking in a big table which there are takes a whole scan."""
    known = [(value, value) for value in sorted(values)]

    class OneOf(admin.SimpleListFilter):
        title = field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return known

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            return queryset.filter(**{field: self.value()}) if self.value() else queryset

    return OneOf


FACES = one_of("face", ["mcp", "rest", "dashboard", "admin", "cli", "job", "schedule", "system"])


def _lookups(known: Any) -> set[str]:
    """What a filter writes into the address of the page."""
    if isinstance(known, type):
        return {str(getattr(known, "parameter_name", ""))}
    known = known[0] if isinstance(known, tuple) else known
    return {f"{known}__{how}" for how in ("exact", "id__exact", "isnull", "gte", "lt")}


class LookOnly(ModelAdmin):  # type: ignore[misc]
    """Rows to look at."""

    list_per_page = 50
    paginator = InfinitePaginator  # counting a ledger takes longer than showing it
    show_full_result_count = False
    compressed_fields = True

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the filters of the page ask. Django admits any condition on a column, with
        which digests could be read a sign at a time."""
        return lookup in {
            asked for known in self.get_list_filter(request) for asked in _lookups(known)
        }

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ByAction(LookOnly):
    """Rows that can be changed by one action, with the same rules as on every face."""

    action_fields: ClassVar[tuple[str, ...]] = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.has_view_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.fields or () if name not in self.action_fields]

    def change(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> None:
        """Call the action with what was changed."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """Not the row is saved: the action is called."""
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        if values:
            self.change(request, obj, values)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except AppError as error:
            tell(request, error)
            return HttpResponseRedirect(request.get_full_path())
        return response

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        if HELD in request.META:  # "was changed successfully" would not be true
            return HttpResponseRedirect(request.get_full_path())
        response: HttpResponse = super().response_change(request, obj)
        return response

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """The ledger has it already."""


def tell(request: HttpRequest, error: AppError) -> None:
    """Show an error of an action above the page."""
    refused = refused_by(error)
    show = messages.warning if refused.held else messages.error
    show(request, f"{refused.message} {refused.next}".strip())


def call(request: HttpRequest, action: Action[Any, Any], payload: dict[str, Any]) -> bool:
    """Call an action with what was changed in a form; whether it was done. One that waits for
    approval is told and not raised: the page is one transaction, and what it keeps must stay."""
    try:
        action.call(request.user, payload)  # type: ignore[arg-type]
    except Held as held:
        tell(request, held)
        request.META[HELD] = True
        return False
    return True


def call_for_each(
    request: HttpRequest, action: Action[Any, Any], payloads: list[dict[str, Any]], done: str
) -> None:
    """Run an action for each chosen row; what is refused is told, the rest is done."""
    count = 0
    for payload in payloads:
        try:
            action.call(request.user, payload)  # type: ignore[arg-type]
            count += 1
        except AppError as error:
            tell(request, error)
    if count:
        messages.success(request, f"{done}: {count}.")


@admin.register(ClientKey)
class ClientKeyAdmin(LookOnly):
    list_display = ("action", "member", "created_at")
    search_fields = ("member__handle",)
    list_select_related = ("member",)
    fields = ("action", "member", "created_at")
    ordering = ("-created_at",)


class Jobs(LookOnly):
    """What django-q2 keeps. Schedules are made by the server itself and changed by nobody."""

    compressed_fields = False


for job_model in (Schedule, Success, Failure, OrmQ):
    admin.site.unregister(job_model)  # its own pages can change them
    admin.site.register(job_model, Jobs)
