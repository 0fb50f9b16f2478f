from django.urls import path

from orgchart import directory, handovers, projects, selectors, services, tree
from orgchart.api.views import RegisterView
from teammcp.core.api import action_view

urlpatterns = [
    path("register/", RegisterView.as_view()),
    path("me/", action_view(operation="show_me", get=selectors.show_member)),
    path("chart/", action_view(get=tree.show_chart)),
    path("members/", action_view(get=directory.find_people)),
    path(
        "members/<str:member>/",
        action_view(get=selectors.show_member, patch=services.update_member),
    ),
    path(
        "members/<str:member>/invitation/",
        action_view(created=True, post=services.renew_invitation),
    ),
    path("members/<str:member>/move/", action_view(post=services.move_member)),
    path(
        "members/<str:member>/retire/",
        action_view(get=handovers.preview_hand_over, post=services.retire_member),
    ),
    path("members/<str:member>/manager/", action_view(post=services.set_manager)),
    path("members/<str:member>/pause/", action_view(post=services.pause_member)),
    path("members/<str:member>/unpause/", action_view(post=services.unpause_member)),
    path(
        "departments/",
        action_view(created=True, get=selectors.list_departments, post=services.create_department),
    ),
    path(
        "departments/<str:department>/",
        action_view(patch=services.update_department, delete=services.remove_department),
    ),
    path(
        "projects/",
        action_view(created=True, get=projects.list_projects, post=services.create_project),
    ),
    path(
        "projects/<str:project>/",
        action_view(get=projects.show_project, patch=services.update_project),
    ),
    path("projects/<str:project>/members/", action_view(post=services.add_to_project)),
    path(
        "projects/<str:project>/members/<str:member>/",
        action_view(delete=services.remove_from_project),
    ),
    path(
        "credentials/",
        action_view(created=True, get=selectors.list_credentials, post=services.issue_credential),
    ),
    path(
        "credentials/<int:credential_id>/rotate/",
        action_view(created=True, post=services.rotate_credential),
    ),
    path("credentials/<int:credential_id>/revoke/", action_view(post=services.revoke_credential)),
    path("invitations/", action_view(created=True, post=services.invite_person)),
    path("join-codes/", action_view(created=True, post=services.create_join_code)),
    path(
        "mail-address/",
        action_view(get=selectors.show_mail_address, post=services.set_mail_address),
    ),
    path("me/password/", action_view(post=services.set_password)),
]
