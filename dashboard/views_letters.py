"""What I am told and how, which e-mails were sent to me, and the state of sending."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.forms import NoticeChoicesForm
from dashboard.letters import letters_of, sending_state
from dashboard.models import NoticeKind
from dashboard.notices import rules
from dashboard.notices.choosing import choose
from dashboard.notices.letterbox import hours_of
from dashboard.notices.mail import send_again
from dashboard.notices.preview import preview
from dashboard.notices.telling import choices_of
from security import audit, letters
from security.http import form_status, require_action, signed_in
from security.models import User
from security.places import STATE_ACTIONS
from security.scope import may

MANAGE = "security.manage_access"
A_PAGE = 50


@require_http_methods(["GET", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    """One's own choices. A script asks with ``?preview=1`` what would come of them; nothing is kept."""
    user = signed_in(request)
    ways = choices_of({user.pk}).get(user.pk, {})
    hours = hours_of([user.pk]).get(user.pk, rules.Hours())
    trying = request.GET if request.GET.get("preview") else None
    form = NoticeChoicesForm(request.POST or trying, ways=ways, hours=hours)
    if request.method == "POST" and form.is_valid():
        choose(user=user, ways=form.ways(), hours=form.hours(), now=timezone.now())
        messages.success(request, _("Kept. It holds from now on, also for what waits to be sent."))
        return redirect("notice_choices")
    now_wanted = {kind.value: rules.chosen_way(kind, ways) for kind in NoticeKind}
    wanted = (form.ways(), form.hours()) if form.is_bound and form.is_valid() else None
    context = {
        "form": form,
        "preview": preview(*(wanted or (now_wanted, hours)), reached=_reached(user)),
        "configured": letters.configured(),
    }
    part = "dashboard/notice_choices.html" + ("#preview" if trying and _by_script(request) else "")
    return render(request, part, context, status=form_status(request, form))


def _reached(user: User) -> bool:
    return letters.configured() and bool(user.email)


def _by_script(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]


@require_GET
def deliveries(request: HttpRequest) -> HttpResponse:
    """Every e-mail that was prepared for this person, and what became of it."""
    page = Paginator(letters_of(signed_in(request)), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "dashboard/notice_deliveries.html", {"page": page})


@require_GET
@require_action(*STATE_ACTIONS)
def sending(request: HttpRequest) -> HttpResponse:
    """Counts, codes and times alone: whom a letter was for does not concern whoever mends it."""
    user, state = signed_in(request), sending_state(timezone.now())
    audit.record("state.read", actor=user, reason=f"letters failed {state.failed}")
    context = {"state": state, "may_mend": _may_mend(user)}
    return render(request, "dashboard/notice_sending.html", context)


def _may_mend(user: User) -> bool:
    return may(user, MANAGE)


@require_POST
@require_action(MANAGE)
def again(request: HttpRequest) -> HttpResponse:
    unsure = request.POST.get("which") == "unsure"
    done = send_again(actor=signed_in(request), now=timezone.now(), unsure=unsure)
    said = ngettext(
        "%(n)d e-mail waits to be sent again.", "%(n)d e-mails wait to be sent again.", done
    )
    messages.success(request, said % {"n": done})
    return redirect("notice_sending")
