"""Write the index fields that recognition proposes, one file per scan."""

from __future__ import annotations

import json
from pathlib import Path

from config.management.export import ExportCommand
from digitization.fields import readable_keys
from digitization.models import Dossier
from digitization.proposals import file_proposals
from digitization.selectors.export import pages_by_file
from security.models import User


class Command(ExportCommand):
    help = "Proposed index fields of a dossier as STEM.json per source file: {key: value}."
    what = "export_fields"

    def write(self, dossier: Dossier, out: Path, user: User | None) -> int:
        written = 0
        for source, pages in pages_by_file(dossier, user):
            values = file_proposals(pages)
            if user is not None:
                readable = readable_keys(user, dossier, values)
                values = {key: value for key, value in values.items() if key in readable}
            content = json.dumps(values, ensure_ascii=False, indent=1)
            (out / f"{source.stem}.json").write_text(content, "utf-8")
            written += 1
        return written
