from security.models.audit import AuditEvent
from security.models.files import StoredFile
from security.models.grants import UnitGrant, UserGrant
from security.models.installation import Installation
from security.models.protected import Protected, ProtectedQuerySet, UnitPathForeignKey
from security.models.roles import Role, RoleGrant, RolePermission
from security.models.units import Unit
from security.models.users import User

__all__ = [
    "AuditEvent",
    "Installation",
    "Protected",
    "ProtectedQuerySet",
    "Role",
    "RoleGrant",
    "RolePermission",
    "StoredFile",
    "Unit",
    "UnitGrant",
    "UnitPathForeignKey",
    "User",
    "UserGrant",
]
