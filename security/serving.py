"""Stored bytes as an answer: whole or a range of them, proven before the first byte goes out."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from security import blobs, watermark
from security.crypto import DamagedError
from security.keyring import KeyMissingError

log = logging.getLogger(__name__)
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
SEALED = {
    "Cache-Control": "no-store, private",
    "X-Content-Type-Options": "nosniff",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",  # the address bears a link
}


class UnsatisfiableError(Exception):
    """The range lies behind the end."""


class Part:
    """The bytes from ``start`` up to ``end`` of an open file, in pieces; the answer closes it."""

    def __init__(self, opened: BinaryIO, *, size: int) -> None:
        self._opened = opened
        self.size, self.start, self.end = size, 0, size

    def choose(self, asked: str) -> None:
        """Take the range of a header."""
        self.start, self.end = _range(asked, self.size)

    def __iter__(self) -> Iterator[bytes]:
        self._opened.seek(self.start)
        left = self.end - self.start
        while left and (piece := self._opened.read(min(left, blobs.PIECE))):
            left -= len(piece)
            yield piece

    def close(self) -> None:
        self._opened.close()


def blob_answer(request: HttpRequest, blob: str, *, content_type: str) -> HttpResponseBase:
    """The bytes of a blob, or the one range that was asked for. The caller has asked the filter.

    Raises Http404 without a blob. A damaged file, or one whose key is missing, answers 500 with a
    sentence and gives nothing of itself.
    """
    if not blob:
        raise Http404
    try:
        opened = blobs.open_blob(blob)
    except FileNotFoundError as error:
        raise Http404 from error
    except (DamagedError, KeyMissingError) as error:
        return _spoilt(blob, error)
    part = Part(opened, size=opened.seek(0, io.SEEK_END))
    try:
        part.choose(request.headers.get("Range", ""))
        blobs.prove(opened, part.start, part.end)
    except DamagedError as error:
        part.close()
        return _spoilt(blob, error)
    except UnsatisfiableError:
        part.close()
        return HttpResponse(status=416, headers={**SEALED, "Content-Range": f"bytes */{part.size}"})
    return _answer(part, content_type)


def marked_answer(blob: str, lines: Sequence[str]) -> HttpResponseBase:
    """A picture with these lines burned in, whole. Raises Http404 without a blob."""
    if not blob:
        raise Http404
    try:
        with blobs.open_blob(blob) as opened:
            marked = watermark.burn(opened.read(), lines)
    except FileNotFoundError as error:
        raise Http404 from error
    except (DamagedError, KeyMissingError, watermark.UnreadableImageError) as error:
        return _spoilt(blob, error)
    return HttpResponse(marked, content_type="image/jpeg", headers=SEALED)


def _answer(part: Part, content_type: str) -> StreamingHttpResponse:
    length = part.end - part.start
    answer = StreamingHttpResponse(
        part,
        content_type=content_type,
        headers={**SEALED, "Accept-Ranges": "bytes", "Content-Length": str(length)},
    )
    if length < part.size:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{part.size}"
    return answer


def _range(asked: str, size: int) -> tuple[int, int]:
    """First byte and the one behind the last. Several ranges, or nonsense: the whole (RFC 9110)."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return 0, size
    first, last = found[1], found[2]
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if first and last and int(last) < int(first):
        return 0, size
    if start >= end:
        raise UnsatisfiableError
    return start, end


def _spoilt(blob: str, error: Exception) -> HttpResponse:
    log.error("blob %s…: %s", blob[:12], error)
    said = _(
        "This file cannot be shown: it is damaged, or its key is missing. Tell the administrator."
    )
    return HttpResponse(said, status=500, content_type="text/plain; charset=utf-8", headers=SEALED)
