from security.models.audit import AuditEvent
from security.models.emergency import EmergencyAccess
from security.models.files import StoredFile
from security.models.findings import FileFinding
from security.models.grants import UnitGrant, UserGrant
from security.models.installation import Installation
from security.models.matrix import MatrixChange
from security.models.protected import (
    ClassifiedLevel,
    Protected,
    ProtectedQuerySet,
    UnitPathForeignKey,
    protected_models,
)
from security.models.reviews import AccessReview, ReviewItem
from security.models.roles import Role, RoleGrant, RolePermission, RoleRequest
from security.models.seals import AuditCheckpoint
from security.models.secrecy import Classification, SecrecyApproval
from security.models.signin import ApiToken, Invitation
from security.models.units import Unit
from security.models.upkeep_runs import UpkeepRun
from security.models.users import User

__all__ = [
    "AccessReview",
    "ApiToken",
    "AuditCheckpoint",
    "AuditEvent",
    "Classification",
    "ClassifiedLevel",
    "EmergencyAccess",
    "FileFinding",
    "Installation",
    "Invitation",
    "MatrixChange",
    "Protected",
    "ProtectedQuerySet",
    "ReviewItem",
    "Role",
    "RoleGrant",
    "RolePermission",
    "RoleRequest",
    "SecrecyApproval",
    "StoredFile",
    "Unit",
    "UnitGrant",
    "UnitPathForeignKey",
    "UpkeepRun",
    "User",
    "UserGrant",
    "protected_models",
]
