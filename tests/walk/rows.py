"""Rows of every kind in one place of the world: own, foreign, above, secret, opened once.

Every text of a row that somebody must not see holds the canary, so that one search through an
answer tells whether anything of it came out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model

from campaign.models import Campaign
from campaign.services import submit_product
from digitization import services as scans
from digitization.models import Dossier, Lot, LotCounter, Page, Programme, SourceFile
from records.models import Cadre, Member
from records.services import create_cadre
from security import files
from security.models import (
    Classification,
    Protected,
    RoleGrant,
    SecrecyApproval,
    Unit,
    User,
)
from tests.campaign.make import make_draft, make_task
from tests.digitization.make import make_pages
from tests.records.make import make_member
from tests.security.make import LONG_AGO, grant_role, make_user

CANARY = "canary"
NUMBER = "98765"  # the canary of fields that hold digits only
SECRET = 2


@dataclass(frozen=True)
class Place:
    """Where rows are put: their unit, their level, and the word that all their texts hold."""

    word: str
    unit: Unit
    level: int = 1
    # Somebody cleared for this level who makes the rows.
    maker: User | None = None

    def text(self, what: str) -> str:
        return f"{what} {self.word}"

    @property
    def hidden(self) -> bool:
        return CANARY in self.word


class Absent:
    """Stands for a row that does not exist: any attribute is another absent row."""

    pk = 10**9 + 7

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent()


class Rows:
    """One row of each kind; a kind that this place does not have raises ``AttributeError``."""

    def __init__(self, word: str, **rows: Any) -> None:
        self.word = word
        self.__dict__.update(rows)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no {name} at {self.word}")

    def classify(self, approval: SecrecyApproval) -> None:
        """Raise every protected row of these above the clearance of the twelve roles."""
        for row in self._protected():
            if row.level < SECRET:
                _raise(row, approval)

    def _protected(self) -> Iterator[Protected]:
        for row in self.__dict__.values():
            if isinstance(row, Protected):
                yield row
            if isinstance(row, (Member, Cadre)):
                yield row.person
            if isinstance(row, SourceFile):
                yield row.stored

    def add(self, **rows: Any) -> Rows:
        self.__dict__.update(rows)
        return self


def _raise(row: Protected, approval: SecrecyApproval) -> None:
    """As a cleared officer would have classified it, under an approval that others see too."""
    type(row)._default_manager.filter(pk=row.pk).update(level=SECRET)
    Classification.objects.create(
        kind=Classification.Kind.RAISED,
        object_type=row._meta.label_lower,
        object_id=row.pk,
        level=SECRET,
        previous_level=row.level,
        legal_basis=f"{CANARY}secret",
        reason=f"{CANARY}secret",
        classified_by=approval.recorded_by,
        classified_at=LONG_AGO,
        review_on=LONG_AGO.date(),
        approval=approval,
    )
    row.level = SECRET


def grant(model: Any, row: Model, **terms: Any) -> Any:
    """An object grant in force since long ago, unless the terms say otherwise."""
    kind = ContentType.objects.get_for_model(row)
    codename = f"view_{row._meta.model_name}"
    return model.objects.create(
        permission=Permission.objects.get(content_type=kind, codename=codename),
        content_object=row,
        reason="Thử",
        **{"valid_from": LONG_AGO, **terms},
    )


def task_rows(place: Place, campaign: Campaign, now: datetime) -> dict[str, Any]:
    """A running task with a product handed in and one that waits, and a draft."""
    owner = place.maker or make_user(unit=place.unit, full_name=place.text("Chủ việc"))
    if not owner.role_grants.exists():
        grant_role(owner, "unit_staff", place.unit)
    fields: dict[str, Any] = {
        "campaign": campaign,
        "unit": place.unit,
        "owner": owner,
        "products": 2,
        "title": place.text("Việc"),
        "responsibility": place.text("Trách nhiệm"),
        "process": place.text("Quy trình"),
        "focus": place.text("Trọng tâm"),
        "note": place.text("Ghi chú"),
        "risk": place.text("Rủi ro"),
        "handling": place.text("Xử lý"),
        "check_text": place.text("Kiểm tra"),
        "deadline_text": place.text("hạn"),
        "deadline": now + timedelta(days=40),
    }
    task = make_task(now=now, code=f"V-{place.word[:12]}", **fields)
    task.products.update(title=place.text("Sản phẩm"), note=place.text("Ghi chú"))
    product = task.products.get(position=1)
    submission = submit_product(
        actor=owner, product=product, statement=place.text("Nộp"), link=place.text("ở"), now=now
    )
    draft = make_draft(code=f"N-{place.word[:12]}", **fields)
    return {
        "task": task,
        "product": task.products.get(position=2),
        "submission": submission,
        "draft": draft,
    }


def programme_of(place: Place, keeper: User, now: datetime) -> Programme:
    programme = scans.create_programme(
        actor=keeper,
        now=now,
        code=f"D-{place.word[:20]}",
        title=place.text("Đợt"),
        kind="member",
        unit=place.unit,
        focal_person=keeper,
        expected={"phieu_dang_vien": 10},
    )
    scans.close_step_1(actor=keeper, programme=programme, now=now)
    return programme


def lot_of(place: Place, programme: Programme, keeper: User, operator: User, now: datetime) -> Lot:
    lot = scans.create_lot(
        actor=keeper,
        programme=programme,
        code=f"L-{place.word[:20]}",
        now=now,
        unit=place.unit,
        assigned_to=operator,
        expected_pages=4,
    )
    Lot.objects.filter(pk=lot.pk).update(reason=place.text("Lý do"))
    return lot


def dossier_of(place: Place, lot: Lot, operator: User, now: datetime) -> Dossier:
    return scans.open_dossier(
        actor=operator,
        lot=lot,
        code=f"HS-{place.word}",
        now=now,
        title=place.text("Tên hồ sơ"),
        subject=place.text("Người"),
    )


def page_of(place: Place, dossier: Dossier, now: datetime) -> Page:
    """A read page with words, pictures and a file name; the picture's bytes are the word."""
    page = make_pages(dossier, text=place.text("lời"), state="done")[0]
    picture = files.receive(
        [b"\xff\xd8\xff", place.text("ảnh").encode()],
        unit=dossier.unit,
        level=place.level,
        max_bytes=1000,
    ).blob
    Page.objects.filter(pk=page.pk).update(
        words=[[place.word, 1, 1, 9, 9, 40, 0]],
        # Only the hidden page proposes a number, so that nothing else can take its place.
        proposals=[["so_cccd" if place.hidden else "ho_ten", place.word, 90, 1, 1, 9, 9]],
        derivative=picture,
        thumbnail=picture,
        width=100,
        height=100,
    )
    SourceFile.objects.filter(pk=page.source_id).update(
        name=f"{place.word}-{page.pk}.pdf", stem=f"{place.word}-{page.pk}"
    )
    one = {name: F(name) + 1 for name in ("sent", "received")}
    LotCounter.objects.filter(lot=dossier.lot_id).update(**one)
    page.refresh_from_db()
    return page


def index_of(place: Place, dossier: Dossier, operator: User, now: datetime) -> None:
    scans.set_index_value(
        actor=operator, dossier=dossier, key="full_name", value=place.text("Tên"), now=now
    )


def scan_rows(place: Place, now: datetime, keeper: User, operator: User) -> dict[str, Any]:
    """Programme, lot, dossier with index data, file, page."""
    programme = programme_of(place, keeper, now)
    lot = lot_of(place, programme, keeper, operator, now)
    dossier = dossier_of(place, lot, operator, now)
    index_of(place, dossier, operator, now)
    page = page_of(place, dossier, now)
    return {
        "programme": programme,
        "lot": lot,
        "dossier": dossier,
        "source": page.source,
        "page": page,
        "type": programme.types.get(code="phieu_dang_vien"),
    }


def record_rows(place: Place) -> dict[str, Any]:
    name = f"Trần {place.word.capitalize()}"
    texts: dict[str, Any] = {
        "joined_cell": place.text("Chi bộ"),
        "official_cell": place.text("Chi bộ"),
        "native_place": place.text("Quê"),
        "permanent_address": place.text("Nhà"),
        "occupation": place.text("Nghề"),
        "qualification": place.text("Ngành"),
    }
    member: Member = make_member(name, unit=place.unit, **texts)
    del texts["joined_cell"], texts["official_cell"]
    cadre: Cadre = create_cadre(
        actor=None,
        now=LONG_AGO,
        unit=place.unit,
        values={"full_name": name, "post": place.text("Chức vụ"), **texts},
    )
    return {"member": member, "cadre": cadre}


def people_rows(place: Place) -> dict[str, Any]:
    """Somebody to be administered, with a role to be ended."""
    person = make_user(
        unit=place.unit,
        username=f"nguoi-{place.word}",
        full_name=place.text("Nguyễn"),
        post=place.text("Chức vụ"),
        email=f"{place.word}@example.vn",
    )
    # Whoever works above would rightly be named among those who see the own rows.
    role = "member" if place.word == f"{CANARY}parent" else "unit_staff"
    grant: RoleGrant = grant_role(person, role, place.unit, now=LONG_AGO)
    return {"person": person, "grant": grant}
