"""A new address without an entry in the register, or an entry without an address, stops the build."""

from tests.walk.doors import DOORS
from tests.walk.register import patterns


def test_every_address_is_in_the_register() -> None:
    known = {door.name for door in DOORS}
    missing = sorted({(name, route) for name, route in patterns() if name not in known})
    assert not missing, "add a Door for each of these in tests/walk/doors/"


def test_the_register_holds_no_address_that_is_gone() -> None:
    there = {name for name, _route in patterns()}
    assert not sorted({door.name for door in DOORS} - there)
