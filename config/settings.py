"""Settings: the one place where the environment is read.

Every variable has a default that is safe in production, except SECRET_KEY, FILE_NAME_KEY and the
file keys, which have none. The launcher writes the variables of the local installation to
``var/run.env``, so that ``manage.py`` commands find the same database; real environment variables
win over it.
"""

from pathlib import Path

import environ
from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
if "DATABASE_URL" in env.ENVIRON:  # whoever names a database does not mean the owner in run.env
    env.ENVIRON.setdefault("DATABASE_OWNER_URL", "")
environ.Env.read_env(VAR_DIR / "run.env", overwrite=False)

# --- the installation -------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", default="")
# Earlier keys: second factors and links made under them stay valid after a change of the key.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
FILE_NAME_KEY = env.str("FILE_NAME_KEY", default="")
DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# How many reverse proxies stand in front, each appending to X-Forwarded-For.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
# The address that e-mails and calendar feeds lead to, without a slash at its end.
SITE_URL = env.str("SITE_URL", default="http://localhost:8000")
# Ceiling of the installation: nothing above it may enter (form, API, import, ingest).
MAX_SECRECY_LEVEL = env.int("MAX_SECRECY_LEVEL", default=1)
DATA_DIR = Path(env.str("DATA_DIR", default=str(VAR_DIR / "data")))
# Signs the seals of the trail (0600); a copy of each seal goes to the directory, which can be
# storage that lets nobody overwrite.
AUDIT_SEAL_KEY_FILE = Path(
    env.str("AUDIT_SEAL_KEY_FILE", default=str(VAR_DIR / "keys" / "seal.pem"))
)
AUDIT_CHECKPOINTS_DIR = Path(env.str("AUDIT_CHECKPOINTS_DIR", default=str(VAR_DIR / "checkpoints")))
# Where backups are made every night (docs/adr/0016); nothing configured: none is made, and the
# state of the installation says so. How many are kept; older ones go.
BACKUP_DIR = Path(env.str("BACKUP_DIR")) if env.str("BACKUP_DIR", default="") else None
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
# Exports of pages: more than so many in a day, or anything above level 1, take a second person.
EXPORT_ALONE_AT_MOST = env.int("EXPORT_ALONE_AT_MOST", default=50)
EXPORT_AT_MOST = env.int("EXPORT_AT_MOST", default=2000)
EXPORT_KEPT_HOURS = env.int("EXPORT_KEPT_HOURS", default=24)
# The mail server for alarms and notices (security/letters.py). Without it people have their notices
# in the product alone. ``filemail:///absolute/directory`` writes each letter into a file instead.
_mail_url = env.str("EMAIL_URL", default="")
EMAIL_READY = bool(_mail_url)
# Who is told by letter when sealing lags, a file is damaged or a backup late (security/alarms.py):
# codes and numbers, at most once an hour. Nobody by default: nothing leaves the machine.
ALERT_EMAIL = env.list("ALERT_EMAIL", default=[])
DEFAULT_FROM_EMAIL = env.str("ALERT_FROM", default="sauro@localhost")
_mail = environ.Env.email_url_config(_mail_url or "smtp://localhost:25")
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = (
    _mail[name] for name in ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT")
)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
# The address begins after the slash that ends the (empty) host.
EMAIL_FILE_PATH = f"/{_mail['EMAIL_FILE_PATH'].lstrip('/')}" if _mail["EMAIL_FILE_PATH"] else None
EMAIL_TIMEOUT = 10
# Stored files: "on" encrypts what comes (plain ones of earlier stay readable until
# ``manage.py encrypt_files``), "only" refuses to read plain ones too, "off" stores plain.
FILE_ENCRYPTION = env.str("FILE_ENCRYPTION", default="on")
# The keys themselves (docs/adr/0014), or where they lie; the variable wins.
FILE_KEYS = env.str("FILE_KEYS", default="")
FILE_KEYS_FILE = env.str("FILE_KEYS_FILE", default=str(VAR_DIR / "keys" / "files"))

# --- applications -----------------------------------------------------------------------
INSTALLED_APPS = [
    "config",
    "dashboard",
    "campaign",
    "digitization",
    "records",
    "security",
    # Reference data alone (config/reference.py). "Simple": it looks for no other admin modules.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",  # the widget templates behind FORM_RENDERER
    "whitenoise.runserver_nostatic",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "guardian",
    "simple_history",
    "django_celery_beat",
    "django_htmx",
    "template_partials",
]

MIDDLEWARE = [
    "config.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ProxyAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.LanguageMiddleware",
    "config.keeping.middleware.ClosedMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.WrongMethodMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "security.middleware.RequestContextMiddleware",
    "security.middleware.TrailFirstMiddleware",
    "config.middleware.RefuseNulMiddleware",
    "security.middleware.SessionLimitsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "security.mfa.middleware.SecondFactorMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.context.shell",
            ],
        },
    },
]

# --- database, broker -------------------------------------------------------------------
# Two roles (docs/adr/0015): the application's, of web, workers and beat, which owns nothing, and
# the owner's, of migrations and of whatever empties or keeps the whole. One alone serves both.
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="") or env.str(
    "DATABASE_URL", default="postgres://sauro@127.0.0.1:5432/sauro"
)
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default="postgres://sauro@127.0.0.1:5432/sauro"),
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASE_APPLICATION_ROLE = (
    DATABASES["default"]["OPTIONS"].get("assume_role") or DATABASES["default"]["USER"]
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Only counters of attempts lie here. In the database because all web processes must count
# together and a lost Redis must not forget them; the table is made by ``manage.py prepare``.
# Room for many names: culling would forget counters that somebody still needs.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "security_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    # Only workers on the machine with the backups' directory listen there.
    "config.tasks.make_backup": {"queue": "keeping"},
    "digitization.tasks.recognise_next": {"queue": "ocr"},
    "digitization.tasks.assemble_next": {"queue": "assemble"},
    "digitization.tasks.*": {"queue": "default"},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_TIMEZONE = "Asia/Ho_Chi_Minh"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "sweep-lights": {"task": "campaign.tasks.sweep_lights", "schedule": 60.0},
    "tell-people": {"task": "dashboard.tasks.tell_people", "schedule": 60.0},
    "send-letters": {"task": "dashboard.tasks.send_letters", "schedule": 60.0},
    "take-snapshots": {"task": "campaign.tasks.take_snapshots", "schedule": 300.0},
    # At night: nobody waits for the rows it reads, and the changes of midnight are long done.
    "check-lights": {"task": "campaign.tasks.check_lights", "schedule": crontab(hour=3, minute=10)},
    "requeue-expired-leases": {"task": "digitization.tasks.requeue_expired", "schedule": 30.0},
    # Half past one at night, before the working day and after the evening's uploads.
    "make-backup": {"task": "config.tasks.make_backup", "schedule": crontab(hour=1, minute=30)},
    "seal-trail": {"task": "security.tasks.seal_trail", "schedule": 60.0},
    "audit-partitions": {"task": "security.tasks.make_audit_partitions", "schedule": 86400.0},
    "sweep-exports": {"task": "digitization.tasks.sweep_exports", "schedule": 60.0},
    "tell-alarms": {"task": "security.tasks.tell_alarms", "schedule": 3600.0},
    "check-files": {"task": "digitization.tasks.check_files", "schedule": 86400.0},
    "clear-sessions": {"task": "security.tasks.clear_sessions", "schedule": 3600.0},
}

# --- sign-in ----------------------------------------------------------------------------
AUTH_USER_MODEL = "security.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "security.passwords.LengthValidator", "OPTIONS": {"min_length": 12}},
    # Django's list of common passwords, a Vietnamese one, names, runs, digits alone: offline.
    {"NAME": "security.passwords.GuessableValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "security.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Two limits together. Axes locks a name for one address (below): 6 wrong attempts, then a quarter
# of an hour. This one slows a name down wherever the attempts come from; it is higher than what
# axes lets one address do in an hour (4 x 6 = 24), so nobody alone can shut a name for its owner.
# allauth counts wrong second factors by the same limit, per person. Nothing counts by address
# alone: a whole office shares one. The limits set to None are allauth's own by address.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "30/h/key",
    "change_password": "10/10m/user",
    "reauthenticate": "20/10m/user",
    "second_factor": "6/15m/key",
    **dict.fromkeys(("login", "signup", "reset_password", "reset_password_from_key")),
    **dict.fromkeys(("request_login_code", "verify_phone")),
}
MFA_RATE_LIMITS = {"webauthn_login": None}
MFA_ADAPTER = "security.mfa.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# Phones and servers are rarely on the same second; security.mfa.forms lets each code in once.
MFA_TOTP_TOLERANCE = 1
# The answer of a key must come from this very host over HTTPS, or from http://localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
MFA_FORMS = {
    "authenticate": "security.mfa.forms.AuthenticateForm",
    "reauthenticate": "security.mfa.forms.ReauthenticateForm",
    "activate_totp": "security.mfa.forms.ActivateTOTPForm",
    "authenticate_webauthn": "security.mfa.forms.AuthenticateWebAuthnForm",
    "reauthenticate_webauthn": "security.mfa.forms.ReauthenticateWebAuthnForm",
    "add_webauthn": "security.mfa.forms.AddWebAuthnForm",
    "edit_webauthn": "security.mfa.forms.EditWebAuthnForm",
}
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# The form calls it "login", the backends "username": both must count for the same name.
AXES_USERNAME_CALLABLE = "security.signin.typed_name"
AXES_SENSITIVE_PARAMETERS = ["password", "login"]
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "security.signin.locked_out"
# Grants live in per-model tables read by the one visibility filter, never by a backend.
ANONYMOUS_USER_NAME = None
GUARDIAN_AUTO_PREFETCH = False

# Hours that a one-time link lasts: the first one is handed over in person, a new password is urgent.
INVITATION_HOURS = {"first": 72, "reset": 24}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Seconds. Left alone for half an hour, or begun ten hours ago: the session is over
# (security.sessions). When somebody was last active is written at most once a minute.
SESSION_IDLE_LIMIT = 30 * 60
SESSION_ABSOLUTE_LIMIT = 10 * 3600
SESSION_SEEN_EVERY = 60
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_LIMIT
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.refusals.forged"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "django_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# Sentences shown once may name people: they wait in the session, not in a readable cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# --- language, time ---------------------------------------------------------------------
LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

# --- files ------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str(
            "STATIC_STORAGE",
            default="whitenoise.storage.CompressedManifestStaticFilesStorage",
        )
    },
}
WHITENOISE_ALLOW_ALL_ORIGINS = False
# A request body above this goes to a temporary file at once; nothing is held in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "security.uploads.NamelessUploadHandler",
]
# What comes behind it is thrown away; the door refuses files above 512 MB as too large.
UPLOAD_KEPT_BYTES = 512 * 2**20
DATA_UPLOAD_MAX_NUMBER_FILES = 2000
FILE_UPLOAD_TEMP_DIR = None

# --- API --------------------------------------------------------------------------------
REST_FRAMEWORK = {
    # A token that is sent decides, whatever session comes along with it: it stands first.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "security.tokens.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is answered like any other method that is not there
    "DEFAULT_SCHEMA_CLASS": "security.api.schema.ApiSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 50,
    "EXCEPTION_HANDLER": "security.api.refusals.answer",
    "DEFAULT_THROTTLE_CLASSES": ["security.api.throttles.CallThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "calls": "120/min",
        # Only tokens that were not accepted: of one beginning and address, of one address.
        "wrong_token": "10/min",
        "wrong_tokens": "100/hour",
    },
    "NUM_PROXIES": 0,  # ProxyAddressMiddleware has found the address; the header is not believed
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Sáu Rõ API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # What a caller may not read is left out, so no field of an answer is certain.
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    # Two fields choose among the lights and share one name of the document.
    "ENUM_NAME_OVERRIDES": {"LightEnum": "campaign.models.Light"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "security.api.schema.document_refusals",
    ],
}

# --- logs: codes and numbers only, never names or values --------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Its lines carry the names people type; the trail has the keyed hash.
    "loggers": {"axes": {"level": "ERROR"}, "fido2": {"level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
}
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # the one filter reads grants, not a backend
