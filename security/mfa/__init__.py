"""The second factor: codes of an authenticator app, security keys, recovery codes.

django-allauth keeps and checks the factors; this package says who must have one, leads people
there, closes what allauth leaves open, and writes the trail.
"""
