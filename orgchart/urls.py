"""Dashboard addresses of the org chart."""

from __future__ import annotations

from django.urls import path

from orgchart import views

urlpatterns = [
    path("sign-in/", views.sign_in),
    path("sign-in/<str:token>/", views.sign_in_by_link),
    path("sign-out/", views.sign_out),
    path("account/", views.password),
    path("people/", views.people),
    path("register/", views.register),
    path("register/join-code/", views.join_code),
    path("people/<str:handle>/", views.person),
    path("people/<str:handle>/edit/", views.edit),
    path("people/<str:handle>/retire/", views.retire),
    path("people/<str:handle>/credentials/", views.issue),
    path("people/<str:handle>/credentials/revoke/", views.revoke),
    path("people/<str:handle>/contact/", views.contact),
]
