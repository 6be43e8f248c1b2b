from dashboard.models.notices import (
    CalendarFeed,
    Delivery,
    Notice,
    NoticeChoice,
    NoticeHours,
    NoticeKind,
    Way,
)

__all__ = [
    "CalendarFeed",
    "Delivery",
    "Notice",
    "NoticeChoice",
    "NoticeHours",
    "NoticeKind",
    "Way",
]
