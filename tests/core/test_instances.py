"""Model instances made without the model's constructor are what the database would have given."""

from __future__ import annotations

from typing import Any

from messaging.models import Channel
from orgchart.models import Member
from teammcp.core.instances import copy_of, instance


def test_an_instance_equals_the_one_from_the_database(lin: Member) -> None:
    channel = Channel.objects.get(name="general")
    made = instance(Channel, id=channel.pk, name="general", kind="public")
    assert made == channel
    assert hash(made) == hash(channel)
    assert (made._state.adding, made._state.db) == (False, "default")
    assert made.get_deferred_fields() == {
        field.attname for field in Channel._meta.concrete_fields
    } - {"id", "name", "kind"}


def test_what_was_not_given_is_fetched_when_it_is_asked_for(
    lin: Member, django_assert_num_queries: Any
) -> None:
    channel = Channel.objects.get(name="general")
    made = instance(Channel, id=channel.pk)
    with django_assert_num_queries(1):
        assert made.purpose == channel.purpose
    with django_assert_num_queries(0):
        assert made.purpose == channel.purpose


def test_saving_an_instance_changes_its_row_and_makes_no_other(lin: Member) -> None:
    made = instance(Member, id=lin.pk, handle="lin", title="")
    made.title = "Builder"
    made.save(update_fields=["title"])
    lin.refresh_from_db()
    assert (lin.title, lin.name) == ("Builder", "Lin")


def test_a_change_to_a_copy_does_not_reach_the_original(lin: Member) -> None:
    lin.credential_scopes = frozenset({"org:read"})
    copied = copy_of(lin)
    assert copied == lin
    assert copied.credential_scopes == lin.credential_scopes
    copied.title, copied.status, copied.credential_scopes = "Fool", "retired", None
    copied._state.adding = True
    assert (lin.title, lin.status) == ("", "active")
    assert lin.credential_scopes == frozenset({"org:read"})
    assert not lin._state.adding
