"""The project's own scan set: complete, small, image-only, and reproducible from its seed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings

from config.demo.scans.__main__ import SEED, ground_truth
from config.demo.scans.plan import PAPERS, Paper, sides_of

SET = Path(settings.BASE_DIR) / "digitization" / "demo_scans"


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SET / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def test_manifest_names_every_file_and_no_other() -> None:
    documents = manifest()["documents"]
    listed = {"manifest.json"} | {document["pdf"] for document in documents}
    listed |= {document["fields"] for document in documents if document["fields"]}
    listed |= {f"gt/{page['id']}.txt" for document in documents for page in document["pages"]}
    found = {str(path.relative_to(SET)) for path in SET.rglob("*") if path.is_file()}
    assert found == listed
    for document in documents:
        digest = hashlib.sha256((SET / document["pdf"]).read_bytes()).hexdigest()
        assert digest == document["sha256"], document["doc"]


def test_set_is_small_and_covers_the_usual_damage() -> None:
    pages = [page for document in manifest()["documents"] for page in document["pages"]]
    assert sum(path.stat().st_size for path in SET.rglob("*") if path.is_file()) < 8_000_000
    assert 30 <= len(pages) <= 40
    damage = {page["degradation"] for page in pages}
    usual = {"skew", "faded", "yellow", "noise", "seal", "bleed", "blank", "rot90", "rot180"}
    assert usual <= damage
    assert {page["kind"] for page in pages} == {"phieu", "syll", "text", "table", "blank"}


def test_blank_pages_say_nothing_and_the_others_something() -> None:
    for document in manifest()["documents"]:
        for page in document["pages"]:
            text = (SET / "gt" / f"{page['id']}.txt").read_text(encoding="utf-8")
            assert (text == "") == (page["kind"] == "blank")
            assert page["chars"] == sum(1 for letter in text if not letter.isspace())


def test_pdfs_are_images_without_a_text_layer() -> None:
    for document in manifest()["documents"]:
        if not document["pdf"].endswith(".pdf"):
            continue
        with pikepdf.open(SET / document["pdf"]) as pdf:
            assert len(pdf.pages) == len(document["pages"])
            for page in pdf.pages:
                assert "/Font" not in page.Resources
                assert b"Tj" not in page.Contents.read_bytes()
                assert len(page.Resources.XObject) == 1


def test_every_paper_says_that_it_is_invented() -> None:
    papers = sorted((SET / "gt").glob("*.txt"))
    assert len(papers) == 33
    for path in papers:
        text = path.read_text(encoding="utf-8")
        assert not text or "DỮ LIỆU GIẢ ĐỊNH" in text, path.name


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.stem)
def test_generator_reproduces_the_ground_truth(paper: Paper) -> None:
    assert manifest()["seed"] == SEED
    for name, content in ground_truth(paper, sides_of(paper, SEED), SEED).items():
        assert (SET / name).read_text(encoding="utf-8") == content, name
