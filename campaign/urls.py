from django.urls import include, path

from campaign import views
from campaign.views import (
    bulk,
    campaigns,
    files,
    handing,
    imports,
    lights,
    linking,
    product_dates,
    talking,
    writing,
)
from campaign.views import saved_views as saved

app_name = "campaign"
urlpatterns = [
    path("", views.task_list, name="task_list"),
    path("campaign/", views.choose, name="choose"),
    path("products/", views.product_list, name="product_list"),
    path("lights/", lights.settings, name="lights"),
    path("lights/set/", lights.set_thresholds, name="lights_set"),
    path("lights/checks/", lights.checks, name="light_checks"),
    path("lights/checks/now/", lights.compare, name="light_compare"),
    path("lights/checks/mend/", lights.mend, name="light_mend"),
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
    path("<int:pk>/products/<int:product>/deadline/", product_dates.move, name="product_deadline"),
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

# A table of tasks on its way in.
urlpatterns += [
    path("import/", imports.imports, name="imports"),
    path("import/template.xlsx", imports.import_template, name="import_template"),
    path("import/<int:pk>/", imports.import_detail, name="import"),
    path("import/<int:pk>/problems.xlsx", imports.import_problems, name="import_problems"),
    path("import/<int:pk>/apply/", imports.import_apply, name="import_apply"),
    path("import/<int:pk>/again/", imports.import_again, name="import_again"),
    path("import/<int:pk>/drop/", imports.import_drop, name="import_drop"),
]

# Many tasks at once, saved views, whole campaigns.
urlpatterns += [
    path("bulk/", bulk.bulk, name="bulk"),
    path("bulk/apply/", bulk.apply, name="bulk_apply"),
    path("views/", saved.views, name="views"),
    path("views/save/", saved.save, name="view_save"),
    path("views/<int:pk>/rename/", saved.rename, name="view_rename"),
    path("views/<int:pk>/move/", saved.move, name="view_move"),
    path("views/<int:pk>/default/", saved.default, name="view_default"),
    path("views/<int:pk>/delete/", saved.delete, name="view_delete"),
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/<slug:code>/close/", campaigns.close, name="close"),
    path("campaigns/<slug:code>/reopen/", campaigns.reopen, name="reopen"),
]
