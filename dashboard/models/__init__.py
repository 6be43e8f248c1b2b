from dashboard.models.notices import (
    CalendarFeed,
    Delivery,
    Notice,
    NoticeChoice,
    NoticeHours,
    NoticeKind,
    ToldEvent,
    Way,
)

__all__ = [
    "CalendarFeed",
    "Delivery",
    "Notice",
    "NoticeChoice",
    "NoticeHours",
    "NoticeKind",
    "ToldEvent",
    "Way",
]
