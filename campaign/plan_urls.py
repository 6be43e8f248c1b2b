"""Addresses of the matrices, the timeline, the calendar and their tables."""

from django.urls import path, re_path

from campaign.views import matrices
from campaign.views.calendar import calendar
from campaign.views.tables import TABLES, plan_table
from campaign.views.timeline import timeline

urlpatterns = [
    path("matrix/", matrices.matrix_six, name="matrix_six"),
    path("matrix/progress/", matrices.matrix_progress, name="matrix_progress"),
    path("matrix/blocks/", matrices.matrix_blocks, name="matrix_blocks"),
    path("matrix/units/", matrices.matrix_units, name="matrix_units"),
    path("timeline/", timeline, name="timeline"),
    path("calendar/", calendar, name="calendar"),
    re_path(rf"^tables/(?P<which>{'|'.join(TABLES)})\.xlsx$", plan_table, name="plan_table"),
]
