"""Code lists in the administrators' pages. Registered in config/reference.py."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from records.models import CodeItem, CodeList
from records.services.codes import (
    CodeFacts,
    add_code,
    change_code,
    change_code_list,
    code_problems,
)
from security.admin_site import ReferenceAdmin, chosen
from security.models import User

if TYPE_CHECKING:
    ListForm = forms.ModelForm[CodeList]
    ItemForm = forms.ModelForm[CodeItem]
else:
    ListForm = ItemForm = forms.ModelForm

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CodeListForm(ListForm):
    class Meta:
        model = CodeList
        fields = ("name", "source", "confidence")
        labels = {"name": _("Called"), "source": _("Source"), "confidence": _("How sure it is")}
        help_texts = {"source": _("Document that the list is taken from.")}


class CodeItemForm(ItemForm):
    """Facts of a code. Its list, code and first day can be given only when it is added."""

    class Meta:
        model = CodeItem
        fields = (
            "code_list", "code", "name", "position", "valid_from", "valid_to", "confidence",
        )  # fmt: skip
        labels = {
            "code_list": _("List"),
            "code": _("Code"),
            "name": _("Called"),
            "position": _("Place in the list"),
            "valid_from": _("First day"),
            "valid_to": _("Last day"),
            "confidence": _("How sure it is"),
        }
        help_texts = {
            "valid_to": _("A code is ended, never deleted: records keep what was true then."),
        }
        widgets = {"valid_from": DAY, "valid_to": DAY}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if self.errors:
            return said
        kept = self.instance
        begin = said.get("valid_from", kept.valid_from)
        problems = code_problems(
            code_list=said.get("code_list") or kept.code_list,
            code=said.get("code") or kept.code,
            facts=_facts({**said, "valid_from": begin}),
            item=kept if kept.pk else None,
        )
        for problem in problems:
            self.add_error(None, problem.message)
        return said

    def _get_validation_exclusions(self) -> set[str]:
        """The constraints on these would say once more what ``code_problems`` says in words."""
        return {*super()._get_validation_exclusions(), "code", "valid_to"}  # type: ignore[misc]


class CodeListAdmin(ReferenceAdmin[CodeList]):
    form = CodeListForm
    may_add = False  # a list that no form asks for would help nobody
    search_fields = ("name", "code")
    change_list_template = "records/admin/lists.html"
    change_form_template = "records/admin/list.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CodeList]:
        today = timezone.localdate()
        in_force = Q(items__valid_from=None) | Q(items__valid_from__lte=today)
        in_force &= Q(items__valid_to=None) | Q(items__valid_to__gte=today)
        lists: QuerySet[CodeList] = super().get_queryset(request)
        return lists.annotate(in_force=Count("items", filter=in_force), total=Count("items"))

    def write(self, *, actor: User, row: CodeList, values: dict[str, Any], new: bool) -> CodeList:
        return change_code_list(actor=actor, code_list=row, **values)


class CodeItemAdmin(ReferenceAdmin[CodeItem]):
    form = CodeItemForm
    search_fields = ("name", "code")
    list_filter = ("code_list",)
    list_select_related = ("code_list",)
    ordering = ("code_list", "position", "code")
    change_list_template = "records/admin/items.html"
    change_form_template = "records/admin/item.html"

    def get_fields(self, request: HttpRequest, obj: CodeItem | None = None) -> list[Any]:
        fields = list(CodeItemForm.Meta.fields)
        return fields if obj is None else [f for f in fields if f not in KEPT]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        code = request.GET.get("code_list__code__exact", "")
        found = CodeList.objects.filter(code=code).first() if code else None
        lists = CodeList.objects.all()
        extra = {"lists": lists, "code_list": found, "today": timezone.localdate()}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def write(self, *, actor: User, row: CodeItem, values: dict[str, Any], new: bool) -> CodeItem:
        if new:
            where = {"code_list": values["code_list"], "code": values["code"]}
            return add_code(actor=actor, facts=_facts(values), **where)
        return change_code(actor=actor, item=row, facts=_facts(values))

    def list_address(self, row: CodeItem) -> str:
        listed = reverse("admin:records_codeitem_changelist")
        return listed + chosen("code_list__code", row.code_list_id)


KEPT = ("code_list", "code", "valid_from")


def _facts(said: dict[str, Any]) -> CodeFacts:
    return CodeFacts(
        name=said["name"],
        position=said["position"],
        valid_from=cast("date | None", said.get("valid_from")),
        valid_to=said["valid_to"],
        confidence=said["confidence"],
    )
