"""Fields of the task pages: several files at once, one thing per line, one line that is long."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from campaign.services import Sent
from campaign.services.attaching import MEDIA_TYPES


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files; ``clean`` gives what the services take."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", _("Photo, PDF, Word, Excel, PowerPoint …; 40 MB each."))
        # Named by their kind, so that a phone offers its camera.
        kinds = sorted({"image/jpeg", "image/png", *MEDIA_TYPES})
        widget = SeveralFiles(attrs={"accept": ",".join(kinds)})
        super().__init__(widget=widget, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Sent]:
        given: Iterable[Any] = data if isinstance(data, list | tuple) else [data]
        found = [super(FilesField, self).clean(one, initial) for one in given if one]
        if not found and self.required:
            super().clean(None, initial)
        return [
            Sent(one.name or "", one.chunks()) for one in found if isinstance(one, UploadedFile)
        ]


class LinesField(forms.CharField):
    """One thing per line."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> tuple[str, ...]:
        lines = str(super().clean(value) or "").splitlines()
        return tuple(text for one in lines if (text := one.strip()))


class OneLineField(forms.CharField):
    """A text without line breaks in a field of several lines, so that all of it is seen."""

    def __init__(self, *, rows: int = 2, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())
