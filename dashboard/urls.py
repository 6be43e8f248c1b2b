from django.urls import path

from dashboard import views, views_board, views_feed, views_letters, views_notices

urlpatterns = [
    path("", views.home, name="home"),
    path("board/", views.board, name="board"),
    path("board/checkpoint/", views_board.checkpoint, name="board_checkpoint"),
    path("board/chase/", views_board.chase, name="board_chase"),
    path("board/wall/", views_board.wall, name="board_wall"),
    path("notices/", views_notices.notices, name="notices"),
    path("notices/badge/", views_notices.badge, name="notices_badge"),
    path("notices/mark/", views_notices.mark, name="notices_mark"),
    path("notices/choices/", views_letters.choices, name="notice_choices"),
    path("notices/letters/", views_letters.deliveries, name="notice_deliveries"),
    path("notices/sending/", views_letters.sending, name="notice_sending"),
    path("notices/sending/again/", views_letters.again, name="notice_send_again"),
    path("notices/calendar/", views_feed.calendar, name="calendar_feed"),
    path("notices/calendar/new/", views_feed.make, name="calendar_feed_new"),
    path("notices/calendar/end/", views_feed.end, name="calendar_feed_end"),
    path("feeds/<str:key>/tasks.ics", views_feed.file, name="calendar_feed_file"),
]
