from campaign.views.campaigns import choose
from campaign.views.lists import product_list, task_list
from campaign.views.single import accept, activate, complete, judge, report, revise, submit
from campaign.views.single import detail as task_detail

__all__ = [
    "accept",
    "activate",
    "choose",
    "complete",
    "judge",
    "product_list",
    "report",
    "revise",
    "submit",
    "task_detail",
    "task_list",
]
