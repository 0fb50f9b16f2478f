"""Forms and refusals in the words of people: the mechanism behind every dashboard action."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpResponse, QueryDict

from messaging.services import ack, create_channel, send_message
from orgchart.services import create_join_code, update_member
from teammcp.core.actions import Action
from teammcp.core.errors import AppError, Conflict, InvalidInput, NotFound
from teammcp.core.web import WebRequest, by_method, form_values, refused_by


@pytest.mark.parametrize(
    ("action", "form", "values"),
    [
        (send_message, "body=&priority=", {"body": ""}),
        (send_message, "body=a&expects_reply=true", {"body": "a", "expects_reply": "true"}),
        (send_message, "client_key=k&csrfmiddlewaretoken=t", {"client_key": "k"}),
        (create_channel, "invite=%40a,+%40b%0A%40c&kind=", {"invite": ["@a", "@b", "@c"]}),
        (create_join_code, "uses=&days=3&authority=", {"days": "3"}),
        (ack, "deliveries=1&deliveries=2&up_to=", {"deliveries": ["1", "2"]}),
        (update_member, "title=&status=&capabilities=", {"title": "", "capabilities": []}),
        (update_member, "unknown=1", {"unknown": "1"}),
    ],
)
def test_forms_become_arguments(
    action: Action[Any, Any], form: str, values: dict[str, Any]
) -> None:
    assert form_values(action, QueryDict(form)) == values


@pytest.mark.parametrize(
    ("error", "message", "advice"),
    [
        (Conflict("It is closed.", next="Open it."), "It is closed.", "Open it."),
        (NotFound("Gone.", next="Call find_people to see who is there."), "Gone.", ""),
        (Conflict("Used.", next="Use a new client_key."), "Used.", ""),
    ],
)
def test_what_is_meant_for_agents_is_left_out(error: AppError, message: str, advice: str) -> None:
    refused = refused_by(error)
    assert (refused.message, refused.next) == (message, advice)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        create_join_code.validate({"uses": "0", "days": "soon"})
    said = refused_by(caught.value).message
    assert said.startswith("Uses: it should be greater than or equal to 1.")
    assert "Days: " in said
    assert "create_join_code" not in said


def test_an_address_says_which_methods_it_knows() -> None:
    request = WebRequest()
    view = by_method(get=lambda request: HttpResponse("seen"))
    request.method = "HEAD"
    assert view(request).content == b"seen"
    request.method = "DELETE"
    answer = view(request)
    assert (answer.status_code, answer["Allow"]) == (405, "GET")
