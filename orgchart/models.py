"""Members, their credentials, and the ways in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from orgchart.authority import PAUSED, scopes_of
from orgchart.presence import word_of
from teammcp.core.errors import Forbidden


class Department(models.Model):
    """A part of the company; its members can be mentioned together as `@dept:slug`."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="parts")
    head = models.ForeignKey(
        "Member", models.PROTECT, null=True, blank=True, related_name="departments_led"
    )

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """Work behind a wall: who does not belong to it finds nothing of it. docs/projects.md"""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    purpose = models.CharField(max_length=250, blank=True)
    lead = models.ForeignKey(
        "Member", models.PROTECT, null=True, blank=True, related_name="projects_led"
    )
    created_by = models.ForeignKey("Member", models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class ProjectMember(models.Model):
    """Who belongs to a project, since when. Retiring ends no row: what was hidden stays hidden."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="places", db_index=False)
    member = models.ForeignKey("Member", models.PROTECT, related_name="projects")
    added_by = models.ForeignKey("Member", models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "member"], name="one_place_per_project")
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.project}"


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
    tools = models.JSONField(default=list, blank=True)
    languages = models.JSONField(default=list, blank=True)
    model = models.CharField(max_length=80, blank=True, default="", db_default="")
    # Of people: for themselves and admins, in no entry of the directory.
    mail_address = models.EmailField(blank=True, default="", db_default="")
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="members"
    )
    manager = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reports"
    )
    # Belongs to a project: kept by the services of projects, so that whoever belongs to none, which
    # in most companies is everybody, pays nothing for the walls.
    walled = models.BooleanField(default=False, db_default=False, editable=False)
    registered_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+"
    )
    paused_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    paused_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    # To whom everything passed that a retired member held.
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    last_active_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Where several processes serve: when one of them last saw it connected.
    connected_at = models.DateTimeField(null=True, blank=True, editable=False)
    welcomed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MemberManager()

    USERNAME_FIELD = "handle"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    # The scopes of the credential that this request came with; None means all of the authority.
    credential_scopes: frozenset[str] | None = None

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status", "handle"], name="member_status")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(manager=models.F("pk")), name="nobody_manages_themselves"
            )
        ]

    def __str__(self) -> str:
        return f"@{self.handle}"

    def has_scope(self, scope: str) -> bool:
        """Whether the authority grants this scope and the credential does not withhold it."""
        if self.status == self.Status.RETIRED or scope not in scopes_of(self.authority, self.kind):
            return False
        if self.status == self.Status.PAUSED and scope not in PAUSED:
            return False
        return self.credential_scopes is None or scope in self.credential_scopes

    def stopped(self) -> Forbidden | None:
        """The refusal of whatever a paused member tries to do: by whom and why, and whom to ask."""
        if self.status != self.Status.PAUSED:
            return None
        by = f"@{self.paused_by.handle}" if self.paused_by else "an owner"
        why = f": {self.paused_reason}" if self.paused_reason else "."
        since = f" since {self.paused_at:%Y-%m-%d %H:%M} UTC" if self.paused_at else ""
        return Forbidden(
            f"You are paused{since} by {by}{why}",
            next=f"Wait; {by} lets you go on. Until then you can read, and acknowledge what is in"
            " your inbox: check_inbox.",
            paused_by=by,
            reason=self.paused_reason,
        )

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
        """in a turn, online, idle, away, off or paused: derived, never stored."""
        return word_of(self)


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
    opening = models.BooleanField(default=False, db_default=False)  # of a start; the next voids it

    def __str__(self) -> str:
        return f"{self.hint}…"


class SignInLink(models.Model):
    """A one-time way into the dashboard."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    opening = models.BooleanField(default=False, db_default=False)  # of a start; the next voids it

    def __str__(self) -> str:
        return f"sign-in link for {self.member}"
