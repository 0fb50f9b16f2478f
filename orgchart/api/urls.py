from django.urls import path

from orgchart import selectors, services
from orgchart.api.views import RegisterView
from teammcp.core.api import action_view

urlpatterns = [
    path("register/", RegisterView.as_view()),
    path("me/", action_view(operation="show_me", get=selectors.show_member)),
    path("members/", action_view(get=selectors.find_people)),
    path(
        "members/<str:member>/",
        action_view(get=selectors.show_member, patch=services.update_member),
    ),
    path("members/<str:member>/move/", action_view(post=services.move_member)),
    path("members/<str:member>/retire/", action_view(post=services.retire_member)),
    path(
        "departments/",
        action_view(created=True, get=selectors.list_departments, post=services.create_department),
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
    path("join-codes/", action_view(created=True, post=services.create_join_code)),
    path("me/password/", action_view(post=services.set_password)),
]
