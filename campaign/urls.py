from django.urls import include, path

from campaign import views
from campaign.views import files, handing, linking, talking, writing

app_name = "campaign"
urlpatterns = [
    path("", views.task_list, name="task_list"),
    path("campaign/", views.choose, name="choose"),
    path("products/", views.product_list, name="product_list"),
    path("", include("campaign.plan_urls")),
    path("<int:pk>/", views.task_detail, name="task_detail"),
    path("<int:pk>/report/", views.report, name="report"),
    path("<int:pk>/products/<int:product>/", views.product, name="product"),
    path("<int:pk>/products/<int:product>/submit/", views.submit, name="submit"),
    path("<int:pk>/submissions/<int:submission>/accept/", views.accept, name="accept"),
    path("<int:pk>/deadline/", views.revise, name="revise"),
    path("<int:pk>/judge/", views.judge, name="judge"),
    path("<int:pk>/complete/", views.complete, name="complete"),
    path("<int:pk>/activate/", views.activate, name="activate"),
]

# What is agreed on a task, and what stands around it.
urlpatterns += [
    path("new/", writing.new_task, name="task_new"),
    path("drafts/", writing.drafts, name="drafts"),
    path("people/", talking.people_search, name="people_search"),
    path("<int:pk>/edit/", writing.edit_task, name="task_edit"),
    path("<int:pk>/cancel/", writing.cancel, name="cancel"),
    path("<int:pk>/products/", writing.products, name="task_products"),
    path("<int:pk>/products/<int:product>/edit/", writing.edit_product, name="product_edit"),
    path("<int:pk>/products/<int:product>/remove/", writing.remove_product, name="product_remove"),
    path("<int:pk>/links/", linking.links, name="links"),
    path("<int:pk>/links/<int:link>/remove/", linking.unlink, name="unlink"),
    path("<int:pk>/units/", linking.partners, name="partners"),
    path("<int:pk>/split/", linking.split, name="split"),
    path("<int:pk>/hand-over/", handing.hand_over, name="hand_over"),
    path("<int:pk>/deadline/ask/", handing.ask_deadline, name="ask_deadline"),
    path("<int:pk>/deadline/<int:asked>/approve/", handing.approve, name="approve_deadline"),
    path("<int:pk>/deadline/<int:asked>/refuse/", handing.refuse, name="refuse_deadline"),
    path("<int:pk>/deadline/<int:asked>/withdraw/", handing.withdraw, name="withdraw_deadline"),
    path("<int:pk>/comments/", talking.comment, name="comment"),
    path("<int:pk>/comments/people/", talking.callable_people, name="callable_people"),
    path("<int:pk>/comments/<int:comment>/withdraw/", talking.withdraw, name="withdraw_comment"),
    path("<int:pk>/files/", files.attach, name="attach"),
    path("<int:pk>/files/<int:file>/", files.open_file, name="file"),
    path("<int:pk>/files/<int:file>/remove/", files.remove, name="file_remove"),
    path("files/<int:pk>/", files.file_bytes, name="file_bytes"),
]
