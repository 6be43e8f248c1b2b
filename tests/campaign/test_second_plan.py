"""A second plan beside the first: nothing of one is taken for the other, each load stays its own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.db import connection
from django.test import Client

from campaign.models import Campaign, MatrixRow, Phase, Product, Task
from campaign.planfile.reading import FileProblem
from campaign.selectors.choosing import choose, visible_campaigns
from campaign.services import (
    PlanFileError,
    close_campaign,
    load_plan,
    report_progress,
    sweep_lights,
)
from security.models import Unit, User
from tests.campaign.make import BEGIN, NOON, PLAN, load_real_plan
from tests.campaign.test_load_plan import SMALL, write
from tests.campaign.test_services import refused
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
ROADMAP = Path(settings.BASE_DIR) / "campaign" / "data" / "lo_trinh_hoa_xa.yaml"


def people_of(path: Path) -> None:
    for person in yaml.safe_load(path.read_text("utf-8"))["people"]:
        unit = Unit.objects.get(code=person["unit"])
        user = make_user(unit=unit, username=person["username"], full_name=person["full_name"])
        for role in person["roles"]:
            grant_role(user, role["role"], Unit.objects.get(code=role["unit"]))


def load_roadmap() -> Campaign:
    load_plan(ROADMAP, actor=None, now=BEGIN)
    people_of(ROADMAP)
    load_plan(ROADMAP, actor=None, now=BEGIN)
    with connection.cursor() as cursor:
        # Rolled-back tests leave the planner believing in empty tables: joins of five took minutes.
        cursor.execute("ANALYZE")
    return Campaign.objects.get(code="HX2630")


def errors(path: Path) -> list[FileProblem]:
    with pytest.raises(PlanFileError) as raised:
        load_plan(path, actor=None, now=BEGIN)
    return raised.value.problems


def test_the_roadmap_is_whole_and_says_what_the_plan_prints() -> None:
    campaign = load_roadmap()
    tasks = Task.objects.filter(campaign=campaign)
    assert {task.state for task in tasks} == {"active"}
    assert tasks.count() == 48
    spans = [(phase.start.year, phase.end) for phase in campaign.phases.all()]
    assert spans == [(year, date(year, 12, 31)) for year in range(2026, 2031)]
    assert str(Phase.objects.get(campaign=campaign, no=2).span) == "2027"
    assert str(Phase.objects.get(campaign=campaign, no=1).span) == "4–12/2026"
    cells = Unit.objects.get(code="HX-TD").members
    assert cells.count() == 17
    assert cells.filter(name__startswith="Chi bộ thôn").count() == 2
    targets = Product.objects.mandatory().filter(task__campaign=campaign)
    assert targets.count() == 11
    assert tasks.get(code="1.1a").deadline_assumed
    assert not tasks.get(code="1.2b").deadline_assumed
    deputy = User.objects.get(username="hx.chutich")
    assert Task.objects.visible_to(deputy).filter(block__no=3).exists()


def test_loading_either_again_changes_neither() -> None:
    load_real_plan()
    load_roadmap()
    before = list(Task.objects.order_by("pk").values())
    for path in (PLAN, ROADMAP, PLAN):
        report = load_plan(path, actor=None, now=NOON)
        assert (report.created, report.updated, report.activated) == ([], [], [])
        assert report.differences == []
    assert list(Task.objects.order_by("pk").values()) == before


def test_moving_one_plan_leaves_the_other_where_it_is() -> None:
    load_real_plan()
    campaign = load_roadmap()
    before = list(Task.objects.filter(campaign=campaign).order_by("pk").values())
    load_plan(PLAN, actor=None, now=NOON, start=date(2026, 5, 15) + timedelta(weeks=1))
    assert list(Task.objects.filter(campaign=campaign).order_by("pk").values()) == before


def test_the_same_codes_in_two_campaigns_are_two_tasks(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL), actor=None, now=BEGIN)
    second = SMALL.replace("code: NHO", "code: HAI").replace("Chiến dịch nhỏ", "Chiến dịch hai")
    second = second.replace("title: Lập danh mục", "title: Việc của chiến dịch hai")
    report = load_plan(write(tmp_path, second), actor=None, now=BEGIN)
    assert report.differences == []
    titles = Task.objects.filter(code="G1").order_by("pk").values_list("campaign__code", "title")
    assert list(titles) == [("NHO", "Lập danh mục"), ("HAI", "Việc của chiến dịch hai")]
    assert MatrixRow.objects.filter(no=1).count() == 2


def test_another_plan_under_the_same_code_is_refused_with_its_line(tmp_path: Path) -> None:
    load_plan(write(tmp_path, SMALL), actor=None, now=BEGIN)
    before = list(Task.objects.order_by("pk").values())
    other = SMALL.replace("Chiến dịch nhỏ", "Chuyện khác").replace("G1", "K1")
    other = other.replace("cells: [Chuẩn bị, null]", "cells: [null, Chuẩn bị]")
    other = other.replace("task: M1.1", "task: M1.2")
    [problem] = errors(write(tmp_path, other))
    assert (problem.line, problem.key) == (2, "campaign.code")
    assert "another campaign" in problem.message
    assert list(Task.objects.order_by("pk").values()) == before
    renamed = SMALL.replace("Chiến dịch nhỏ", "Tên mới của chiến dịch")
    load_plan(write(tmp_path, renamed), actor=None, now=BEGIN)
    assert Campaign.objects.get().title == "Tên mới của chiến dịch"


def test_a_units_code_that_means_another_unit_is_refused(tmp_path: Path) -> None:
    make_unit(code="A", name="Văn phòng của tổ chức khác")
    [problem] = errors(write(tmp_path, SMALL))
    assert (problem.line, problem.key) == (5, "units[1].code")
    assert "Văn phòng của tổ chức khác" in problem.message
    assert not Campaign.objects.exists()
    named = SMALL.replace(
        "name: Đơn vị A,", "name: Đơn vị A, aliases: [Văn phòng của tổ chức khác],"
    )
    load_plan(write(tmp_path, named), actor=None, now=BEGIN)
    Unit.objects.filter(code="GOC").update(name="Gốc đã đổi tên")  # by people, later
    assert load_plan(write(tmp_path, named), actor=None, now=BEGIN).created == []


def test_people_see_the_campaigns_of_their_own_tasks() -> None:
    load_real_plan()
    load_roadmap()
    codes = {
        name: [row.code for row in visible_campaigns(User.objects.get(username=name))]
        for name in ("vanphong", "hx.vanphong", "chuyenvien", "hx.cntt")
    }
    assert codes == {
        "vanphong": ["CD45"],
        "hx.vanphong": ["HX2630"],
        "chuyenvien": ["CD45"],
        "hx.cntt": ["HX2630"],
    }


def both(username: str = "haiben") -> User:
    user = make_user(unit=Unit.objects.get(code="VP"), username=username)
    for code in ("BAN", "HX-DU"):
        grant_role(user, "office", Unit.objects.get(code=code))
        grant_role(user, "head", Unit.objects.get(code=code))
    return user


PAGES = ("/tasks/", "/tasks/?state=draft", "/board/", "/tasks/products/", "/tasks/import/", "/")


def test_every_page_speaks_of_one_campaign_at_a_time(client: Client) -> None:
    load_real_plan()
    load_roadmap()
    client.force_login(both())
    titles = dict(Campaign.objects.values_list("code", "title"))
    codes = {"CD45": "W2.3 ", "HX2630": "1.1c "}
    for code, other in (("CD45", "HX2630"), ("HX2630", "CD45")):
        assert client.post("/tasks/campaign/", {"campaign": code}).status_code == 302
        for path in PAGES:
            page = client.get(path, follow=True).content.decode()
            assert titles[code] in page, (path, code)
            assert codes[other] not in page, (path, code)


def test_a_closed_campaign_stays_readable_and_takes_no_writes(client: Client) -> None:
    load_real_plan()
    load_roadmap()
    user = both()
    campaign = Campaign.objects.get(code="CD45")
    after = NOON + timedelta(days=60)
    close_campaign(actor=user, campaign=campaign, reason="Đã tổng kết", now=after)
    assert [row.code for row in visible_campaigns(user)] == ["HX2630", "CD45"]
    assert choose(user).campaign == Campaign.objects.get(code="HX2630")
    task = Task.objects.get(campaign=campaign, code="W2.3")
    client.force_login(user)
    assert client.get(f"/tasks/{task.pk}/").status_code == 200
    assert b"W2.3" in client.get("/tasks/?campaign=CD45").content
    owner = task.owner
    assert owner is not None
    assert "closed" in refused(
        lambda: report_progress(actor=owner, task=task, percent=10, note="x", now=after)
    )
    assert "closed" in refused(lambda: load_plan(PLAN, actor=None, now=after))
    lit = {row.pk: row.light for row in Task.objects.filter(campaign=campaign)}
    sweep_lights(now=after + timedelta(days=400))
    assert {row.pk: row.light for row in Task.objects.filter(campaign=campaign)} == lit
    assert Task.objects.filter(campaign__code="HX2630", light="red").exists()
