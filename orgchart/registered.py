"""What apps above do when somebody joins the company or a project, or leaves one: they subscribe
here, and run in the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from orgchart.models import Member, Project

Welcome = Callable[[Member], None]
_welcomes: list[Welcome] = []


def on_registered(welcome: Welcome) -> Welcome:
    """Call this function for each new member."""
    _welcomes.append(welcome)
    return welcome


def announce(member: Member) -> None:
    for welcome in _welcomes:
        welcome(member)


class ProjectHook:
    """What an app above does for a project."""

    def opened(self, actor: Member, project: Project) -> None:
        """It exists, and is empty."""

    def joined(self, actor: Member, project: Project, member: Member) -> None:
        """Somebody belongs to it now."""

    def left(self, actor: Member, project: Project, member: Member) -> None:
        """Somebody belongs to it no more."""

    def enclosed(self, actor: Member, project: Project) -> None:
        """Something that others saw lies behind its wall now."""


_projects: list[ProjectHook] = []


def on_projects(hook: ProjectHook) -> None:
    """Call this hook for whatever happens to a project and its members."""
    _projects.append(hook)


def project_hooks() -> list[ProjectHook]:
    return list(_projects)
