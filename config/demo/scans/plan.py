"""Which papers the set holds and how each side of them has been worn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from random import Random

from config.demo.people import Invented, dice
from config.demo.scans.letters import decision, handover, minutes, roll
from config.demo.scans.papers import Book, Holder, life, member_form, texts
from config.demo.scans.sheet import Sheet
from config.demo.scans.wear import WEARS, Wear

Composer = Callable[[Random, Holder, Book], list[Sheet]]
AS_OF = date(2026, 1, 1)


@dataclass(frozen=True)
class Paper:
    """One source file: ``sides`` names the wear of each page; "blank" adds an empty back."""

    stem: str
    kind: str  # phieu, syll, text or table, as the manifest names them
    compose: Composer
    sides: tuple[str, ...]
    dpi: int = 200
    face: str = "serif"
    typed: str = "mono"
    suffix: str = "pdf"
    turned: bool = False

    @property
    def is_form(self) -> bool:
        return self.kind in {"phieu", "syll"}


@dataclass(frozen=True)
class Side:
    """One page: its number, what it shows and how it is worn."""

    page: int
    kind: str
    sheet: Sheet
    wear: Wear


form1, form2 = partial(member_form, sides=1), partial(member_form, sides=2)
PAPERS = (
    Paper("phieu-01", "phieu", form1, ("clean", "blank"), dpi=300),
    Paper("phieu-02", "phieu", form2, ("yellow", "yellow"), typed="sans"),
    Paper("phieu-03", "phieu", form1, ("rot180",)),
    Paper("phieu-04", "phieu", form1, ("faded",), typed="serif"),
    Paper("phieu-05", "phieu", form2, ("clean", "noise"), face="sans", suffix="tif"),
    Paper("phieu-06", "phieu", form1, ("skew",), suffix="jpg"),
    Paper("quyet-dinh-01", "text", partial(decision, kind=0), ("seal", "clean")),
    Paper("quyet-dinh-02", "text", partial(decision, kind=1), ("seal", "yellow"), dpi=300),
    Paper("quyet-dinh-03", "text", partial(decision, kind=2), ("blur", "bleed")),
    Paper("ly-lich-01", "syll", life, ("clean", "skew", "seal"), typed="sans"),
    Paper("ly-lich-02", "syll", life, ("faded", "clean", "mix"), typed="serif"),
    Paper("ly-lich-03", "syll", life, ("yellow", "mix", "seal"), face="mono"),
    Paper("bien-ban-01", "text", minutes, ("clean", "bleed", "rot180", "blank")),
    Paper("bien-ban-02", "text", minutes, ("noise", "jpeg", "rot90"), face="sans"),
    Paper("bang-01", "table", roll, ("clean",)),
    Paper("bang-02", "table", handover, ("rot90",), turned=True),
)


def person_key(paper: Paper) -> str:
    """Papers with the same key are about the same person, so that they make one dossier.

    Forms, lives and decisions of one number belong together; minutes and lists are nobody's.
    """
    personal = paper.is_form or paper.stem.startswith("quyet-dinh")
    return f"person {paper.stem[-2:]}" if personal else paper.stem


def holder_of(paper: Paper, seed: int) -> Holder:
    """The person a paper is about."""
    key = f"{seed} {person_key(paper)}"
    who = Invented(key).person(today=AS_OF, youngest=32, oldest=75)
    rng = dice(f"{key} post")
    return Holder(who, rng.choice(texts()["cells"]), rng.choice(texts()["posts"]))


def sides_of(paper: Paper, seed: int) -> list[Side]:
    """Every side of a paper, drawn clean; the number of sides must be as planned."""
    rng = dice(f"{seed} {paper.stem} paper")
    book = Book.of(rng, paper.dpi, paper.face, paper.typed, turned=paper.turned)
    sheets = paper.compose(rng, holder_of(paper, seed), book)
    written = [name for name in paper.sides if name != "blank"]
    if len(sheets) != len(written):
        raise ValueError(f"{paper.stem}: {len(sheets)} sides written, {len(written)} planned")
    drawn = iter(sheets)
    sides = []
    for page, name in enumerate(paper.sides, 1):
        empty = name == "blank"
        sheet = Sheet(paper.dpi) if empty else next(drawn)
        sides.append(Side(page, "blank" if empty else paper.kind, sheet, WEARS[name]))
    return sides
