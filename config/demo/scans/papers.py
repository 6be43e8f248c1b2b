"""The kinds of paper: each function writes one document and returns its sides in file order."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from config.demo.people import COMMUNES, PROVINCES, Fictional, full_name, weighted
from config.demo.scans.sheet import BODY, BOLD, ITALIC, Field, Sheet, Style

SMALL = Style(11.5)


@lru_cache(maxsize=1)
def texts() -> dict[str, Any]:
    """The words of the papers, from texts.yaml."""
    loaded: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
    )
    return loaded


@dataclass(frozen=True)
class Holder:
    """The person a paper is about, with what papers say of him beyond the register's facts."""

    who: Fictional
    cell: str
    post: str

    def index_fields(self) -> dict[str, str]:
        """What a keyer would type from the form: the index fields of ground truth."""
        who = self.who
        return {
            "ho_ten": who.name.upper(),
            "gioi_tinh": "Nam" if who.sex == "male" else "Nữ",
            "ngay_sinh": dmy(who.born),
            "que_quan": who.hometown,
            "dan_toc": who.people,
            "ton_giao": who.faith,
            "so_cccd": who.identity_number,
            "ngay_vao_dang": dmy(who.joined),
            "ngay_chinh_thuc": dmy(who.official or who.joined),
            "so_the": who.card,
            "chuc_vu": self.post,
            "don_vi": self.cell,
            "trinh_do": who.education,
        }


def dmy(day: date) -> str:
    return f"{day:%d/%m/%Y}"


@dataclass
class Book:
    """Sides of one document; a full side is followed by a fresh one of the same make."""

    rng: Random
    make: Sheet
    sheets: list[Sheet]

    @classmethod
    def of(cls, rng: Random, dpi: int, face: str, typed: str, *, turned: bool = False) -> "Book":
        book = cls(rng, Sheet(dpi, face, typed, turned), [])
        book.turn_over()
        return book

    def turn_over(self) -> Sheet:
        if self.sheets:
            self.sheet.mark(texts()["mark"])
        make = self.make
        self.sheets.append(Sheet(make.dpi, make.face, make.typed, make.turned))
        return self.sheet

    @property
    def sheet(self) -> Sheet:
        return self.sheets[-1]

    def room(self, needed: float) -> Sheet:
        """The current side, or a fresh one where less than ``needed`` mm is left."""
        full = self.sheet.y + needed > self.sheet.height - 20
        return self.turn_over() if full else self.sheet

    def paragraph(self, text: str, style: Style = BODY, *, indent: float = 10) -> None:
        sheet = self.sheet
        width = sheet.width - sheet.left - sheet.right
        lines = sheet.wrap(text[0].upper() + text[1:], style, width, indent)
        for number, line in enumerate(lines):
            inset = indent if number == 0 else 0
            last = number == len(lines) - 1
            self.room(8).print_line(line, style, indent=inset, last=last)
        self.sheet.y += 1.4

    def heading(self, text: str) -> None:
        sheet = self.room(18)
        sheet.y += 1.5
        sheet.print_line(text, BOLD, indent=0, last=True)
        sheet.y += 1

    def dated(self, day: date) -> None:
        """Place and date, set against the right-hand column."""
        text = f"Đồng Mây, ngày {day:%d} tháng {day:%m} năm {day.year}"
        self.sheet.columns("", text, replace(ITALIC, size=12.5))

    def signed(self, left: str, right: str, post: str, name: str) -> None:
        """Foot of a document: who signs for whom; the seal goes over the signature's left."""
        sheet = self.room(62)
        sheet.y += 7
        sheet.columns(left, right, BOLD)
        sheet.columns("", post, BOLD)
        sheet.seal_at = (113, sheet.y - 5)
        sheet.scribble(self.rng, 136, sheet.y + 14)
        sheet.y += 24
        sheet.columns("", name, BOLD)

    def done(self) -> list[Sheet]:
        self.sheet.mark(texts()["mark"])
        return self.sheets


def place(rng: Random) -> dict[str, str]:
    return {"commune": rng.choice(COMMUNES), "province": rng.choice(PROVINCES)}


def head(book: Book, unit: str, number: str) -> None:
    """Left the issuer and number, right the Party's name over a rule."""
    sheet = book.sheet
    sheet.columns(texts()["committee"], texts()["party"], replace(BOLD, size=12))
    sheet.rule(118, 174)
    sheet.columns(unit, "", replace(BOLD, size=11.5))
    sheet.columns(number, "", replace(BODY, size=11.5))
    sheet.y += 3


def blanks(book: Book, holder: Holder) -> None:
    """The thirteen index blanks of the member form."""
    values = holder.index_fields()
    sheet, left, right = book.sheet, book.sheet.left, book.sheet.width - book.sheet.right
    half = 112.0

    def pair(first: str, key1: str, second: str, key2: str, at: float = half) -> None:
        sheet.fields(
            Field(first, values[key1], left, at - 2), Field(second, values[key2], at, right)
        )

    def single(label: str, key: str) -> None:
        sheet.fields(Field(label, values[key], left, right))

    pair("1. Họ và tên:", "ho_ten", "2. Giới tính:", "gioi_tinh", 140)
    pair("3. Ngày sinh:", "ngay_sinh", "4. Số CCCD:", "so_cccd")
    single("5. Quê quán:", "que_quan")
    pair("6. Dân tộc:", "dan_toc", "7. Tôn giáo:", "ton_giao")
    pair("8. Ngày vào Đảng:", "ngay_vao_dang", "9. Ngày chính thức:", "ngay_chinh_thuc")
    single("10. Số thẻ đảng viên:", "so_the")
    single("11. Chức vụ:", "chuc_vu")
    single("12. Đơn vị (chi bộ):", "don_vi")
    single("13. Trình độ:", "trinh_do")


def history(book: Book, holder: Holder, rows: int) -> None:
    """Where the person worked, from the first job to the last."""
    rng, sheet = book.rng, book.sheet
    widths = (30.0, 30.0, sheet.width - sheet.left - sheet.right - 60)
    sheet.y += 2
    sheet.row(
        ("Từ tháng, năm", "Đến tháng, năm", "Làm gì, chức vụ, ở đâu"),
        widths,
        replace(BOLD, size=11),
    )
    begin = date(holder.who.born.year + 18, rng.randint(1, 12), 1)
    for work in rng.sample(texts()["works"], rows):
        end = begin + timedelta(days=rng.randint(500, 2600))
        book.room(16).row(
            (f"{begin:%m/%Y}", f"{end:%m/%Y}", work.format(**place(rng))), widths, SMALL
        )
        begin = end


def member_form(rng: Random, holder: Holder, book: Book, *, sides: int) -> list[Sheet]:
    """Phiếu đảng viên: dotted blanks with typed values, history; a second side if asked."""
    head(book, holder.cell.upper(), f"Số lý lịch: {rng.randint(10**5, 10**6 - 1)}")
    book.sheet.centred("PHIẾU ĐẢNG VIÊN", Style(16, bold=True), gap=3)
    blanks(book, holder)
    book.sheet.y += 2
    book.heading("14. Quá trình hoạt động và công tác")
    history(book, holder, 5)
    if sides > 1:
        book.turn_over()
        training(book)
        book.heading("16. Khen thưởng")
        for award in texts()["awards"]:
            book.paragraph(award.format(year=rng.randint(2004, 2024)) + ".")
        book.heading("17. Hoàn cảnh gia đình")
        family(book, holder.who)
    book.signed("NGƯỜI KHAI", "T/M CHI ỦY", "BÍ THƯ", full_name(rng, "male"))
    return book.done()


def training(book: Book) -> None:
    rng = book.rng
    book.heading("15. Đào tạo, bồi dưỡng")
    widths = (62.0, 70.0, 34.0)
    book.sheet.row(("Tên trường", "Nội dung học", "Thời gian"), widths, replace(BOLD, size=11))
    year = rng.randint(1996, 2008)
    for course in texts()["courses"]:
        school = rng.choice(texts()["schools"]).format(**place(rng))
        book.sheet.row((school, course, f"{year} - {year + 1}"), widths, SMALL)
        year += rng.randint(2, 5)


def family(book: Book, who: Fictional) -> None:
    rng = book.rng
    widths = (26.0, 52.0, 20.0, 68.0)
    book.sheet.row(
        ("Quan hệ", "Họ và tên", "Năm sinh", "Nghề nghiệp, nơi ở"), widths, replace(BOLD, size=11)
    )
    own = who.name.split()[0]
    woman = who.sex == "female"
    married, spouse = (
        weighted(rng, "families"),
        ("Chồng", "male", -2) if woman else ("Vợ", "female", 2),
    )
    children = married if woman else own
    kin = (
        ("Bố đẻ", "male", -27, own),
        ("Mẹ đẻ", "female", -24, ""),
        (*spouse, married),
        ("Con", "male", 26, children),
        ("Con", "female", 29, children),
    )
    for relation, sex, years, name in kin:
        job = f"{rng.choice(texts()['jobs']).capitalize()}, xã {rng.choice(COMMUNES)}"
        book.room(12).row(
            (relation, full_name(rng, sex, name), str(who.born.year + years), job), widths, SMALL
        )


def life(rng: Random, holder: Holder, book: Book) -> list[Sheet]:
    """Sơ yếu lý lịch: blanks, family, a life told in paragraphs, a pledge."""
    sheet, values = book.sheet, holder.index_fields()
    sheet.centred("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", BOLD)
    sheet.centred("Độc lập - Tự do - Hạnh phúc", BOLD, gap=5)
    sheet.centred("SƠ YẾU LÝ LỊCH", Style(16, bold=True), gap=3)
    book.heading("I. BẢN THÂN")
    left, right = sheet.left, sheet.width - sheet.right
    for label, key, at, second, key2 in (
        ("Họ và tên khai sinh:", "ho_ten", 0, "", ""),
        ("Giới tính:", "gioi_tinh", 95, "Ngày sinh:", "ngay_sinh"),
        ("Quê quán:", "que_quan", 0, "", ""),
        ("Dân tộc:", "dan_toc", 95, "Tôn giáo:", "ton_giao"),
        ("Số CCCD:", "so_cccd", 0, "", ""),
        ("Ngày vào Đảng:", "ngay_vao_dang", 105, "Ngày chính thức:", "ngay_chinh_thuc"),
        ("Số thẻ đảng viên:", "so_the", 0, "", ""),
        ("Chức vụ:", "chuc_vu", 0, "", ""),
        ("Đơn vị (chi bộ):", "don_vi", 0, "", ""),
        ("Trình độ:", "trinh_do", 0, "", ""),
    ):
        row = [Field(label, values[key], left, at - 2 if at else right)]
        sheet.fields(*row, *([Field(second, values[key2], at, right)] if second else []))
    book.heading("II. QUAN HỆ GIA ĐÌNH")
    family(book, holder.who)
    book.turn_over()
    book.heading("III. TÓM TẮT QUÁ TRÌNH BẢN THÂN")
    years = {f"y{n}": holder.who.born.year + 17 + 3 * n for n in range(5)}
    for passage in texts()["life"]:
        book.paragraph(passage.format(**place(rng), **years))
    book.heading("IV. QUÁ TRÌNH CÔNG TÁC")
    history(book, holder, 4)
    book.turn_over()
    book.heading("V. TỰ NHẬN XÉT VÀ CAM ĐOAN")
    book.paragraph(texts()["strengths"])
    book.paragraph(texts()["pledge"])
    day = date(2015 + rng.randint(0, 9), rng.randint(1, 12), rng.randint(1, 28))
    book.dated(day)
    book.signed("XÁC NHẬN CỦA CẤP ỦY", "NGƯỜI KHAI", "", holder.who.name)
    return book.done()
