"""A country of fictional members, made by the database itself: a million rows in a minute."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection, models

from records.folding import fold
from records.models import Member, MemberUnitGrant, MemberUserGrant, Person
from security.database_roles import as_owner
from security.models import RoleGrant, Unit, User

# At five million members: 30 000 units, 100 000 people with two roles each, a million grants.
PROVINCES = 34
COMMUNES = 3300
MEMBERS_PER_CELL = 5_000_000 / (30_000 - 1 - PROVINCES - COMMUNES)
MEMBERS_PER_USER = 50
MEMBERS_PER_GRANT = 5

FAMILY = (
    "Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Hoàng Huỳnh Vũ Võ Phan Trương Bùi Đặng "
    "Đỗ Ngô Hồ Dương Lý Đinh Đoàn Tạ Mai Cao Lương Hà Quách "
)
MIDDLE = "Văn Thị Đình Đức Hữu Minh Ngọc Thu Quang Xuân Thanh Hồng Công Kim Bá Gia Thế Tuấn Phương "
GIVEN = (
    "An Ân Anh Ánh Bách Bảo Bình Cường Chi Chiến Châu Dung Dũng Duy Dương Đạt Đông Đức Giang "
    "Hà Hạnh Hằng Hậu Hiền Hiếu Hoa Hoà Hoàng Hòa Huệ Hùng Hưng Hương Khải Khánh Khoa Lan "
    "Linh Loan Long Lộc Mai Mạnh Minh My Nam Nga Ngân Ngọc Nhung Ninh Oanh Phong Phú Phúc "
    "Phương Quang Quân Quyên Quỳnh Sáng Sơn Tài Tâm Tân Thảo Thắng Thành Thi Thịnh Thơ Thu "
    "Thuỷ Thúy Tiến Toàn Trang Trí Trung Tú Tuấn Tùng Tuyết Uyên Vân Việt Vinh Vũ Xuân Yến "
)

# Which part a row gets: multiplied by odd primes, so that names, cells and ids do not march in step.
_PERSON = {
    "id": "g",
    "unit_id": "cell.id",
    "unit_path": "cell.path",
    "level": "CASE g / 7 % 50 WHEN 0 THEN 2 WHEN 1 THEN 0 ELSE 1 END",
    "sensitivity": "1",
    "created_at": "now() - make_interval(secs => g)",
    "family_name": "f.word",
    "middle_name": "m.word",
    "given_name": "n.word",
    "search_name": "' ' || f.folded || ' ' || m.folded || ' ' || n.folded || ' '",
    "full_name": "f.word || ' ' || m.word || ' ' || n.word",
    "gender": "(1 + g % 2)::text",
    "birth_date": "(1940 + g % 60)::text",
    "nationality": "'Việt Nam'",
    "version": "1",
}
_MEMBER = {
    **{column: f"p.{column}" for column in _PERSON},
    "person_id": "p.id",
    "status": "CASE WHEN p.id / 3 % 25 = 0 THEN 'du_bi' ELSE 'chinh_thuc' END",
    "profile_number": "lpad((p.id % 1000000)::text, 6, '0') || chr(65 + (p.id / 1000000)::int)",
    "official_date": "CASE WHEN p.id / 3 % 25 = 0 THEN '' ELSE (1965 + p.id % 55)::text END",
}


def cells_of(members: int) -> int:
    return max(round(members / MEMBERS_PER_CELL), COMMUNES)


def populate(members: int) -> None:
    """Units (root, 34 provinces, 3 300 communes, cells), this many members, people and grants."""
    cells = cells_of(members)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
        _units(cursor, cells)
        _words(cursor)
        _classified_checked(cursor, "DISABLE")
        later = [*_taken_off(cursor, Person), *_taken_off(cursor, Member)]
        _people(cursor, members, cells)
        for statement in later:
            cursor.execute(statement)
        _classified_checked(cursor, "ENABLE")
        _roles(cursor, members // MEMBERS_PER_USER, cells)
        _grants(cursor, members)
        cursor.execute("VACUUM ANALYZE")


def _classified_checked(cursor: Any, state: str) -> None:
    """Every fiftieth row is above the readers' level; nobody here decides each one's level."""
    for table in ("records_person", "records_member"):
        cursor.execute(f"ALTER TABLE {table} {state} TRIGGER classified_level")


def unit_ids(members: int) -> dict[str, int]:
    """One unit of each kind: 'cell', 'province', 'root'."""
    cells = cells_of(members)
    return {"root": 1, "province": 2 + 7, "cell": 1 + PROVINCES + COMMUNES + cells // 2}


def _units(cursor: Any, cells: int) -> None:
    first_commune, first_cell = 2 + PROVINCES, 2 + PROVINCES + COMMUNES
    levels = (
        (1, 1, "NULL::bigint", "organisation"),
        (2, PROVINCES, "1", "committee"),
        (first_commune, COMMUNES, f"2 + (id - {first_commune}) % {PROVINCES}", "committee"),
        (first_cell, cells, f"{first_commune} + (id - {first_cell}) % {COMMUNES}", "cell"),
    )
    for first, count, parent, kind in levels:
        columns, values = _filled(
            Unit,
            {
                "id": "one.id",
                "code": "'U' || one.id",
                "name": f"'{kind} ' || one.id",
                "kind": f"'{kind}'",
                "parent_id": "above.id",
                "path": "coalesce(above.path, '/') || one.id || '/'",
            },
        )
        cursor.execute(
            f"INSERT INTO security_unit ({columns}) SELECT {values} "  # noqa: S608
            f"FROM (SELECT id, {parent} AS parent FROM generate_series({first}, {first + count - 1}) AS id) AS one "
            "LEFT JOIN security_unit AS above ON above.id = one.parent"
        )
    cursor.execute(
        "SELECT setval(pg_get_serial_sequence('security_unit', 'id'), max(id)) FROM security_unit"
    )


def _words(cursor: Any) -> None:
    cursor.execute("CREATE TEMP TABLE word (part text, at int, word text, folded text)")
    rows = [
        (part, at, word, fold(word))
        for part, words in (("f", FAMILY), ("m", MIDDLE), ("n", GIVEN))
        for at, word in enumerate(words.split())
    ]
    cursor.executemany("INSERT INTO word VALUES (%s, %s, %s, %s)", rows)


def _people(cursor: Any, members: int, cells: int) -> None:
    first_cell = 2 + PROVINCES + COMMUNES
    columns, values = _filled(Person, _PERSON)
    counts = {
        part: len(words.split()) for part, words in (("f", FAMILY), ("m", MIDDLE), ("n", GIVEN))
    }
    cursor.execute(
        f"INSERT INTO records_person ({columns}) SELECT {values} "  # noqa: S608
        f"FROM generate_series(1, {members}) AS g "
        f"JOIN security_unit AS cell ON cell.id = {first_cell} + (g::bigint * 7919) % {cells} "
        f"JOIN word AS f ON f.part = 'f' AND f.at = (g::bigint * 31 + g / 7) % {counts['f']} "
        f"JOIN word AS m ON m.part = 'm' AND m.at = (g::bigint * 17 + g / 11) % {counts['m']} "
        f"JOIN word AS n ON n.part = 'n' AND n.at = (g::bigint * 13 + g / 3) % {counts['n']}"
    )
    columns, values = _filled(Member, _MEMBER)
    cursor.execute(
        f"INSERT INTO records_member ({columns}) SELECT {values} FROM records_person AS p"  # noqa: S608
    )
    for table in ("records_person", "records_member"):
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"  # noqa: S608
        )


def _roles(cursor: Any, users: int, cells: int) -> None:
    """Two roles a person: on a cell, and every tenth time on a commune, else on another cell."""
    first_commune, first_cell = 2 + PROVINCES, 2 + PROVINCES + COMMUNES
    user = {
        "id": "g",
        "username": "'u' || g",
        "full_name": "'u' || g",
        "unit_id": f"{first_cell} + g % {cells}",
        "clearance": "1",
        "is_active": "true",
        "date_joined": "now()",
    }
    grant = {
        "id": "g",
        "user_id": f"1 + g % {users}",
        "role_id": "CASE g % 2 WHEN 0 THEN 'cell_secretary' ELSE 'keeper' END",
        "unit_id": f"CASE WHEN g % 10 = 0 THEN {first_commune} + g % {COMMUNES} "
        f"ELSE {first_cell} + (g::bigint * 31) % {cells} END",
        "valid_from": "now() - interval '1 year'",
        # Every fifth has ended: the filter must pass it over.
        "valid_to": "CASE g % 5 WHEN 0 THEN now() - interval '1 day' END",
        "max_level": "1",
        "max_sensitivity": "2",
    }
    _insert(cursor, User, user, users)
    _insert(cursor, RoleGrant, grant, 2 * users)


def _grants(cursor: Any, members: int) -> None:
    """Single records opened: half of them to people, half to units; every third has expired."""
    permission = Permission.objects.get(
        content_type__app_label="records", codename="view_member"
    ).pk
    grants, users = members // MEMBERS_PER_GRANT // 2, members // MEMBERS_PER_USER
    units = 1 + PROVINCES + COMMUNES + cells_of(members)
    known = {
        "id": "g",
        "permission_id": str(permission),
        "valid_from": "now() - interval '1 year'",
        "valid_to": "CASE g % 3 WHEN 0 THEN now() - interval '1 day' END",
        "content_object_id": f"1 + (g::bigint * 7) % {members}",
    }
    _insert(cursor, MemberUserGrant, {**known, "user_id": f"1 + g % {users}"}, grants)
    _insert(cursor, MemberUnitGrant, {**known, "grantee_id": f"2 + g % {units - 1}"}, grants)


def _insert(cursor: Any, model: type[models.Model], known: dict[str, str], count: int) -> None:
    """``count`` rows, numbered ``g`` from 1; ids are named, so the sequence is set behind them."""
    table = model._meta.db_table
    columns, values = _filled(model, known)
    later = _taken_off(cursor, model)
    cursor.execute(
        f'INSERT INTO "{table}" ({columns}) SELECT {values} '  # noqa: S608
        f"FROM generate_series(1, {count}) AS g"
    )
    for statement in later:
        cursor.execute(statement)
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")  # noqa: S608


def _filled(model: type[models.Model], known: dict[str, str]) -> tuple[str, str]:
    """Columns and SQL values of every column; what is not ``known`` is empty, false or null."""
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = [known.get(str(f.column)) or _empty(f) for f in model._meta.concrete_fields]
    return ", ".join(columns), ", ".join(values)


def _empty(field: models.Field[Any, Any]) -> str:
    if field.null:
        return "NULL"
    kind = field.get_internal_type()
    return {"BooleanField": "false", "PositiveSmallIntegerField": "0"}.get(kind, "''")


def _taken_off(cursor: Any, model: type[models.Model]) -> list[str]:
    """Drop foreign keys and plain indexes of an empty table; returns how to put them back."""
    table = model._meta.db_table
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %s::regclass AND contype = 'f'",
        [table],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i "
        "ON i.oid = x.indexrelid WHERE x.indrelid = %s::regclass AND NOT x.indisunique",
        [table],
    )
    indexes = cursor.fetchall()
    for name, _definition in keys:
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in indexes] + [
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}' for name, definition in keys
    ]
