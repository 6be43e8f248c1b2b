"""Papers made of prose and lists: decisions, minutes, rolls and hand-over lists."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from config.demo.people import Invented, full_name
from config.demo.scans.papers import Book, Holder, dmy, head, texts
from config.demo.scans.sheet import BODY, BOLD, ITALIC, Sheet, Style


def decision(rng: Random, holder: Holder, book: Book, *, kind: int) -> list[Sheet]:
    """An admission, a confirmation or a commendation, with an enclosure on a second side."""
    who, words = holder.who, texts()["decisions"][kind]
    day = who.joined if kind == 0 else (who.official or who.joined)
    holes = {
        "person": ("ông " if who.sex == "male" else "bà ") + who.name,
        "born": dmy(who.born),
        "home": who.hometown,
        "cccd": who.identity_number,
        "card": who.card,
        "cell": holder.cell,
        "day": dmy(day - timedelta(days=rng.randint(25, 60))),
        "joined": dmy(who.joined),
        "official": dmy(who.official or who.joined),
        "n1": str(rng.randint(17, 43)),
        "n2": str(rng.randint(2, 7)),
        "ref1": full_name(rng, "male"),
        "ref2": full_name(rng, "female"),
    }
    head(book, "BAN THƯỜNG VỤ", f"Số {rng.randint(12, 98)}-QĐ/ĐU")
    sheet = book.sheet
    book.dated(day)
    sheet.y += 5
    sheet.centred("QUYẾT ĐỊNH", Style(15, bold=True))
    sheet.centred(words["title"], BOLD, gap=5)
    for base in words["bases"]:
        book.paragraph("- " + base.format(**holes))
    book.sheet.centred("BAN THƯỜNG VỤ ĐẢNG ỦY QUYẾT ĐỊNH", BOLD, gap=3)
    for article in words["articles"]:
        book.paragraph(article.format(**holes))
    book.signed("Nơi nhận:", "T/M BAN THƯỜNG VỤ", "BÍ THƯ", full_name(rng, "male"))
    enclosure(book, holes)
    return book.done()


def enclosure(book: Book, holes: dict[str, str]) -> None:
    sheet = book.turn_over()
    sheet.centred(texts()["enclosure_title"], BOLD, gap=5)
    for passage in texts()["enclosure"]:
        book.paragraph(passage.format(**holes))


def minutes(rng: Random, holder: Holder, book: Book) -> list[Sheet]:
    """Biên bản họp chi bộ: opening, topics, conclusion; as many sides as it takes."""
    words = texts()["minutes"]
    day = date(2026, rng.randint(1, 4), rng.randint(3, 26))
    present = rng.randint(22, 48)
    holes = {
        "cell": holder.cell, "day": dmy(day), "hour": "19", "end": "22",
        "chair": holder.who.name, "chair_post": "Bí thư chi bộ", "clerk": full_name(rng, "female"),
        "n1": str(present + 4), "n2": str(present), "n3": "4", "n4": str(present - 1),
        "n5": str(rng.randint(5, 9)), "p1": full_name(rng, "male"),
        "p2": full_name(rng, "female"), "p3": full_name(rng, "male"),
        "day2": dmy(day + timedelta(days=12)), "day3": dmy(day + timedelta(days=27)),
    }  # fmt: skip
    head(book, holder.cell.upper(), f"Số {rng.randint(3, 19):02d}-BB/CB")
    book.sheet.centred("BIÊN BẢN", Style(15, bold=True))
    book.sheet.centred("Họp chi bộ thường kỳ", BOLD, gap=4)
    book.paragraph(words["opening"].format(**holes))
    for number, topic in enumerate(words["topics"], 1):
        book.heading(f"{number}. {topic['title']}")
        for passage in rng.sample(topic["says"], len(topic["says"])):
            book.paragraph(passage.format(**holes))
    book.heading(f"{len(words['topics']) + 1}. Kết luận")
    book.paragraph(words["closing"].format(**holes))
    book.signed("THƯ KÝ", "CHỦ TRÌ", "", holder.who.name)
    return book.done()


def roll(rng: Random, holder: Holder, book: Book) -> list[Sheet]:
    """A table of members on an upright side."""
    words, sheet = texts()["roll"], book.sheet
    sheet.centred(words["title"], BOLD)
    sheet.centred(f"{words['subtitle']}, {holder.cell}", ITALIC, gap=5)
    widths = (11.0, 55.0, 25.0, 25.0, 25.0, 25.0)
    sheet.row(words["header"], widths, replace(BOLD, size=11))
    invented = Invented(f"roll {rng.random()}")
    for number in range(1, 25):
        who = invented.person(today=date(2025, 1, 1))
        cells = (str(number), who.name, dmy(who.born), dmy(who.joined),
                 dmy(who.official) if who.official else "", who.card)  # fmt: skip
        sheet.row(cells, widths, replace(BODY, size=11.5))
    return book.done()


def handover(rng: Random, holder: Holder, book: Book) -> list[Sheet]:
    """A wide table on a side laid across: boxes handed to the scanning team."""
    words, sheet = texts()["handover"], book.sheet
    sheet.centred(words["title"], BOLD)
    sheet.centred(words["subtitle"], ITALIC, gap=5)
    widths = (16.0, 64.0, 52.0, 22.0, 20.0, 46.0, 33.0)
    sheet.row(words["header"], widths, replace(BOLD, size=11))
    for number in range(1, 15):
        kind = rng.choice(words["kinds"])
        files = rng.randint(9, 40)
        cells = (f"H{number:02d}", rng.choice(texts()["cells"]), kind, str(files),
                 str(files * rng.randint(2, 5)), full_name(rng, rng.choice(("male", "female"))),
                 rng.choice(words["notes"]))  # fmt: skip
        sheet.row(cells, widths, replace(BODY, size=11.5))
    return book.done()
