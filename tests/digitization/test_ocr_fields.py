"""Proposals for index fields out of read words."""

import pytest

from digitization.ocr.fields import propose, values
from digitization.ocr.types import Word


def make_words(*lines: str) -> list[Word]:
    """Words of lines as they stand on a page, a letter 20 pixels wide."""
    words = []
    for number, line in enumerate(lines):
        x = 200
        for text in line.split():
            words.append(
                Word(
                    text=text, x=x, y=400 + 90 * number, w=20 * len(text), h=40,
                    confidence=90.0, line=number,
                )
            )  # fmt: skip
            x += 20 * (len(text) + 1)
    return words


def test_member_form_gives_its_thirteen_fields() -> None:
    words = make_words(
        "PHIẾU ĐẢNG VIÊN",
        "1. Họ và tên: LÊ THỊ HƯỜNG 2. Giới tính: Nữ",
        "3. Ngày sinh: 02/08/1977 4. Số CCCD: 007702619039",
        "5. Quê quán: xã Hòa Mỹ, Đức Thọ, Thái Bình",
        "6. Dân tộc: Kinh 7. Tôn giáo: Phật giáo",
        "8. Ngày vào Đảng: 12/01/2001 9. Ngày chính thức: 12/01/2002",
        "10. Số thẻ đảng viên: 43.665527",
        "11. Chức vụ: Chi ủy viên",
        "12. Đơn vị (chi bộ): Chi bộ khu phố Đông Khê 6",
        "13. Trình độ: Trung cấp Quản lý đất đai",
    )

    assert values(propose(words)) == {
        "ho_ten": "LÊ THỊ HƯỜNG",
        "gioi_tinh": "Nữ",
        "ngay_sinh": "02/08/1977",
        "so_cccd": "007702619039",
        "que_quan": "xã Hòa Mỹ, Đức Thọ, Thái Bình",
        "dan_toc": "Kinh",
        "ton_giao": "Phật giáo",
        "ngay_vao_dang": "12/01/2001",
        "ngay_chinh_thuc": "12/01/2002",
        "so_the": "43.665527",
        "chuc_vu": "Chi ủy viên",
        "don_vi": "Chi bộ khu phố Đông Khê 6",
        "trinh_do": "Trung cấp Quản lý đất đai",
    }


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("1. Ho va tẻn: TRẦN VĂN AN ....", "ho_ten", "TRẦN VĂN AN"),
        ("Họ và tên khai sinh: TRẦN VĂN AN", "ho_ten", "TRẦN VĂN AN"),
        ("3. Ngày sính: O2/08/l977.", "ngay_sinh", "02/08/1977"),
        ("Ngày sinh: 92/98/2904", "ngay_sinh", "02/08/2004"),
        ("5. Quê quán: xã Gò Lim, tỉnh Tây Khê", "que_quan", "xã Gò Lim, tỉnh Tây Khê"),
        ("11. Chức vụ: Phó Bí thư chi bộ", "chuc_vu", "Phó Bí thư chi bộ"),
        ("1. Họ và tên: TRẦN VĂN AN 2", "ho_ten", "TRẦN VĂN AN"),
        ("Ngày sinh: tháng 8 năm 1977", "ngay_sinh", "tháng 8 năm 1977"),
        ("Số CCCD: 0077 0261 9039", "so_cccd", "007702619039"),
        ("10. Số thẻ đảng viên: 43. 665527", "so_the", "43.665527"),
        ("6. Dân tộc: Muờng …", "dan_toc", "Mường"),
        ("12. Đơn vị (chi bộ): Chỉ bô thôn Mây", "don_vi", "Chi bộ thôn Mây"),
    ],
)
def test_poor_readings_are_cleaned_up_by_type(line: str, key: str, value: str) -> None:
    assert values(propose(make_words(line))) == {key: value}


@pytest.mark.parametrize(
    "line",
    [
        "Số CCCD: .......",
        "giao đồng chí Bí thư phụ trách việc số hóa hồ sơ đảng viên",
        "Quan hệ và Họ và tên Năm sinh",
        "",
    ],
)
def test_no_value_or_no_label_gives_no_proposal(line: str) -> None:
    assert propose(make_words(line)) == []


def test_a_proposal_knows_its_region_and_its_least_sure_word() -> None:
    words = make_words("11. Chức vụ: Bí thư chi bộ")
    words[-1] = Word(text="bộ", x=words[-1].x, y=400, w=40, h=40, confidence=41.0, line=0)

    (proposal,) = propose(words)

    assert (proposal.value, proposal.confidence) == ("Bí thư chi bộ", 41.0)
    assert (proposal.x, proposal.y, proposal.h) == (words[3].x, 400, 40)
    assert proposal.x + proposal.w == words[-1].x + 40


def test_the_topmost_of_two_like_labels_counts() -> None:
    words = make_words("Họ và tên: LÊ THỊ HƯỜNG", "Họ và tên: Nguyễn Văn Kế")

    assert values(propose(words)) == {"ho_ten": "LÊ THỊ HƯỜNG"}
