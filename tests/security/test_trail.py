"""The trail searched: whose rows somebody sees, what finds them, what an export holds."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Task
from security import audit
from security.context import Origin, origin
from security.database_roles import as_owner
from security.models import AuditEvent, Unit, User
from security.selectors.trail import TrailFilter, events_for, trail
from security.selectors.unusual import unusual_days
from security.services import RefusedError
from security.services.trail import export_trail
from tests.campaign.make import make_campaign, make_task
from tests.records.make import make_member
from tests.security.make import grant_role, make_classified, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
TRAIL, EXPORT = reverse("security:trail"), reverse("security:trail_export")
UNUSUAL = reverse("security:trail_unusual")


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def asked(**said: str) -> TrailFilter:
    query = QueryDict(mutable=True)
    query.update(said)
    return TrailFilter.of(query, timezone.localdate())


def found(user: User, **said: str) -> list[str]:
    return [event.action for event in trail(user, asked(**said)).events]


def put(
    action: str,
    at: datetime,
    *,
    actor: User,
    path: str = "",
    times: int = 1,
    kind: str = "",
    pk: int = 0,
) -> None:
    """Rows of another day: the trail's clock is the database's, so the owner puts them there."""
    with as_owner(), connection.cursor() as cursor:
        for _one in range(times):
            cursor.execute(
                "INSERT INTO security_auditevent (at, actor_id, actor_name, session, address,"
                " request, action, object_type, object_id, object_path, object_ids, fields,"
                " decision, allowed_by, reason)"
                " VALUES (%s, %s, %s, '', '', '', %s, %s, %s, %s, '{}', '{}', 'allowed', '', '')",
                [at, actor.pk, actor.full_name, action, kind, str(pk or ""), path],
            )


def noon(days_ago: int = 1) -> datetime:
    day = timezone.localtime() - timedelta(days=days_ago)
    return day.replace(hour=12, minute=0)


class House:
    """A root with two branches, an officer of each and one of the whole; a task in each branch."""

    def __init__(self) -> None:
        self.root = make_unit(code="GOC")
        self.mine = make_unit(parent=self.root, code="TA")
        self.theirs = make_unit(parent=self.root, code="HO")
        self.chief = make_officer("security_officer", unit=self.root)
        self.officer = make_officer("security_officer", unit=self.mine)
        self.worker = make_user(unit=self.mine, full_name="Lê Thị Ánh")
        self.stranger = make_user(unit=self.theirs, full_name="Trần Văn Lạ")
        campaign = make_campaign(unit=self.root)
        self.here: Task = make_task(campaign=campaign, unit=self.mine)
        self.there: Task = make_task(campaign=campaign, unit=self.theirs)


@pytest.fixture
def house() -> House:
    return House()


def test_an_officer_of_a_branch_reads_its_objects_and_its_people_alone(house: House) -> None:
    audit.record("t.here", actor=house.stranger, row=house.here)
    audit.record("t.there", actor=house.stranger, row=house.there)
    audit.record("t.abroad", actor=house.worker, row=house.there)
    audit.record("t.placeless", actor=house.worker)
    audit.record("t.strangers", actor=house.stranger)
    audit.record("t.nobody", actor=None)
    seen = set(found(house.officer, action="t."))
    assert seen == {"t.here", "t.abroad", "t.placeless"}
    everything = {"t.there", "t.strangers", "t.nobody", *seen}
    assert set(found(house.chief, action="t.")) == everything
    assert list(events_for(house.worker)) == []


def test_a_unit_whose_number_begins_alike_is_another_place(house: House) -> None:
    """/1/7/ and /1/70/: the range ends where the unit does."""
    Unit.objects.filter(pk=house.mine.pk).update(path="/1/7/")
    neighbour = make_unit(parent=house.root)
    Unit.objects.filter(pk=neighbour.pk).update(path="/1/70/")
    house.officer._scopes = None
    someone = make_user(unit=neighbour)
    audit.record("t.near", actor=someone)
    assert found(house.officer, action="t.") == []


def test_each_question_finds_its_rows_and_no_others(house: House) -> None:
    with origin(Origin(request="req-77")):
        audit.record("read", actor=house.worker, row=house.here)
    audit.record("task.completed", actor=house.stranger, row=house.there, decision="denied")
    audit.record("dossier.exported", actor=house.stranger, object_type="x.y", object_id=5)
    audit.record("role.granted", actor=house.stranger)
    audit.record("signout", actor=None, object_type="y.x", object_id=5)
    chief, who = house.chief, str(house.worker.pk)
    assert found(chief, who="le thi anh") == ["read"]
    assert found(chief, actor=who) == ["read"]
    assert found(chief, what="reading") == ["read"]
    assert found(chief, what="change", who="tran van la") == ["task.completed"]
    assert found(chief, what="export") == ["dossier.exported"]
    assert found(chief, what="access", actor=str(house.stranger.pk)) == ["role.granted"]
    assert found(chief, kind="campaign.task", number=str(house.here.pk), what="reading") == ["read"]
    assert found(chief, kind="x.y", number="5") == ["dossier.exported"]
    assert found(chief, request="req-77") == ["read"]
    assert found(chief, denied="1") == ["task.completed"]
    assert found(chief, unit="TA", what="reading") == ["read"]
    assert found(chief, unit="no such unit") == []


def test_a_person_is_found_by_the_name_of_then_and_of_now(house: House) -> None:
    audit.record("n.one", actor=house.worker)
    User.objects.filter(pk=house.worker.pk).update(full_name="Đỗ Thị Mới")
    for name in ("lê thị", "do thi moi", house.worker.username):
        assert found(house.chief, who=name) == ["n.one"], name
    assert found(house.chief, who="khong ai ca") == []


def test_days_are_whole_days_of_the_local_clock(house: House) -> None:
    day = timezone.localdate() - timedelta(days=3)
    zone = timezone.get_current_timezone()
    begin = datetime.combine(day, datetime.min.time(), zone)
    second = timedelta(seconds=1)
    for name, at in (
        ("d.before", begin - second), ("d.first", begin),
        ("d.last", begin + timedelta(days=1) - second), ("d.after", begin + timedelta(days=1)),
    ):  # fmt: skip
        put(name, at, actor=house.worker)
    said = {"since": day.isoformat(), "until": day.isoformat(), "action": "d."}
    assert sorted(found(house.chief, **said)) == ["d.first", "d.last"]


def test_a_question_opens_the_partitions_of_its_months_alone(house: House) -> None:
    events = events_for(house.chief)
    march = asked(since="2031-03-02", until="2031-03-20")
    from security.selectors.trail import found_events  # noqa: PLC0415

    plan = found_events(house.chief, march)[0].explain()
    assert "security_auditevent_default" in plan  # nobody prepared 2031
    assert timezone.now().strftime("security_auditevent_%Y%m") not in plan
    assert events.exists()


def test_pages_follow_each_other_without_gap_or_repetition(house: House) -> None:
    for number in range(230):
        audit.record(f"p.{number}", actor=house.worker)
    names: list[str] = []
    before = ""
    for _page in range(3):
        page = trail(house.chief, asked(action="p.", before=before))
        names += [event.action for event in page.events]
        assert page.number == 230
        before = str(page.more or "")
    assert before == ""
    assert names == [f"p.{number}" for number in reversed(range(230))]


def test_searching_is_on_the_trail_without_the_name_searched_for(house: House) -> None:
    enter(house.chief).get(TRAIL, {"who": "Lê Thị Ánh", "denied": "1"})
    row = AuditEvent.objects.get(action="trail.read")
    assert row.actor_id == house.chief.pk
    assert set(row.fields) == {"who", "denied"}
    assert "Ánh" not in row.reason
    assert "term " in row.reason


def test_a_reason_above_the_readers_level_is_not_shown(house: House) -> None:
    secret = make_classified(house.here, 2)
    audit.record("level.raised", actor=house.worker, row=secret, reason="vì việc kín")
    audit.record("task.completed", actor=house.worker, row=make_task(unit=house.mine), reason="rõ")
    text = enter(house.officer).get(TRAIL).content.decode()
    assert "vì việc kín" not in text
    assert "rõ" in text


def export(client: Client, reason: str = "Thanh tra", **said: str) -> list[list[str]]:
    answer = client.post(f"{EXPORT}{asked(**said).address()}", {"reason": reason})
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


def test_an_export_holds_what_the_search_shows_and_is_itself_on_the_trail(house: House) -> None:
    audit.record("e.one", actor=house.worker, row=house.here, reason='=HYPERLINK("x")')
    audit.record("e.two", actor=house.stranger, row=house.there)
    header, *rows = export(enter(house.officer), action="e.")
    assert [row[header.index("action")] for row in rows] == ["e.one"]
    assert rows[0][header.index("reason")] == '\'=HYPERLINK("x")'
    row = AuditEvent.objects.get(action="trail.exported")
    assert (row.actor_id, row.reason.endswith(": Thanh tra")) == (house.officer.pk, True)


@pytest.mark.parametrize(
    ("reason", "days"), [("", 3), ("   ", 3), ("Thanh tra", 31), ("Thanh tra", 300)]
)
def test_an_export_without_reason_or_beyond_a_month_is_refused(
    house: House, reason: str, days: int
) -> None:
    today = timezone.localdate()
    query = asked(since=(today - timedelta(days=days)).isoformat()).address()
    answer = enter(house.chief).post(f"{EXPORT}{query}", {"reason": reason})
    assert answer.status_code == 422
    with pytest.raises(RefusedError):  # the service asks by itself, whatever the view made of it
        export_trail(actor=house.chief, asked=asked(), reason=" ", now=timezone.now())
    assert not AuditEvent.objects.filter(action="trail.exported").exists()


def test_a_month_of_31_days_may_be_exported(house: House) -> None:
    today = timezone.localdate()
    export(enter(house.chief), since=(today - timedelta(days=30)).isoformat())


def of(task: Task) -> str:
    return reverse("security:trail_of", args=["campaign.task", task.pk])


def test_the_readers_of_a_record_are_told_by_what_they_did(house: House) -> None:
    audit.record("read", actor=house.worker, row=house.here)
    audit.record("read", actor=house.worker, row=house.here)
    audit.record("list", actor=house.stranger, object_type="campaign.task", ids=[house.here.pk, 99])
    audit.record("list", actor=house.stranger, object_type="campaign.task", ids=[99])
    audit.record("task.completed", actor=house.chief, row=house.here)
    audit.record(
        "read",
        actor=make_user(unit=house.mine, full_name="Kẻ Bị Chặn"),
        object_type="campaign.task",
        object_id=house.here.pk,
        decision="denied",
    )
    shown = enter(house.chief).get(of(house.here)).context["readers"]
    told = {r.name: (r.opened, r.listed, r.changed, r.denied) for r in shown}
    assert told == {
        "Lê Thị Ánh": (2, 0, 0, 0),
        "Trần Văn Lạ": (0, 1, 0, 0),
        house.chief.full_name: (0, 0, 1, 0),
        "Kẻ Bị Chặn": (0, 0, 0, 1),
        "": (0, 0, 1, 0),  # the installation put it on the board
    }
    assert AuditEvent.objects.filter(action="trail.record_read").count() == 1


def test_readers_of_a_record_elsewhere_are_nobodys_business(house: House) -> None:
    audit.record("read", actor=house.worker, row=house.there)
    client = enter(house.officer)
    hidden, missing = client.get(of(house.there)), client.get(of(Task(pk=987654)))
    assert hidden.status_code == missing.status_code == 404
    denied = AuditEvent.objects.filter(action="security.view_trail", decision="denied")
    assert {row.object_id for row in denied} == {str(house.there.pk), "987654"}
    assert client.get(of(house.here)).status_code == 200


def test_readers_of_a_record_above_the_officers_level_are_a_missing_page(house: House) -> None:
    secret = make_classified(house.here, 2)
    audit.record("read", actor=house.worker, row=secret)
    assert enter(house.officer).get(of(secret)).status_code == 404
    assert "trail/of/" not in enter(house.officer).get(TRAIL, {"what": "reading"}).content.decode()


def test_a_deleted_record_keeps_its_readers_behind_the_same_reach(house: House) -> None:
    member = make_member("Đã Xoá", unit=house.theirs)
    audit.record("read", actor=house.stranger, row=member)
    address = reverse("security:trail_of", args=["records.member", member.pk])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_member WHERE id = %s", [member.pk])
    assert enter(house.officer).get(address).status_code == 404
    answer = enter(house.chief).get(address)
    assert "Trần Văn Lạ" in [reader.name for reader in answer.context["readers"]]


def test_a_persons_week_is_told_day_by_day(house: House) -> None:
    put("signin", noon(2), actor=house.worker)
    for number in (11, 12, 12, 13):
        put(
            "read",
            noon(1),
            actor=house.worker,
            path=house.mine.path,
            kind="campaign.task",
            pk=number,
        )
    put("read", noon(9), actor=house.worker)
    page = enter(house.officer).get(reverse("security:trail_by", args=[house.worker.pk]))
    days = page.context["days"]
    assert [day.day for day in days] == [noon(1).date(), noon(2).date()]
    (doing,) = days[0].doings
    assert (doing.times, doing.numbers) == (4, ["11", "12", "13"])
    assert "11, 12, 13" in doing.sentence
    assert AuditEvent.objects.filter(action="trail.person_read").count() == 1


def test_the_story_of_somebody_elsewhere_is_a_missing_page(house: House) -> None:
    client = enter(house.officer)
    for pk in (house.stranger.pk, house.chief.pk, 987654):
        assert client.get(reverse("security:trail_by", args=[pk])).status_code == 404
    assert AuditEvent.objects.filter(action="security.view_trail", decision="denied").count() == 3


def test_unusual_reading_shows_figures_and_the_usual(house: House) -> None:
    today = timezone.localdate()
    put("read", noon(1), actor=house.worker, times=45, path=house.mine.path)
    for days in (10, 11, 12):
        put("read", noon(days), actor=house.worker, times=4, path=house.mine.path)
    put("read", noon(1), actor=house.stranger, times=39, path=house.theirs.path)
    (one,) = unusual_days(house.chief, today)
    (sign,) = one.signs
    assert (one.name, one.day, sign.code, sign.figure) == (
        "Lê Thị Ánh", noon(1).date(), "records", 45,
    )  # fmt: skip
    assert sign.usual is not None
    assert sign.usual.own == 4
    page = enter(house.chief).get(UNUSUAL)
    assert "Lê Thị Ánh" in page.content.decode()
    assert AuditEvent.objects.filter(action="trail.unusual_read").count() == 1


def test_much_reading_every_day_is_not_unusual(house: House) -> None:
    put("read", noon(1), actor=house.worker, times=45)
    for days in (10, 11, 12):
        put("read", noon(days), actor=house.worker, times=40)
    assert unusual_days(house.chief, timezone.localdate()) == []


def test_night_reading_and_foreign_units_stand_out(house: House) -> None:
    night = noon(2).replace(hour=21)
    put("read", night, actor=house.worker, times=5, path=house.mine.path)
    for _number in range(4):
        put("read", noon(1), actor=house.worker, path=make_unit(parent=house.theirs).path)
    for place in (house.mine, *(make_unit(parent=house.theirs) for _number in range(3))):
        put("read", noon(3), actor=house.worker, path=place.path)  # his own is not foreign
    shown = unusual_days(house.officer, timezone.localdate())
    assert {(one.day, sign.code) for one in shown for sign in one.signs} == {
        (noon(2).date(), "hours"),
        (noon(1).date(), "units"),
    }


def test_an_officer_sees_unusual_reading_of_his_reach_alone(house: House) -> None:
    put("read", noon(1), actor=house.stranger, times=60, path=house.theirs.path)
    assert unusual_days(house.officer, timezone.localdate()) == []
    assert len(unusual_days(house.chief, timezone.localdate())) == 1


@pytest.mark.parametrize("role", ["administrator", "head", "keeper", "unit_head"])
def test_nobody_else_finds_a_door_to_the_trail(house: House, role: str) -> None:
    user = make_user(unit=house.root)
    grant_role(user, role)
    client = enter(user)
    doors = [TRAIL, EXPORT, UNUSUAL, of(house.here), reverse("security:trail_by", args=[user.pk])]
    assert [client.get(door).status_code for door in doors] == [404] * 5
    assert client.post(EXPORT, {"reason": "x"}).status_code == 404
    denied = AuditEvent.objects.filter(action="security.view_trail", decision="denied")
    assert denied.count() == 6


@pytest.mark.parametrize("odd", ["9" * 50, "-1", "²", "0000-00-00", "9999-12-31", "\x00", "' OR 1"])
def test_odd_questions_of_the_trail_are_answered(house: House, odd: str) -> None:
    client = enter(house.chief)
    said = dict.fromkeys(
        ["who", "actor", "what", "kind", "number", "unit", "since", "until", "before", "request"],
        odd,
    )
    for address in (TRAIL, EXPORT, UNUSUAL, of(house.here)):
        assert client.get(address, said).status_code in (200, 400)


def test_far_days_are_held_within_the_calendar() -> None:
    far = asked(since="0001-01-01", until="9999-12-31")
    assert far.until.year == 2199
    assert (far.until - far.since).days == 366
    assert far.since <= far.until <= datetime(2200, 1, 1, tzinfo=UTC).date()
