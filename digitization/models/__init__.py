from digitization.models.exports import PageExport
from digitization.models.lots import Document, Dossier, IndexValue, Lot, LotCounter
from digitization.models.pages import OcrJob, Page, SourceFile
from digitization.models.programmes import DocumentType, IndexField, Programme, ProgrammeStep

__all__ = [
    "Document",
    "DocumentType",
    "Dossier",
    "IndexField",
    "IndexValue",
    "Lot",
    "LotCounter",
    "OcrJob",
    "Page",
    "PageExport",
    "Programme",
    "ProgrammeStep",
    "SourceFile",
]
