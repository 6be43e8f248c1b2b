import pytest

from digitization import services
from digitization.models import Page
from digitization.ocr import Word
from digitization.proposals import file_proposals, proposed, suggestions_for
from tests.digitization.make import NOW, make_dossier, make_pages, make_room

FORM = (
    "1. Họ và tên: LÊ THỊ HƯỜNG",
    "2. Giới tính: Nữ",
    "3. Ngày sinh: 02/08/1977",
    "4. Số CCCD: 099177000123",
    "5. Dân tộc: Kinh",
)


def words(*lines: str) -> list[Word]:
    return [
        Word(text=text, x=100 * at, y=40 * row, w=90, h=30, confidence=88.0, line=row)
        for row, line in enumerate(lines)
        for at, text in enumerate(line.split())
    ]


def test_a_form_proposes_what_it_says() -> None:
    found = {row[0]: row[1] for row in proposed(words(*FORM))}
    assert found["ho_ten"] == "LÊ THỊ HƯỜNG"
    assert found["so_cccd"] == "099177000123"


def test_running_text_proposes_nothing() -> None:
    assert proposed(words("Ngày sinh của đồng chí ghi trong lý lịch: xem kèm theo")) == []
    assert proposed(words("a: b", "c: d", "e: f", "g: h", "i: k", "l: m")) == []


@pytest.mark.django_db
def test_suggestions_come_from_the_first_page_that_has_them_until_confirmed() -> None:
    room = make_room()
    dossier = make_dossier(room)
    first, second = make_pages(dossier, 2, state="done")
    Page.objects.filter(pk=first.pk).update(proposals=[["ho_ten", "Lê Thị Hường", 88, 1, 2, 3, 10]])
    Page.objects.filter(pk=second.pk).update(
        proposals=[
            ["ho_ten", "Người khác", 90, 0, 0, 1, 1],
            ["so_cccd", "099177000123", 70, 0, 0, 1, 1],
        ]
    )
    found = suggestions_for(dossier, {"ho_ten", "so_cccd"}, room.operator)
    assert (found["ho_ten"].value, found["ho_ten"].page_id) == ("Lê Thị Hường", first.pk)
    assert found["so_cccd"].confidence == 70
    assert file_proposals(dossier.pages.order_by("number"))["ho_ten"] == "Lê Thị Hường"
    assert suggestions_for(dossier, set(), room.operator) == {}
    assert not dossier.index_values.exists()  # a proposal is not data
    services.set_index_value(
        actor=room.operator, dossier=dossier, key="full_name", value="Lê Thị Hường", now=NOW
    )
    assert dossier.index_values.count() == 1
