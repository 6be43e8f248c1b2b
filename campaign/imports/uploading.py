"""An uploaded workbook becomes a sheet of cells, or a sentence that says why not."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from digitization.ocr import children
from digitization.ocr.refusal import RefusedFile
from digitization.ocr.workbook import Sheet
from security.services import Problem, RefusedError

MOST_BYTES = 5 * 2**20
LONGEST_NAME = 160


def sheet_from(upload: UploadedFile[Any]) -> Sheet:
    """The cells of the first sheet. A limited child parses the file; it is not kept.

    Raises RefusedError with one sentence for a person.
    """
    if upload.size is not None and upload.size > MOST_BYTES:
        raise _refused("table_large", limit=MOST_BYTES // 2**20)
    if not (upload.name or "").lower().endswith(".xlsx"):
        raise _refused("table_ending")
    with tempfile.TemporaryFile() as held:
        for chunk in upload.chunks():
            held.write(chunk)
        held.flush()
        try:
            return children.tabulate(Path(f"/proc/self/fd/{held.fileno()}"))
        except RefusedFile as error:
            raise _refused(error.code, **error.params) from error


def clean_name(name: str) -> str:
    """The file's own name, short and of letters that can be seen."""
    seen = "".join(letter for letter in name if letter.isprintable()).strip()
    return seen[-LONGEST_NAME:] or "?"


def _refused(code: str, **params: int) -> RefusedError:
    sentences = {
        "empty": _("The file is empty."),
        "table_large": _("The file is larger than %(limit)s MB; a table of tasks is not."),
        "table_ending": _("The name must end in .xlsx: save the table as an Excel workbook."),
        "table_protected": _(
            "The file is protected by a password or in the format of Excel 97: save it as an"
            " Excel workbook (.xlsx) without protection."
        ),
        "not_a_table": _("This is no Excel workbook (.xlsx)."),
        "table_macros": _(
            "The file contains macros or other files: save it as .xlsx without them."
        ),
        "damaged": _("The file is damaged or cut off: open it in Excel and save it again."),
        "table_unfolds": _(
            "The file unfolds to far more than a table of tasks: copy the table into a new workbook."
        ),
        "table_rows": _(
            "The table has %(rows)s rows; %(limit)s are taken at once. Split it into several files."
        ),
        "table_columns": _(
            "There are cells to the right of column BH (%(limit)s columns): remove them."
        ),
        "table_long": _("The table has more text than is taken at once: split it."),
    }
    sentence = sentences.get(code, sentences["damaged"])
    return RefusedError(Problem(code, sentence % params if params else sentence))
