"""Django's admin, for reference data alone, behind the product's own rules and trail.

Nobody is ``is_staff`` or ``is_superuser`` here: a role that may ``security.manage_reference`` opens
the pages, for everybody else they do not exist and the attempt is on the trail. Protected rows,
people, roles, tokens and the trail are never registered (tests/security/test_admin.py). Signing in
is the product's own page; Django's log table is never written, services write the trail.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import quote

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, include, path, re_path, reverse
from django.utils.translation import gettext as _

from security.http import form_status, record_refusal, require_action, signed_in
from security.models import User
from security.scope import may
from security.services import RefusedError

MANAGE_REFERENCE = "security.manage_reference"
M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[M]
else:
    ModelAdmin = admin.ModelAdmin


class ReferenceSite(admin.AdminSite):
    """Only lists, adding and changing of what is registered; every other address is a 404."""

    def has_permission(self, request: HttpRequest) -> bool:
        return may(signed_in(request), MANAGE_REFERENCE)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002
        return require_action(MANAGE_REFERENCE)(super().admin_view(view, cacheable))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        found: list[URLPattern | URLResolver] = [
            path("", self.admin_view(self.first_list), name="index")
        ]
        for model, model_admin in self._registry.items():
            meta = model._meta
            found.append(path(f"{meta.app_label}/{meta.model_name}/", include(model_admin.urls)))
        absent = self.admin_view(self.absent)
        return [*found, re_path(r"^(?:.*/)?$", absent, name="absent")]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """None: the product's frame has the navigation."""
        return []

    def first_list(self, request: HttpRequest) -> HttpResponse:
        model = next(iter(self._registry))
        return redirect(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def absent(self, request: HttpRequest) -> HttpResponse:
        raise Http404


class ReferenceAdmin(ModelAdmin, Generic[M]):  # type: ignore[type-arg]
    """Base of what is registered: nothing is deleted, and every write goes through a service."""

    actions = None
    list_per_page = 50
    show_full_result_count = False
    may_add: ClassVar[bool] = True

    @abstractmethod
    def write(self, *, actor: User, row: M, values: dict[str, Any], new: bool) -> M:
        """Call the service that adds or changes the row; it writes the trail."""

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        guard = self.admin_site.admin_view
        adding = [path("add/", guard(self.add_view), name=f"{name}_add")] if self.may_add else []
        return [
            path("", guard(self.changelist_view), name=f"{name}_changelist"),
            *adding,
            path("<path:object_id>/change/", guard(self.change_view), name=f"{name}_change"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response: Any = super().changelist_view(request, extra_context)
        listed = (getattr(response, "context_data", None) or {}).get("cl")
        if listed is not None:
            response.context_data["page"] = listed.paginator.get_page(listed.page_num)
        return response

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        if self.get_object(request, unquote(object_id)) is None:
            raise Http404
        return super().change_view(request, object_id, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            response = super().changeform_view(request, *args, **kwargs)
        except RefusedError as refusal:  # somebody else was quicker: the form had found nothing
            record_refusal(request, refusal)
            messages.error(request, str(refusal))
            return redirect(request.path)
        if request.method == "POST" and response.status_code == 200:
            shown: Any = response  # a TemplateResponse: the form, and what was wrong with it
            shown.status_code = form_status(request, shown.context_data["adminform"].form)
        return response

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The product's own fields: the admin's need its scripts and look like nothing else here."""
        return db_field.formfield(**kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(signed_in(request), MANAGE_REFERENCE)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:  # noqa: FBT001
        values = {name: form.cleaned_data[name] for name in form.fields}
        obj.pk = self.write(actor=signed_in(request), row=obj, values=values, new=not change).pk

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service has written the trail; Django's own log stays empty."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """See ``log_addition``."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        raise NotImplementedError("Reference data are ended, never deleted.")

    def response_add(self, request: HttpRequest, obj: M, *args: Any, **kwargs: Any) -> HttpResponse:
        messages.success(request, _("Added."))
        return HttpResponseRedirect(self.list_address(obj))

    def response_change(self, request: HttpRequest, obj: M) -> HttpResponse:
        messages.success(request, _("Changed."))
        return HttpResponseRedirect(self.list_address(obj))

    def list_address(self, row: M) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


def chosen(name: str, value: str) -> str:
    """Query string of a list that shows one value of a filter."""
    return f"?{name}__exact={quote(value)}"
