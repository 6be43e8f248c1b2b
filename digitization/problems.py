"""Every refusal of this floor: a stable code and one clear sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _

from security.services import Problem, RefusedError


def problem(code: str, **params: object) -> Problem:
    """The problem of this code; ``params`` fill its sentence."""
    sentences = {
        **_gate_sentences(),
        **_file_sentences(),
        **_value_sentences(),
        **_export_sentences(),
    }
    sentence = sentences.get(code) or _("This is not possible here.")
    return Problem(code, sentence % params if params else sentence)


def refused(*codes: str, **params: object) -> RefusedError:
    """The error to raise, with one problem per code."""
    return RefusedError(*(problem(code, **params) for code in codes))


def condition(code: str) -> str:
    """What must be so for this problem not to arise: a line of a gate's list."""
    return {
        "lot_empty": _("The lot has pages"),
        "pages_unread": _("Every page was tried"),
        "pages_failed": _("Every page is read or excused"),
        "index_missing": _("Every dossier has its minimum index data"),
        "own_work": _("Somebody accepts who did not work on it"),
    }[code]


def _gate_sentences() -> dict[str, str]:
    return {
        "no_catalogue": _("The programme has no catalogue with expected counts yet."),
        "no_lead_unit": _("The programme has no lead unit yet."),
        "no_focal_person": _("The programme has no focal person yet."),
        "step_closed": _("This step is closed already."),
        "step_1_open": _("Step 1 of the programme must be closed first."),
        "not_focal": _("Only somebody with an open account, on a unit that you run, can be named."),
        "foreign_unit": _("A lot lies in the programme's lead unit or below it."),
        "lot_exists": _("The programme already has a lot with this code."),
        "not_operator": _("This person may not upload scans in this unit."),
        "lot_not_open": _("This lot is not open."),
        "lot_not_rejected": _("This lot was not rejected."),
        "lot_empty": _("This lot has no pages yet."),
        "pages_unread": _("Some pages are still waiting to be read."),
        "pages_failed": _("Some pages could not be read: retry or excuse them."),
        "index_missing": _("Minimum index data is missing; images alone cannot be accepted."),
        "no_operator": _("This lot has no operator yet."),
        "own_work": _("Nobody accepts a lot he worked on himself."),
        "not_all_seen": _("Only somebody who may see everything in a lot can accept it."),
        "reason_missing": _("Please give a reason."),
        "dossier_exists": _("This dossier code cannot be used; choose another."),
        "code_missing": _("Please give a code."),
        "no_open_lot": _("No open lot is assigned to this person; a new dossier has no place."),
        "hidden_field": _("You may not change a field that you may not read."),
        "page_not_failed": _("Only a page that failed can be excused."),
        "page_changed": _("Somebody changed this page meanwhile; your text was not saved."),
    }


def _file_sentences() -> dict[str, str]:
    return {
        "empty": _("The file is empty."),
        "not_a_scan": _("This is not a PDF, TIFF, JPEG or PNG file."),
        "encrypted": _("The file is protected by a password; send it without protection."),
        "damaged": _("The file is damaged or cut off; scan or export it again."),
        "no_pages": _("The file has no pages."),
        "too_many_pages": _("The file has more than 2,000 pages; split it."),
        "page_too_large": _("Page %(page)s is absurdly large; scan it at its real size."),
        "active_content": _("The PDF contains scripts or attachments; send scanned pages only."),
        "reaches_out": _("The PDF points to other files or addresses; send scanned pages only."),
        "too_demanding": _("No scan takes so much to open; scan or export the paper again."),
        "two_kinds": _("The file is two things at once, such as a picture and an archive."),
        "bad_ending": _("The name must end in .pdf, .tif, .tiff, .jpg, .jpeg or .png."),
        "wrong_ending": _("The name and the content differ: one says PDF, the other a picture."),
        "disk_full": _("There is no room for this file here now; tell the administrator."),
        "no_such_page": _("The file does not have this page."),
        "page_unreadable": _("The image of this page cannot be read."),
        "engine": _("The reading program failed on this page or took too long."),
        "exhausted": _("Reading this page took more memory or time than one page may take."),
        "worker_lost": _("The worker stopped while reading this page, several times."),
        "file_missing": _("The stored file cannot be opened."),
        "file_damaged": _("The stored file is damaged; restore it from a backup."),
        "key_missing": _("The key of the stored file is missing on this machine."),
        "unexpected": _("Something unexpected happened while reading this page."),
    }


def _export_sentences() -> dict[str, str]:
    return {
        "nothing_to_export": _("There is no page that was read and that you may export."),
        "export_too_large": _("At most %(limit)s pages at a time; choose fewer dossiers."),
        "purpose_missing": _("Please choose what it is for."),
        "not_allowed": _("Your role does not allow this here."),
        "second_person": _("Nobody approves his own export."),
        "export_decided": _("This request has been decided already."),
        "export_over": _("This export is over."),
        "export_not_failed": _("Only a failed export can be tried again."),
        "export_not_ready": _("This export cannot be downloaded (any more)."),
        "export_refused_by_store": _(
            "The finished file could not be kept: too large, or too high."
        ),
        "export_worker_lost": _("The worker stopped while making this file, several times."),
        "access_wavered": _("The access to a page was away for a moment; try again."),
        "disk": _("The disk did not take the file; try again later."),
        "export_unexpected": _("Something unexpected happened while making this file."),
    }


def _value_sentences() -> dict[str, str]:
    return {
        "unknown_field": _("The programme does not know this index field."),
        "value_missing": _("Please fill in this field."),
        "value_too_long": _("This value is too long (300 characters at most)."),
        "not_identity": _("An identity number has exactly 12 digits."),
        "not_number": _("This must be a whole number."),
        "not_date": _("Please write the date as dd/mm/yyyy."),
    }
