from campaign.views.campaigns import choose
from campaign.views.lists import task_list
from campaign.views.products import product_list
from campaign.views.single import activate, complete, judge, report, revise
from campaign.views.single import detail as task_detail
from campaign.views.submissions import accept, product, submit

__all__ = [
    "accept",
    "activate",
    "choose",
    "complete",
    "judge",
    "product",
    "product_list",
    "report",
    "revise",
    "submit",
    "task_detail",
    "task_list",
]
