"""One sweeper of ``bench sweep``: what the clock's worker does, in a process that can be killed.

    python -m config.bench.sweeper NAME_OF_THE_DATABASE

Sweeps and tells until nothing is left that is due, then ends. Its letters are prepared and wait:
it sends none, and knows no mail server.
"""

import os
import sys

import django


def main(database: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["EMAIL_URL"] = "memorymail://"
    django.setup()
    from django.db import connection  # noqa: PLC0415 - needs the settings
    from django.utils import timezone  # noqa: PLC0415

    from campaign.services import sweep_lights  # noqa: PLC0415
    from dashboard.notices.telling import tell  # noqa: PLC0415

    connection.settings_dict["NAME"] = database
    while sweep_lights(now=timezone.now()) + tell(now=timezone.now()):
        pass


if __name__ == "__main__":
    main(sys.argv[1])
