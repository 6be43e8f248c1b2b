"""Reads across the campaign's models, each in a number of queries that no number of tasks raises."""

from campaign.selectors.board import Board, board_for
from campaign.selectors.choosing import Choice, choice_of, choose, chosen_campaign
from campaign.selectors.detail import TaskDetail, task_detail
from campaign.selectors.filters import TaskFilter
from campaign.selectors.lines import TaskLine, lines_of
from campaign.selectors.products import ProductLine, product_lines
from campaign.selectors.structure import current_campaign

__all__ = [
    "Board",
    "Choice",
    "ProductLine",
    "TaskDetail",
    "TaskFilter",
    "TaskLine",
    "board_for",
    "choice_of",
    "choose",
    "chosen_campaign",
    "current_campaign",
    "lines_of",
    "product_lines",
    "task_detail",
]
