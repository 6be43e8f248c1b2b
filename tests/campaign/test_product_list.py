"""The list of products: filters, order, pages, counts; constant queries."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaign.models import Campaign, Product
from campaign.rules import end_of
from campaign.services import accept_product
from tests.campaign.make import make_campaign, make_task, office_of, submit
from tests.campaign.test_views import client_of, head_of
from tests.security.make import make_unit

pytestmark = pytest.mark.django_db


def world() -> tuple[Campaign, list[Product]]:
    """Five products: late, in time, waiting, graded B, accepted; the first on the checklist."""
    now = timezone.now()
    today = timezone.localdate()
    campaign = make_campaign(start=today - timedelta(days=7))
    begun = now - timedelta(days=6)
    tasks = [
        make_task(
            campaign=campaign,
            now=begun,
            products=2 if n == 4 else 1,
            deadline=end_of(today + timedelta(days=day), before=False),
            unit=make_unit(parent=campaign.unit, name=f"Vụ {n}"),
        )
        for n, day in enumerate([-2, 20, 4, 5, 6])
    ]
    products = [task.products.order_by("position")[0] for task in tasks]
    for n, product in enumerate(products):
        product.title = f"Sản phẩm thứ {n}"
        product.save()
    office = office_of(tasks[0])
    submit(tasks[2], now=now)
    for n, grade in ((3, "B"), (4, "A")):
        accept_product(
            actor=office,
            submission=submit(tasks[n], now=now),
            grade=grade,
            remediate_on=today + timedelta(days=3) if grade == "B" else None,
            remediate_by=tasks[n].owner if grade == "B" else None,
            now=now,
        )
    return campaign, products


def shown(client: Any, **query: Any) -> list[int]:
    page = client.get(reverse("campaign:product_list"), {"show": "all", **query}).content.decode()
    return [int(n) for n in re.findall(r"Sản phẩm thứ (\d)</a>", page)]


def test_filters_show_exactly_what_they_say() -> None:
    _campaign, products = world()
    client = client_of(head_of(products[0].task))
    assert sorted(shown(client)) == [0, 1, 2, 3, 4]
    assert shown(client, due="over") == [0]
    assert shown(client, due="remedy") == [3]
    assert sorted(shown(client, due="week")) == [2, 3]
    assert shown(client, state="waiting") == [2]
    assert shown(client, state="A") == [4]
    assert shown(client, state="B") == [3]
    assert sorted(shown(client, state="open")) == [0, 1]
    assert shown(client, unit=products[1].task.unit.code) == [1]
    assert shown(client, group="1", state="open", due="over") == [0]
    assert shown(client, group="9") == []


def test_the_order_turns_round() -> None:
    _campaign, products = world()
    client = client_of(head_of(products[0].task))
    assert shown(client, sort="due") == [0, 2, 3, 4, 1]
    assert shown(client, sort="-due") == [1, 4, 3, 2, 0]
    assert shown(client, sort="unit") == [0, 1, 2, 3, 4]
    assert shown(client, sort="state") == [2, 0, 1, 3, 4]


def test_each_count_leads_to_as_many_rows() -> None:
    _campaign, products = world()
    client = client_of(head_of(products[0].task))
    page = client.get(reverse("campaign:product_list"), {"show": "all"}).content.decode()
    links = re.findall(r'<li><a href="(\?[^"]*state=[^"]*)"><b>(\d+)</b>', page)
    assert len(links) == 5
    for query, count in links:
        found = client.get(reverse("campaign:product_list") + query.replace("&amp;", "&"))
        assert found.context["page"].paginator.count == int(count)


def test_malformed_filters_are_dropped() -> None:
    _campaign, products = world()
    client = client_of(head_of(products[0].task))
    odd = {"group": "٣٣٣٣", "state": "x' OR 1=1", "due": "<b>", "sort": "--due", "page": "ba"}
    assert len(shown(client, **odd)) == 5


def test_the_checklist_counts_what_is_accepted_beyond_the_page() -> None:
    _campaign, products = world()
    Product.objects.filter(pk__in=[products[0].pk, products[4].pk]).update(checklist_code="S1")
    client = client_of(head_of(products[0].task))
    page = client.get(reverse("campaign:product_list")).content.decode()
    assert "1/2" in page


def test_fifty_a_page_and_constant_queries(django_assert_max_num_queries: Any) -> None:
    campaign, products = world()
    client = client_of(head_of(products[0].task))
    path = reverse("campaign:product_list")
    client.get(path, {"show": "all"})
    with django_assert_max_num_queries(18):
        client.get(path, {"show": "all", "sort": "state"})
    task = products[1].task
    Product.objects.bulk_create(
        Product(task=task, position=n, title=f"Thêm {n}") for n in range(2, 62)
    )
    with django_assert_max_num_queries(18):
        answer = client.get(path, {"show": "all", "sort": "due"})
    assert len(answer.context["lines"]) == 50
    second = client.get(path, {"show": "all", "sort": "due", "page": "2"})
    assert len(second.context["lines"]) == 66 - 50
    assert campaign.tasks.count() == 5
