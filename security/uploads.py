"""Request bodies on their way in: files that no killed process can leave behind."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class LostFile(UploadedFile):  # type: ignore[type-arg]
    """A file that found no room: whoever reads it gets the error, and can say so to a person."""

    error: OSError

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        raise self.error

    def read(self, *_args: object) -> bytes:
        raise self.error


class NamelessUploadHandler(FileUploadHandler):
    """Keeps what is too large for memory in a temporary file without a name.

    Django's own handler writes ``*.upload`` files in plain; they stay when the process is killed.
    Of a file that is larger than anything we take, only so much is kept as proves it.
    """

    file: UploadedFile[Any]

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        held = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the request
        self.file = UploadedFile(
            held, self.file_name, self.content_type, 0, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start > settings.UPLOAD_KEPT_BYTES or isinstance(self.file, LostFile):
            return
        try:
            self.file.write(raw_data)
        except OSError as error:
            self.file.close()
            self.file = LostFile(io.BytesIO(), self.file_name, self.content_type)
            self.file.error = error

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        if not isinstance(self.file, LostFile):
            self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()
