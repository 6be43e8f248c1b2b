from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_noop

# allauth speaks no Vietnamese. Naming its sentences here puts them into our own catalogue.
SENTENCES_OF_ALLAUTH = (
    gettext_noop("The username and/or password you specified are not correct."),
    gettext_noop("Please type your current password."),
    gettext_noop("Incorrect password."),
    gettext_noop("You must type the same password each time."),
    gettext_noop("The new value must be different from the current one."),
    gettext_noop("Too many failed login attempts. Try again later."),
    gettext_noop("This account is currently inactive."),
    gettext_noop("Password successfully changed."),
    gettext_noop("You have signed out."),
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by administrators: the sign-up page does not exist."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
