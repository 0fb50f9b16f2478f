"""Dashboard addresses of approvals."""

from __future__ import annotations

from django.urls import path

from approvals.views import (
    ahead,
    elsewhere,  # noqa: F401 - it registers itself
    policies,
    question,
    queue,
    request,
    who,
)

QUESTION = "approvals/questions/<int:number>/"
REQUEST = "approvals/<int:number>/"
urlpatterns = [
    path("approvals/", queue.browse),
    path("approvals/who/", who.who),
    path("approvals/questions/new/", question.ask),
    path(QUESTION, question.show),
    path(f"{QUESTION}answer/", question.answer),
    path(f"{QUESTION}withdraw/", question.withdraw),
    path("approvals/policies/", policies.policies),
    path("approvals/policies/new/", policies.new),
    path("approvals/policies/<int:number>/", policies.policy),
    path("approvals/stand-ins/", ahead.stand_ins),
    path("approvals/stand-ins/<int:stand_in_id>/end/", ahead.end_stand_in),
    path("approvals/standing/", ahead.standing),
    path("approvals/standing/<int:standing_id>/", ahead.one_standing),
    path("approvals/standing/<int:standing_id>/end/", ahead.end_standing),
    path(REQUEST, request.show),
    *[path(f"{REQUEST}{name}/", view) for name, view in request.decisions.items()],
    path(f"{REQUEST}comment/", request.comment),
    path(f"{REQUEST}revise/", request.revise),
    path(f"{REQUEST}withdraw/", request.withdraw),
    path(f"{REQUEST}break-glass/", request.break_glass),
    path(f"{REQUEST}review/", request.review),
    path(f"{REQUEST}allow-like/", request.allow_like),
]
