"""What addresses share that are no list of protected rows: parts of one task, figures."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from campaign.models import Task
from campaign.services.access import not_allowed
from campaign.services.sending import Call, StaleVersionError, do_once
from security import audit
from security.api.parameters import CURSOR, KEY, KEY_OF_CALL, Parameter, check
from security.api.refusals import (
    BadBodyError,
    BadParameterError,
    ChangedMeanwhileError,
    refusal,
)
from security.api.viewsets import IdPages
from security.http import record_refusal
from security.models import User
from security.scope import allowed_by, may
from security.services import RefusedError


class Asked(viewsets.GenericViewSet[Any]):
    """Checks role and parameters before anything is read; denials are on the trail."""

    http_method_names = ["get", "head", "post"]
    filter_backends = ()
    action_needed: ClassVar[str] = "campaign.view"
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    object_type: ClassVar[str] = "campaign.task"

    @property
    def caller(self) -> User:
        return cast("User", self.request.user)

    def offered(self) -> tuple[Parameter, ...]:
        return self.parameters

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.check_role()
        try:
            check(request.query_params, self.offered())
        except BadParameterError as error:
            names = sorted(error.parameters)
            audit.record(
                "list",
                actor=self.caller,
                object_type=self.object_type,
                fields=names,
                decision="denied",
            )
            raise

    def check_role(self) -> None:
        if not may(self.caller, self.action_needed):
            reason = self.request.path[:200]
            audit.record(self.action_needed, actor=self.caller, decision="denied", reason=reason)
            raise Http404


class TaskPartViewSet(Asked):
    """One sort of facts of one visible task, in the order in which they were written down.

    A single task may have been opened to somebody without a role, so only the row decides.
    """

    pagination_class = IdPages
    part: ClassVar[str]

    def offered(self) -> tuple[Parameter, ...]:
        return (CURSOR,) if self.action == "list" else ()

    def check_role(self) -> None:
        """The row decides."""

    def facts(self, task: Task) -> QuerySet[Any]:
        raise NotImplementedError

    def task(self) -> Task:
        """The task of this address, or 404 with a denial: hidden and absent answer alike."""
        pk = self.kwargs["pk"]
        rows = Task.objects.visible_to(self.caller).select_related("campaign", "unit", "owner")
        found: Task | None = rows.filter(pk=pk).first()
        if found is None:
            audit.record(
                "read",
                actor=self.caller,
                object_type=self.object_type,
                object_id=str(pk)[:40],
                decision="denied",
            )
            raise Http404
        return found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        task = self.task()
        page = self.paginate_queryset(self.facts(task).order_by("pk"))
        self._read(task)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _read(self, task: Task) -> None:
        by = allowed_by(self.caller, task)
        audit.record("read", actor=self.caller, row=task, fields=[self.part], allowed_by=by)


class WrittenPartViewSet(TaskPartViewSet):
    """Facts that may also be added: by the service of the page, under the same permissions."""

    body_class: ClassVar[type[serializers.Serializer[Any]]]
    # A token that only reads adds nothing, whatever its owner may do in the browser.
    writes_with: ClassVar[str]

    def deed(self, task: Task, data: dict[str, Any]) -> Model:
        raise NotImplementedError

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        task = self.task()
        data = self._body()
        version = data.pop("version", None)
        try:
            self._check_token()
            made, fresh = do_once(
                actor=self.caller,
                task=task,
                call=self._call(),
                version=version,
                deed=lambda: self.deed(task, data),
                now=timezone.now(),
            )
        except StaleVersionError as stale:
            raise ChangedMeanwhileError(stale.version) from stale
        except RefusedError as refused:
            record_refusal(request._request, refused)
            return refusal(refused)
        if not fresh:
            self._read(task)
        row = self.facts(task).get(pk=made)
        return Response(self.get_serializer(row).data, status=201)

    def _check_token(self) -> None:
        from_token = self.caller.token_actions
        if from_token is not None and self.writes_with not in from_token:
            raise not_allowed()

    def _body(self) -> dict[str, Any]:
        sent = self.body_class(data=self.request.data)
        known = set(sent.fields)
        beyond = set(self.request.data) - known if isinstance(self.request.data, dict) else set()
        problems = {str(name)[:40]: _("There is no such field here.") for name in beyond}
        if not sent.is_valid():
            problems |= {name: _first(errors) for name, errors in sent.errors.items()}
        if problems:
            raise BadBodyError(problems)
        return dict(sent.validated_data)

    def _call(self) -> Call:
        key = self.request.headers.get(KEY.name, "")
        if key and not KEY_OF_CALL.fullmatch(key):
            raise BadParameterError({KEY.name: _("This value does not fit.")})
        said = json.dumps(self.request.data, sort_keys=True)
        address = f"{self.request.path}\n{said}"
        return Call(key, hashlib.sha256(address.encode()).hexdigest())


def _first(errors: Any) -> str:
    while isinstance(errors, (list, dict)) and errors:
        errors = next(iter(errors.values())) if isinstance(errors, dict) else errors[0]
    return str(errors)
