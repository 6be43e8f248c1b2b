"""Forms that write what is agreed: a new task, its change, its products, a part taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaign.forms.deeds import DayInput
from campaign.forms.fields import LinesField, OneLineField
from campaign.forms.picking import MANAGE, OwnerField, PlacedForm
from campaign.forms.seen import SeenForm
from campaign.models import Block, Campaign, MatrixRow, Phase, Product, Task, TaskGroup
from campaign.rules import end_of, last_day
from campaign.services import NewProduct
from campaign.services.agreeing import TITLE_AT_MOST
from security.forms.unit_field import UnitField
from security.models import User

TEXT_AT_MOST = 5000
PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (pgettext_lazy("six clears", "Task"), ("title", "kind", "focus")),
    (pgettext_lazy("six clears", "Person"), ("owner", "unit")),
    (pgettext_lazy("six clears", "Responsibility"), ("responsibility",)),
    (pgettext_lazy("six clears", "Process"), ("process", "check_text")),
    (pgettext_lazy("six clears", "Time"), ("start", "deadline")),
    (pgettext_lazy("six clears", "Product"), ("products",)),
    (_("Place in the plan"), ("group", "phase", "matrix_row", "block")),
    (_("Risk and notes"), ("risk", "handling", "note")),
)
SHORT = frozenset({"start", "group"})  # they and their neighbours stand side by side
PLACES = {
    "title_long": "title",
    "owner_left": "owner",
    "dissolved_lead": "unit",
    "deadline_past": "deadline",
    "before_start": "deadline",
    "product_title": "products",
    "other_campaign": "group",
}


def _text(label: Any, *, rows: int = 2, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=TEXT_AT_MOST,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows}),
    )


class TaskForm(PlacedForm):
    """What may be agreed on a draft. Everything but the title may still be missing."""

    places: ClassVar[dict[str, str]] = PLACES

    title = OneLineField(
        label=_("Title"), help_text=_("What is to be done; 200 characters at most.")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Task.Kind.choices, initial=Task.Kind.WEEK)
    focus = forms.CharField(label=_("Focus"), required=False, max_length=200)
    owner = OwnerField(label=_("Owner"), required=False)
    unit = UnitField(MANAGE, label=_("Lead unit"))
    responsibility = _text(_("Responsibility"), help_text=_("What the lead unit answers for."))
    process = _text(
        _("Process"), rows=3, help_text=_("How it is done: a process or a description.")
    )
    check_text = _text(_("How it is checked"))
    start = forms.DateField(label=_("Start"), required=False, widget=DayInput())
    deadline = forms.DateField(
        label=_("Last day"),
        required=False,
        help_text=_("The day counts in full."),
        widget=DayInput(),
    )
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=TaskGroup.objects.none(), required=False
    )
    phase = forms.ModelChoiceField(label=_("Week"), queryset=Phase.objects.none(), required=False)
    matrix_row = forms.ModelChoiceField(
        label=_("Matrix row"), queryset=MatrixRow.objects.none(), required=False
    )
    block = forms.ModelChoiceField(label=_("Block"), queryset=Block.objects.none(), required=False)
    risk = _text(_("Risk"))
    handling = _text(_("Handling of the risk"))
    note = _text(_("Note"))

    def __init__(
        self,
        *args: Any,
        actor: User,
        campaign: Campaign,
        there: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        unit, owner = self.fields["unit"], self.fields["owner"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        assert isinstance(owner, OwnerField)  # noqa: S101 - for the type checker
        unit.offer_to(actor)
        owner.offer(actor, there=there)
        choices: dict[str, Any] = {
            "group": campaign.taskgroups,
            "phase": campaign.phases,
            "matrix_row": campaign.matrixrows,
            "block": campaign.blocks,
        }
        for name, rows in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = rows.all()

    def parts(self) -> Iterator[tuple[Any, list[BoundField], bool]]:
        """(heading, fields, whether they are short) of the six clear things, then of the rest."""
        for legend, names in PARTS:
            if found := [self[name] for name in names if name in self.fields]:
                yield legend, found, not SHORT.isdisjoint(names)

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if len(title) > self.title_at_most:
            raise forms.ValidationError(
                _("This title has %(n)d characters; %(most)d at most.")
                % {"n": len(title), "most": self.title_at_most}
            )
        return title

    @property
    def title_at_most(self) -> int:
        return TITLE_AT_MOST

    @property
    def agreed(self) -> dict[str, Any]:
        """The valid form as the services take it."""
        data = dict(self.cleaned_data)
        if "deadline" in data:
            day = data["deadline"]
            data["deadline"] = end_of(day, before=False) if day else None
        return data


class NewTaskForm(TaskForm):
    products = LinesField(
        label=_("Products"), required=False, help_text=_("One per line; criteria can follow later.")
    )

    @property
    def agreed(self) -> dict[str, Any]:
        data = super().agreed
        data["products"] = [NewProduct(title) for title in data["products"]]
        return data


NEEDED = ("responsibility", "process")  # what a running task cannot be without


class EditTaskForm(TaskForm):
    """A task that exists. ``version`` and ``seen`` say which one its editor had before him."""

    version = forms.IntegerField(widget=forms.HiddenInput(), min_value=1, max_value=2**31 - 1)
    seen = forms.IntegerField(
        widget=forms.HiddenInput(), required=False, min_value=0, max_value=2**31 - 1
    )
    # Who and when: a running task goes to others by a hand-over, its dates move by a decision.
    in_draft_only = ("kind", "owner", "unit", "start", "deadline")

    def __init__(self, *args: Any, task: Task, **kwargs: Any) -> None:
        self.task = task
        super().__init__(
            *args,
            campaign=task.campaign,
            there=task.owner_id,
            **{"initial": first_values(task), **kwargs},
        )
        if task.state != Task.State.DRAFT:
            for name in self.in_draft_only:
                del self.fields[name]
            for name in NEEDED:
                self.fields[name].required = True
        elif not task.lead_named:
            self.fields["unit"].required = False

    @property
    def title_at_most(self) -> int:
        return max(TITLE_AT_MOST, len(self.task.title))  # the plan prints longer ones

    @property
    def agreed(self) -> dict[str, Any]:
        data = super().agreed
        for name in ("version", "seen"):
            data.pop(name)
        if not data.get("unit"):  # nobody has named the lead yet, and it stays so
            data.pop("unit", None)
        return data


def first_values(task: Task) -> dict[str, Any]:
    """What a form on this task begins with."""
    names = [name for _legend, part in PARTS for name in part if name != "products"]
    found = {name: getattr(task, name) for name in names}
    found["deadline"] = last_day(task.deadline) if task.deadline else None
    found["unit"] = task.unit if task.lead_named else None
    return found


class CompleteForm(SeenForm):
    """What most drafts still lack, on their own page; the rest stands in the edit form."""

    owner = OwnerField(label=_("Owner (người)"), required=False)
    responsibility = _text(_("Responsibility (trách nhiệm)"))
    process = _text(_("Process (quy trình)"))

    def __init__(self, *args: Any, task: Task, actor: User, newest: int = 0, **kwargs: Any) -> None:
        first = {name: getattr(task, name) for name in ("version", "owner", *NEEDED)}
        super().__init__(*args, **{"initial": {**first, "seen": newest}, **kwargs})
        owner = self.fields["owner"]
        assert isinstance(owner, OwnerField)  # noqa: S101 - for the type checker
        owner.offer(actor, there=task.owner_id)

    @property
    def agreed(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("owner", *NEEDED)}


class ProductForm(SeenForm):
    """One product; the date of its own only while the task is a draft."""

    places: ClassVar[dict[str, str]] = {
        "product_title": "title",
        "mandatory": "title",
        "deadline_past": "deadline",
        "deadline_runs": "deadline",
        "after_task": "deadline",
    }

    title = OneLineField(label=_("Product"), max_length=TEXT_AT_MOST)
    criteria = LinesField(
        label=_("Criteria"),
        required=False,
        help_text=_("One per line, each checkable on its own."),
    )
    deadline = forms.DateField(
        label=_("Its own last day"),
        required=False,
        help_text=_("Empty: together with the task."),
        widget=DayInput(),
    )

    def __init__(
        self,
        *args: Any,
        task: Task,
        product: Product | None = None,
        newest: int = 0,
        **kwargs: Any,
    ) -> None:
        first: dict[str, Any] = {}
        if product is not None:
            first = {"title": product.title, "criteria": product.criteria}
            first["deadline"] = last_day(product.deadline) if product.deadline else None
            first |= {"version": task.version, "seen": newest}
        super().__init__(*args, **{"initial": first, **kwargs})
        self.product = product
        if product is None:  # one more replaces nothing
            del self.fields["version"], self.fields["seen"]
        elif task.state != Task.State.DRAFT:
            del self.fields["deadline"]

    @property
    def wanted(self) -> NewProduct:
        day = self.cleaned_data.get("deadline")
        deadline = end_of(day, before=False) if day else None
        if self.product is not None and "deadline" not in self.fields:
            deadline = self.product.deadline
        data = self.cleaned_data
        return NewProduct(data["title"], tuple(data["criteria"]), deadline)


class SplitForm(PlacedForm):
    """What is taken out of a task: its name, who leads it, the products that go along."""

    places: ClassVar[dict[str, str]] = {
        **PLACES,
        "handed_in": "products",
        "last_product": "products",
        "mandatory": "products",
        "overdue": "products",
    }

    title = OneLineField(
        label=_("Title of the new task"),
        max_length=TITLE_AT_MOST,
        help_text=_("What is to be done; 200 characters at most."),
    )
    unit = UnitField(MANAGE, label=_("Lead unit"))
    products = forms.ModelMultipleChoiceField(
        label=_("Products that go along"),
        queryset=Product.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, task: Task, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"unit": task.unit}, **kwargs})
        unit, products = self.fields["unit"], self.fields["products"]
        assert isinstance(unit, UnitField)  # noqa: S101 - for the type checker
        assert isinstance(products, forms.ModelMultipleChoiceField)  # noqa: S101 - likewise
        unit.offer_to(actor)
        free = task.products.filter(submissions=None, checklist_code="")
        products.queryset = free
        if not free.exists():
            del self.fields["products"]


class ReasonForm(PlacedForm):
    """Something that needs a reason and nothing else."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
