"""Names of the actions for people; the codes are what services and roles.yaml use."""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "campaign.view": _("See tasks"),
    "campaign.board": _("Open the leaders' board"),
    "campaign.manage": _("Run the campaign: complete and activate tasks"),
    "campaign.report": _("Report progress"),
    "campaign.submit": _("Hand in products"),
    "campaign.accept": _("Grade products of other units"),
    "campaign.approve_deadline": _("Approve a moved deadline"),
    "campaign.judge": _("Judge a light differently, with a reason"),
    "records.view": _("Read member and cadre records"),
    "records.view_own": _("Read one's own record"),
    "records.edit": _("Change records"),
    "digitization.view": _("See scans and their text"),
    "digitization.upload": _("Upload scans"),
    "digitization.correct": _("Correct recognised text and index data"),
    "digitization.manage": _("Open programmes and lots"),
    "digitization.inspect": _("Accept or return lots"),
    "security.manage_access": _("Give and end roles"),
    "security.view_trail": _("Read the audit trail"),
}
