"""About 300 fictional members in a few cells, and some cadres of the plan's units."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.utils import timezone

from config.demo.accounts import People, data, everybody
from config.demo.people import PARTS, Fictional, Invented, a_day, dice, years_after
from records.models import Member
from records.services import MemberRow, create_cadre, grant_own_record, register_members
from security.levels import Sensitivity
from security.models import Unit

SCANS = Path(settings.BASE_DIR) / "digitization" / "demo_scans"
BASIS = "Sổ danh sách đảng viên, kiểm kê đầu năm"
ETHNIC = {"Kinh": "01", "Tày": "02", "Thái": "03", "Mường": "06", "Nùng": "07"}
FAITH = {"Không": "00", "Phật giáo": "01", "Công giáo": "02"}
GRADE = {grade: str(number) for number, (grade, _) in enumerate(PARTS["grades"], 1)}
SEX = {"male": "1", "female": "2"}
# Status by lot: 1000 chances. Who has left keeps his row, so that the register can be explained.
STATUSES = (
    ("chinh_thuc", 955),
    ("sinh_hoat_tam_thoi_di", 12),
    ("dang_chuyen", 8),
    ("dinh_chi_sinh_hoat", 3),
    ("da_chuyen_di", 12),
    ("tu_tran", 10),
)
LEAVING = {"da_chuyen_di", "tu_tran"}
Values = dict[str, str | bool]


@dataclass(frozen=True)
class Cell:
    """A cell of party.yaml with its unit."""

    unit: Unit
    members: int
    oldest: int
    commune: str
    jobs: tuple[str, ...]


def register_people(people: People, *, now: datetime) -> dict[str, int]:
    """Members of every cell and the cadres; returns how many of each."""
    today = timezone.localdate(now)
    invented = Invented("demonstration register")
    rows: list[MemberRow] = []
    on_paper = scanned_members()
    for cell in cells():
        known = [values for values, name in on_paper if name == cell.unit.name]
        known += [staff_member(entry, cell, invented, today) for entry in signed_in(cell)]
        rows += [MemberRow(unit=cell.unit, values=values, basis=BASIS) for values in known]
        for _ in range(cell.members - len(known)):
            who = invented.person(today=today, oldest=cell.oldest)
            values = member_values(who, cell, invented.rng, today)
            rows.append(MemberRow(unit=cell.unit, values=values, basis=BASIS))
    keeper = people["hoso"]
    members = register_members(rows, actor=keeper, now=now, reason="Nhập từ sổ danh sách")
    open_own_records(people, members, now=now)
    cadres = register_cadres(people, invented, now=now)
    return {"members": len(members), "cadres": cadres}


def cells() -> list[Cell]:
    units = {unit.code: unit for unit in Unit.objects.all()}
    return [
        Cell(
            units[entry["code"]],
            entry["members"],
            entry["old"],
            units[entry["parent"]].name.removeprefix("Đảng bộ xã "),
            tuple(entry["jobs"]),
        )
        for entry in data("party")
        if "members" in entry
    ]


def signed_in(cell: Cell) -> list[dict[str, Any]]:
    """Staff who sit in this cell: its secretary and the member of the guides."""
    return [entry for entry in everybody() if entry["unit"] == cell.unit.code]


def member_values(who: Fictional, cell: Cell, rng: Random, today: date) -> Values:
    """What the register holds of an invented member; some old entries are incomplete."""
    values = cell_values(who, cell, rng, today)
    if who.born.year < 1950 and rng.random() < 0.35:
        values["birth_date"] = str(who.born.year)  # older papers often say only the year
    for key, chance in (("personal_id", 0.03), ("profile_number", 0.04), ("card_number", 0.02)):
        if rng.random() < chance:
            values[key] = ""
    return values


def cell_values(who: Fictional, cell: Cell, rng: Random, today: date) -> Values:
    """Person and membership as a member of this cell: where he lives, what he lives by."""
    values = person_values(who, rng) | membership(who, rng, today)
    retired = today.year - who.born.year >= 61
    values |= {
        "permanent_address": f"{hamlet(cell)}xã {cell.commune}, tỉnh Thanh Lâm",
        "occupation": "Nghỉ hưu" if retired else rng.choice(cell.jobs),
        "joined_cell": cell.unit.name,
    }
    return values | ({"official_cell": cell.unit.name} if who.official else {})


def hamlet(cell: Cell) -> str:
    """Thôn Bến Đá for the cell of that hamlet; nothing for that of a school or an office."""
    _, found, name = cell.unit.name.partition("thôn ")
    return f"Thôn {name}, " if found else ""


def person_values(who: Fictional, rng: Random) -> Values:
    grade, _, study = who.education.partition(" ")
    if grade not in GRADE:  # "Trung cấp", "Cao đẳng": two syllables
        grade, study = " ".join(who.education.split()[:2]), " ".join(who.education.split()[2:])
    return {
        "full_name": who.name,
        "gender": SEX[who.sex],
        "birth_date": who.born.isoformat(),
        "personal_id": who.identity_number,
        "ethnicity": ETHNIC[who.people],
        "religion": FAITH[who.faith],
        "native_place": who.hometown,
        "phone": f"09{rng.randint(0, 99_999_999):08d}" if who.born.year > 1950 else "",
        "general_education": "12/12" if who.born.year > 1974 else "10/10",
        "education_level": GRADE[grade],
        "qualification": study,
        "political_theory": rng.choices(("", "1", "2", "3"), (30, 45, 22, 3))[0],
        "it_level": rng.choices(("", "CB", "A", "B"), (45, 35, 12, 8))[0],
    }


def membership(who: Fictional, rng: Random, today: date) -> Values:
    """Status and dates: on probation, official, exempted with age, or no longer here."""
    decided = who.joined - timedelta(days=rng.randint(9, 30))
    values: Values = {
        "admission_decision_date": decided.isoformat(),
        "joined_date": who.joined.isoformat(),
        "profile_number": f"{rng.randint(1, 999_999):06d}ĐM",
    }
    if who.official is None:
        return values | {"status": "du_bi"}
    status = rng.choices([s for s, _ in STATUSES], [w for _, w in STATUSES])[0]
    values |= {"official_date": who.official.isoformat(), "card_number": who.card}
    if status in LEAVING:
        earliest = max(who.official, years_after(today, -3))
        values["left_date"] = a_day(rng, earliest, today - timedelta(days=5)).isoformat()
    elif today.year - who.born.year >= 78 and rng.random() < 0.6:
        status = "mien_sinh_hoat"
        values["exempted_date"] = str(who.born.year + 76)
    return values | {"status": status}


def scanned_members() -> list[tuple[Values, str]]:
    """The people of the scanned forms with their cell's name, so that paper and register agree."""
    found: dict[str, tuple[Values, str]] = {}
    for path in sorted((SCANS / "fields").glob("*.json")):
        form = json.loads(path.read_text(encoding="utf-8"))
        found[form["so_cccd"]] = (form_values(form), form["don_vi"])
    return list(found.values())


def form_values(form: dict[str, str]) -> Values:
    grade, study = " ".join(form["trinh_do"].split()[:2]), " ".join(form["trinh_do"].split()[2:])
    return {
        "full_name": form["ho_ten"].title(),
        "gender": "1" if form["gioi_tinh"] == "Nam" else "2",
        "birth_date": form["ngay_sinh"],
        "personal_id": form["so_cccd"],
        "ethnicity": ETHNIC[form["dan_toc"]],
        "religion": FAITH[form["ton_giao"]],
        "native_place": form["que_quan"],
        "education_level": GRADE[grade],
        "qualification": study,
        "joined_date": form["ngay_vao_dang"],
        "official_date": form["ngay_chinh_thuc"],
        "card_number": form["so_the"],
        "joined_cell": form["don_vi"],
        "official_cell": form["don_vi"],
        "status": "chinh_thuc",
    }


def staff_member(entry: dict[str, Any], cell: Cell, invented: Invented, today: date) -> Values:
    """A member's record for somebody who signs in: an invented life under his own name."""
    while True:
        who = invented.person(today=today, youngest=30, oldest=58)
        if who.official and who.sex == sex_of(entry["full_name"]):
            break
    values = cell_values(who, cell, invented.rng, today)
    return values | {"full_name": entry["full_name"], "status": "chinh_thuc", "left_date": ""}


def sex_of(name: str) -> str:
    """Which sex a Vietnamese name suggests; good enough for invented people."""
    given = name.split()[-1]
    female = " Thị " in name or given not in PARTS["given"]["male"]
    return "female" if female and given in PARTS["given"]["female"] else "male"


def open_own_records(people: People, members: list[Member], *, now: datetime) -> None:
    """The member of the guides may see his own record, and no other."""
    member = people["dangvien"]
    own = next(row for row in members if row.display_name == member.full_name)
    grant_own_record(
        actor=people["hoso"], now=now, member=own, user=member, reason="Xem hồ sơ của chính mình"
    )


def register_cadres(people: People, invented: Invented, *, now: datetime) -> int:
    """The staff of the plan's units as cadres, with the posts they sign in with."""
    today = timezone.localdate(now)
    rng = dice("cadres")
    offices = {"VP", "VCSDDV", "VCB", "CBVCTNB", "VNCKH", "TGV", "DVKT", "PTB", "TB"}
    staff = [entry for entry in everybody() if entry["unit"] in offices]
    for entry in staff:
        user = people[entry["username"]]
        who = invented.person(today=today, youngest=33, oldest=59)
        sex = sex_of(user.full_name)
        number = invented.identity_number(sex, who.born)
        values = person_values(replace(who, sex=sex, identity_number=number), rng)
        recruited = years_after(who.born, rng.randint(23, 28))
        appointed = max(recruited, today - timedelta(days=rng.randint(200, 2400)))
        leads = entry["unit"] in {"PTB", "TB"}
        values |= {
            "full_name": entry["full_name"],
            "post": entry["post"],
            "appointed_date": appointed.isoformat(),
            "recruited_date": f"{recruited:%Y-%m}",
            "rank_code": rng.choice(("01.002", "01.003", "01.001")),
            "education_level": rng.choice(("4", "5", "5", "6")),
            "political_theory": "3",
            "managed_centrally": leads,
        }
        create_cadre(
            actor=people["hoso"],
            now=now,
            unit=user.unit,
            values=values,
            sensitivity=Sensitivity.SENSITIVE if leads else Sensitivity.PERSONAL,
            basis="Quyết định bổ nhiệm, điều động",
            reason="Nhập từ hồ sơ cán bộ",
        )
    return len(staff)
