"""Signing in and the pages that say no."""

import pytest
from django import forms
from django.test import Client
from django.urls import reverse

from tests.security.make import make_officer

pytestmark = pytest.mark.django_db


def test_the_sign_in_page_speaks_vietnamese_unless_asked(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "en"})
    assert '<html lang="vi">' in page.content.decode()


def test_the_language_switch_keeps_the_page(client: Client) -> None:
    there = reverse("account_login")
    answer = client.post(reverse("set_language"), {"language": "en", "next": there})
    assert answer.headers["Location"] == there
    page = client.get(there).content.decode()
    assert '<html lang="en">' in page
    assert "Every task six times clear" in page


def test_a_wrong_password_says_nothing_about_the_name(client: Client) -> None:
    make_officer("head", username="known")
    there = reverse("account_login")
    answers = []
    for name in ("known", "unknown"):
        page = client.post(there, {"login": name, "password": "not this one"})
        text = page.content.decode()
        answers.append(text[text.index("notice-error") : text.index("field")])
    assert answers[0] == answers[1]


def test_sign_in_leads_to_the_page_that_was_asked_for(client: Client) -> None:
    page = client.get(reverse("account_login"), {"next": "/tasks/W1/"}).content.decode()
    assert 'name="next" value="/tasks/W1/"' in page.replace('type="hidden" ', "")


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password"])
def test_pages_for_making_accounts_are_closed(client: Client, name: str) -> None:
    page = client.get(reverse(name))
    assert page.status_code == 200
    assert "<input" not in page.content.decode().replace('<input type="hidden"', "")
    assert client.post(reverse(name), {"email": "a@example.vn"}).status_code == 405


def test_absent_pages_answer_in_the_frame(client: Client) -> None:
    client.force_login(make_officer("unit_staff"))
    page = client.get("/no/such/page/")
    assert page.status_code == 404
    assert 'class="topbar"' in page.content.decode()


def test_an_expired_form_is_told_so() -> None:
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(reverse("account_login"), {"login": "a", "password": "b"})
    assert page.status_code == 403
    assert 'class="plain-page"' in page.content.decode()


class Sample(forms.Form):
    percent = forms.IntegerField(max_value=100, help_text="of the whole task")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect, help_text="one")


def test_errors_and_help_are_tied_to_their_field() -> None:
    html = str(Sample({"percent": "120", "kind": "z"}))
    assert 'aria-describedby="id_percent_helptext id_percent_error"' in html
    assert 'id="id_percent_helptext"' in html
    assert 'id="id_percent_error"' in html
    assert '<fieldset class="field" aria-describedby="id_kind_helptext id_kind_error"' in html


def test_only_optional_fields_are_marked() -> None:
    html = str(Sample())
    assert html.count("field-optional") == 1
    assert html.index("id_note") < html.index("field-optional")


def test_too_many_wrong_passwords_close_the_door_for_a_while(client: Client) -> None:
    make_officer("head", username="guessed")
    there = reverse("account_login")
    for _attempt in range(7):
        page = client.post(there, {"login": "guessed", "password": "not this one"})
    assert page.status_code == 429
    text = page.content.decode()
    assert 'class="door-story"' in text
    assert "guessed" not in text


def test_a_changed_password_is_confirmed_in_the_readers_language(client: Client) -> None:
    user = make_officer("head")
    user.set_password("a long enough phrase")
    user.save()
    client.force_login(user)
    there = reverse("account_change_password")
    fields = {"oldpassword": "wrong", "password1": "another phrase 7", "password2": "another"}
    refused = client.post(there, fields).content.decode()
    assert refused.count('aria-invalid="true"') == 2
    assert "Hãy nhập mật khẩu hiện tại." in refused
    fields = {**fields, "oldpassword": "a long enough phrase", "password2": "another phrase 7"}
    done = client.post(there, fields, follow=True)
    assert "Đã đổi mật khẩu." in done.content.decode()
    user.refresh_from_db()
    assert user.check_password("another phrase 7")
