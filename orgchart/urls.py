"""Dashboard addresses of the org chart."""

from __future__ import annotations

from django.urls import path

from orgchart import views
from orgchart.views import chart, person

urlpatterns = [
    path("sign-in/", views.sign_in),
    path("sign-in/<str:token>/", views.sign_in_by_link),
    path("sign-out/", views.sign_out),
    path("account/", views.password),
    path("account/mail/", views.mail),
    path("people/", views.people),
    path("chart/", chart.chart),
    path("departments/", chart.department_list),
    path("departments/<str:department>/edit/", chart.department_edit),
    path("departments/<str:department>/remove/", chart.department_remove),
    path("invite/", views.invite),
    path("invite/again/", views.invite_again),
    path("register/", views.register),
    path("register/join-code/", views.join_code),
    path("people/<str:handle>/", person.person),
    path("people/<str:handle>/edit/", person.edit),
    path("people/<str:handle>/manager/", person.place),
    path("people/<str:handle>/department/", person.move),
    path("people/<str:handle>/pause/", person.pause),
    path("people/<str:handle>/unpause/", person.unpause),
    path("people/<str:handle>/retire/", person.retire),
    path("people/<str:handle>/credentials/", person.issue),
    path("people/<str:handle>/credentials/revoke/", person.revoke),
    path("people/<str:handle>/contact/", person.contact),
]
