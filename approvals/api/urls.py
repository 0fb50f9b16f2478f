from django.urls import path

from approvals import selectors, services
from approvals.api.views import ProgressView
from teammcp.core.api import action_view

urlpatterns = [
    path("approvals/", action_view(get=selectors.list_approvals)),
    path("approvals/permission/", action_view(post=services.ask_permission)),
    path("approvals/check/", action_view(post=selectors.check_action)),
    path("approvals/who-may/", action_view(post=selectors.who_may)),
    path(
        "approvals/policies/",
        action_view(created=True, get=selectors.list_policies, post=services.create_policy),
    ),
    path(
        "approvals/policies/<str:policy>/",
        action_view(get=selectors.show_policy, patch=services.update_policy),
    ),
    path(
        "approvals/stand-ins/",
        action_view(created=True, get=selectors.list_stand_ins, post=services.set_stand_in),
    ),
    path("approvals/stand-ins/<int:stand_in_id>/end/", action_view(post=services.end_stand_in)),
    path(
        "approvals/standing/",
        action_view(created=True, get=selectors.list_standing, post=services.grant_standing),
    ),
    path("approvals/standing/<int:standing_id>/", action_view(get=selectors.show_standing)),
    path("approvals/standing/<int:standing_id>/end/", action_view(post=services.end_standing)),
    path("approvals/broken-glass/", action_view(get=selectors.list_broken_glass)),
    path(
        "approvals/questions/",
        action_view(created=True, get=selectors.list_asked_questions, post=services.ask_question),
    ),
    path("approvals/questions/<str:question>/", action_view(get=services.show_question)),
    path("approvals/questions/<str:question>/answer/", action_view(post=services.answer_question)),
    path(
        "approvals/questions/<str:question>/withdraw/",
        action_view(post=services.withdraw_question),
    ),
    path("approvals/request/", action_view(get=services.show_request)),
    path("approvals/progress/", ProgressView.as_view()),
    path("approvals/decide/", action_view(post=services.decide)),
    path("approvals/comment/", action_view(post=services.comment_request)),
    path("approvals/withdraw/", action_view(post=services.withdraw_request)),
    path("approvals/revise/", action_view(post=services.revise_request)),
    path("approvals/break-glass/", action_view(post=services.break_glass)),
    path("approvals/review/", action_view(post=services.review_break_glass)),
]
