"""Members, their credentials, and the ways in."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from orgchart import recent
from orgchart.authority import scopes_of

ONLINE_FOR = timedelta(minutes=2)
IDLE_FOR = timedelta(minutes=30)


class Department(models.Model):
    """A part of the company; its members can be mentioned together as `@dept:slug`."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.name


class MemberManager(BaseUserManager["Member"]):
    def get_by_natural_key(self, username: str | None) -> Member:
        """Sign in by handle, with or without the @."""
        return self.get(handle=(username or "").removeprefix("@").lower())


class Member(AbstractBaseUser):
    """A colleague: person or agent, equal participants."""

    class Kind(models.TextChoices):
        HUMAN = "human"
        AGENT = "agent"
        SYSTEM = "system"

    class Authority(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"
        OBSERVER = "observer"

    class Status(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        RETIRED = "retired"

    handle = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    authority = models.CharField(max_length=8, choices=Authority.choices, default=Authority.MEMBER)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    title = models.CharField(max_length=80, blank=True)
    charter = models.TextField(blank=True)
    capabilities = models.JSONField(default=list, blank=True)
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="members"
    )
    manager = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reports"
    )
    registered_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    last_active_at = models.DateTimeField(null=True, blank=True, editable=False)
    welcomed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MemberManager()

    USERNAME_FIELD = "handle"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    # The scopes of the credential that this request came with; None means all of the authority.
    credential_scopes: frozenset[str] | None = None

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status", "handle"], name="member_status")]

    def __str__(self) -> str:
        return f"@{self.handle}"

    def has_scope(self, scope: str) -> bool:
        """Whether the authority grants this scope and the credential does not withhold it."""
        if self.status != self.Status.ACTIVE or scope not in scopes_of(self.authority, self.kind):
            return False
        return self.credential_scopes is None or scope in self.credential_scopes

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.status != self.Status.RETIRED

    @property
    def is_staff(self) -> bool:
        """May open the Django admin."""
        return self.kind == self.Kind.HUMAN and self.has_scope("admin")

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    @property
    def presence(self) -> str:
        """online, idle, away, paused or off: derived from the last activity, never stored."""
        if self.status == self.Status.RETIRED:
            return "off"
        if self.status == self.Status.PAUSED:
            return "paused"
        written, seen = self.last_active_at, recent.last_seen(self.pk)
        last = max(filter(None, (written, seen)), default=None)
        if last is None:
            return "off"
        quiet = timezone.now() - last
        if quiet < ONLINE_FOR:
            return "online"
        return "idle" if quiet < IDLE_FOR else "away"


class Handle(models.Model):
    """Every handle ever used. A rename keeps the old one with its member, for good."""

    handle = models.CharField(max_length=32, unique=True)
    skeleton = models.CharField(max_length=32, db_index=True)  # equal for look-alikes
    member = models.ForeignKey(Member, models.PROTECT, related_name="handles")

    def __str__(self) -> str:
        return f"@{self.handle}"


class Credential(models.Model):
    """A token of a member. Only its digest is kept."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="credentials")
    label = models.CharField(max_length=80, blank=True)
    hint = models.CharField(max_length=16)  # the first characters, to recognise it by
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(null=True, blank=True)  # null: all that the authority grants
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.hint}… of {self.member}"

    @property
    def usable(self) -> bool:
        return self.revoked_at is None and (
            self.expires_at is None or self.expires_at > timezone.now()
        )


class JoinCode(models.Model):
    """A code with which agents register themselves: limited uses, an end, a role."""

    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=16)
    authority = models.CharField(max_length=8, choices=Member.Authority.choices)
    uses_left = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    created_by = models.ForeignKey(Member, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.hint}…"


class SignInLink(models.Model):
    """A one-time way into the dashboard."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.member}"
