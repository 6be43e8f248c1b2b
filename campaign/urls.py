from django.urls import path

from campaign import views

app_name = "campaign"
urlpatterns = [
    path("", views.task_list, name="task_list"),
    path("campaign/", views.choose, name="choose"),
    path("products/", views.product_list, name="product_list"),
    path("<int:pk>/", views.task_detail, name="task_detail"),
    path("<int:pk>/report/", views.report, name="report"),
    path("<int:pk>/products/<int:product>/submit/", views.submit, name="submit"),
    path("<int:pk>/submissions/<int:submission>/accept/", views.accept, name="accept"),
    path("<int:pk>/deadline/", views.revise, name="revise"),
    path("<int:pk>/judge/", views.judge, name="judge"),
    path("<int:pk>/complete/", views.complete, name="complete"),
    path("<int:pk>/activate/", views.activate, name="activate"),
]
