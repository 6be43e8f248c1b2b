"""Records opened one by one: a member to himself, a record to another unit for a time."""

from django.db import models

from records.models.cadres import Cadre
from records.models.members import Member
from security.models import UnitGrant, UserGrant


class MemberUserGrant(UserGrant):
    content_object = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="user_grants")


class MemberUnitGrant(UnitGrant):
    content_object = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="unit_grants")


class CadreUserGrant(UserGrant):
    content_object = models.ForeignKey(Cadre, on_delete=models.CASCADE, related_name="user_grants")
