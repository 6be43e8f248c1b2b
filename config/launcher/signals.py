"""Ctrl-C and SIGTERM end the launcher in order, wherever it stands."""

import signal
from types import FrameType

from config.launcher.children import Stop

# A worker first finishes the page it reads; after that its children are told to drop their work,
# which is safe: the job's lease expires and the page is read again.
TERM_THEN_QUIT: Stop = ((signal.SIGTERM, 8.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AskedToStop(BaseException):
    """Somebody asked; no error. Not an Exception, so that nothing on the way swallows it."""


def obey() -> None:
    """The first such signal raises AskedToStop; further ones do not disturb the tidying up."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise AskedToStop

    for number in ENDING:
        signal.signal(number, stop)
