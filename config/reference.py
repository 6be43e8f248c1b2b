"""The reference data that administrators keep in Django's admin: this list and nothing else.

A table belongs here only if it holds no facts of people and no decisions: never records, tasks,
tickets, files, people, roles, tokens, sessions or the trail (tests/security/test_admin.py).
"""

from records.admin import CodeItemAdmin, CodeListAdmin
from records.models import CodeItem, CodeList
from security.admin_site import ReferenceSite

site = ReferenceSite()
site.register(CodeList, CodeListAdmin)
site.register(CodeItem, CodeItemAdmin)
