"""All settings. The environment overrides them; docs/settings.md lists the names."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from teammcp import databases, env, mail

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("TEAMMCP_DATA_DIR", str(BASE_DIR / "data"))).resolve()

DEBUG = env.flag("TEAMMCP_DEBUG", default=False)
SECRET_KEY = env.kept_secret(DATA_DIR, "secret.key")
HOST = env.text("TEAMMCP_HOST", "127.0.0.1")
PORT = env.number("TEAMMCP_PORT", 8420)
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env.names("TEAMMCP_ALLOWED_HOSTS")]
if HOST not in {"0.0.0.0", "::"} and HOST not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(HOST)
# Where people and agents reach this server; differs from HOST and PORT behind a proxy.
_SHOWN_HOST = "127.0.0.1" if HOST in {"0.0.0.0", "::"} else HOST
PUBLIC_URL = env.text("TEAMMCP_PUBLIC_URL", f"http://{_SHOWN_HOST}:{PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
_PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname
if _PUBLIC_HOST and _PUBLIC_HOST not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(f"[{_PUBLIC_HOST}]" if ":" in _PUBLIC_HOST else _PUBLIC_HOST)

INSTALLED_APPS = [
    "teammcp",
    "teammcp.core",
    "audit",
    "orgchart",
    "messaging",
    "approvals",
    "tasks",
    "mcp_bridge",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_htmx",
    "django_q",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "orgchart.middleware.DashboardCallMiddleware",
]
# Calls under /api/ carry a bearer token and no cookie counts there: what serves pages is left out.
API_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "teammcp.core.handler.ApiCommonMiddleware",
]
ROOT_URLCONF = "teammcp.urls"
ASGI_APPLICATION = "teammcp.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# FULL: an acknowledged write survives a power cut, not only a crash of the process. The write lane
# shares one commit among the calls that wait, so that it costs little: docs/performance.md.
SYNCHRONOUS = env.choice("TEAMMCP_SYNCHRONOUS", ("FULL", "NORMAL", "EXTRA"))
READ_THREADS = env.number("TEAMMCP_READ_THREADS", 4)
DATABASE_URL = env.text("DATABASE_URL", "")
DATABASES: dict[str, dict[str, Any]] = {
    "default": databases.postgresql(
        DATABASE_URL,
        synchronous=SYNCHRONOUS,
        # The readers, the write lane, and a few for what is neither.
        connections=env.number("TEAMMCP_DATABASE_CONNECTIONS", READ_THREADS + 4),
    )
    if DATABASE_URL
    else databases.sqlite(DATA_DIR / "teammcp.sqlite3", synchronous=SYNCHRONOUS)
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WAKES_PER_HOUR = env.number("TEAMMCP_WAKES_PER_HOUR", 60)
# Messages that agents exchange in one thread or direct conversation without a person in between.
AGENT_TURNS = env.number("TEAMMCP_AGENT_TURNS", 200)
BROADCAST_MEMBERS = env.number("TEAMMCP_BROADCAST_MEMBERS", 10)  # named at once without asking
BROADCASTS_PER_HOUR = 10  # of one member
WEBHOOK_FAILURES = 20  # in a row: then the webhook is paused and its member told
# Networks that webhooks may reach although they are not public, such as 127.0.0.0/8.
WEBHOOK_NETWORKS = env.networks("TEAMMCP_WEBHOOK_NETWORKS")

# Without a server to send by nobody gets mail, and none is kept.
_MAIL = mail.at(env.text("TEAMMCP_EMAIL_URL", ""))
SENDS_MAIL = bool(_MAIL.host)
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _MAIL.backend, _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = _MAIL.starts_tls, _MAIL.tls, mail.SECONDS
DEFAULT_FROM_EMAIL = env.text("TEAMMCP_EMAIL_FROM", f"TeamMCP <teammcp@{_PUBLIC_HOST}>")

AUTH_USER_MODEL = "orgchart.Member"
AUTHENTICATION_BACKENDS = ["orgchart.backends.MemberBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
# Two companies on one machine (two ports) must not sign each other out.
SESSION_COOKIE_NAME = f"teammcp_session_{PORT}"
CSRF_COOKIE_NAME = f"teammcp_csrf_{PORT}"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
# Files that members upload. They never pass through Django's own upload handling.
_MIB = 1024 * 1024
FILE_MAX_BYTES = env.number("TEAMMCP_FILE_MAX_MB", 50) * _MIB
FILE_MEMBER_QUOTA = env.number("TEAMMCP_FILE_QUOTA_MB", 1_000) * _MIB
FILE_TOTAL_QUOTA = env.number("TEAMMCP_FILE_TOTAL_MB", 20_000) * _MIB
FILE_TYPES_ALLOWED = env.names("TEAMMCP_FILE_TYPES_ALLOWED")
FILE_TYPES_BLOCKED = env.names("TEAMMCP_FILE_TYPES_BLOCKED")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["orgchart.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["teammcp.core.parsing.FastJSONParser"],
    "EXCEPTION_HANDLER": "teammcp.core.api.problem_response",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "TeamMCP",
    "DESCRIPTION": "Run your AI team like a real company: the REST face.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": False,
    "POSTPROCESSING_HOOKS": ["teammcp.core.api.named_once", "teammcp.core.api.with_problems"],
}
Q_CLUSTER = {
    "name": "teammcp",
    "orm": "default",
    "workers": 1,
    "timeout": 600,
    "retry": 900,
    "poll": 2,
    "catch_up": False,
    "save_limit": 100,
    "label": "Jobs",
}
UNFOLD = {"SITE_TITLE": "TeamMCP", "SITE_HEADER": "TeamMCP", "SITE_URL": "/"}
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "teammcp.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("TEAMMCP_LOG_LEVEL", "WARNING").upper()},
}
