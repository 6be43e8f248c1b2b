from django.http import HttpRequest


def asked_of(request: HttpRequest, name: str) -> str:
    """A text of the address."""
    return request.GET.get(name, "").strip()
