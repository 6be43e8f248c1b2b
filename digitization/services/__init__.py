"""Every write of this floor. Verbs, keyword-only, one transaction each."""

from digitization.services.export_ends import note_download, sweep_exports
from digitization.services.exports import (
    approve_export,
    ask_export,
    cancel_export,
    refuse_export,
    retry_export,
)
from digitization.services.indexing import classify_file, set_index_value
from digitization.services.lots import (
    accept_lot,
    assign_lot,
    create_lot,
    open_dossier,
    reject_lot,
    reopen_lot,
)
from digitization.services.pages import correct_text, excuse_page, retry_failed
from digitization.services.programmes import (
    close_step_1,
    create_programme,
    set_expected,
    set_focal_person,
)
from digitization.services.receiving import FileReceipt, receive_file

__all__ = [
    "FileReceipt",
    "accept_lot",
    "approve_export",
    "ask_export",
    "assign_lot",
    "cancel_export",
    "classify_file",
    "close_step_1",
    "correct_text",
    "create_lot",
    "create_programme",
    "excuse_page",
    "note_download",
    "open_dossier",
    "receive_file",
    "refuse_export",
    "reject_lot",
    "reopen_lot",
    "retry_export",
    "retry_failed",
    "set_expected",
    "set_focal_person",
    "set_index_value",
    "sweep_exports",
]
