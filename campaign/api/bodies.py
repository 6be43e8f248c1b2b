"""What programs may send: of exactly the kinds that the OpenAPI document names."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from campaign.services.talking import TEXT_AT_MOST

LARGEST = 10**18 - 1


class Whole(serializers.IntegerField):
    """A number as JSON has it: “5”, 5.0 and true are none."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Words(serializers.CharField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input="")
        return data


class Body(serializers.Serializer[Any]):
    """``version``: of the task as the caller had read it; another one is answered 409."""

    version = Whole(required=False, min_value=1, max_value=2**31 - 1)


class ReportBody(Body):
    percent = Whole(min_value=0, max_value=100)
    note = Words(required=False, allow_blank=True, max_length=5000)
    obstacle = Flag(required=False)


class SubmissionBody(Body):
    """``answers``: one per criterion of the product, in their order."""

    product = Whole(min_value=0, max_value=LARGEST)
    statement = Words(max_length=10_000)
    link = Words(required=False, allow_blank=True, max_length=400)
    answers = serializers.ListField(child=Words(max_length=5000), required=False, max_length=100)


class CommentBody(Body):
    text = Words(max_length=TEXT_AT_MOST)
