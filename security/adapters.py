from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by administrators: the sign-up page does not exist."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
