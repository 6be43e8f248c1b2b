"""Forms that replace what somebody else may have changed since they were opened."""

from __future__ import annotations

from typing import Any

from django import forms

from campaign.forms.picking import PlacedForm
from security.services import RefusedError

MEANWHILE = "changed_meanwhile"


class SeenForm(PlacedForm):
    """``version`` and ``seen``: the task, and the newest row of its history, as its editor saw them.

    overtaken: the service refused because somebody else saved since then.
    """

    version = forms.IntegerField(widget=forms.HiddenInput(), min_value=1, max_value=2**31 - 1)
    seen = forms.IntegerField(
        widget=forms.HiddenInput(), required=False, min_value=0, max_value=2**31 - 1
    )
    overtaken = False

    def refuse(self, error: RefusedError) -> None:
        self.overtaken = any(problem.code == MEANWHILE for problem in error.problems)
        super().refuse(error)

    def renew(self, version: int, newest: int) -> None:
        """Ask the editor again beside this version, with what he typed still there."""
        sent: Any = self.data
        anew = sent.copy()
        anew["version"], anew["seen"] = str(version), str(newest)
        self.data = anew

    def said(self, name: str) -> Any:
        """``version`` or ``seen`` as it was sent."""
        return self.cleaned_data.get(name)
