"""One shape for everything that can go wrong: a walk over all ways to fail over REST."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from audit.models import Event
from messaging.models import Message
from messaging.services import send_message
from orgchart.models import Credential, Member
from teammcp.core import errors
from teammcp.core.errors import AppError, InvalidInput, RateLimited
from tests.conftest import Answer, Api, ApiOf, token_of
from tests.databases import another_connection, change

SHAPE = {"type", "title", "status", "code", "detail", "retry", "next", "state"}


def assert_problem(answer: Answer, status: int, code: str) -> dict[str, Any]:
    """That the answer is a problem document which says all that it should."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.data
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem.keys() <= SHAPE
    assert problem["type"] == f"urn:teammcp:error:{code}"
    assert problem["title"]
    assert problem["detail"][-1] in ".!?…"
    assert problem["next"][-1] in ".!?'}…:", "says what to do next"
    assert problem["retry"] is (status in {429, 500, 503})
    return problem


def big(client: Api) -> Answer:
    return client.post("messages/", to="#general", body="x" * 5_000_000)


WAYS: list[tuple[str, Callable[[Api], Answer], int, str]] = [
    ("no such address", lambda c: c.get("nothing/"), 404, "not_found"),
    ("no such message", lambda c: c.get(f"messages/{10**9}/"), 404, "not_found"),
    ("a number that no row can have", lambda c: c.get(f"messages/{10**40}/"), 400, "invalid_input"),
    ("no such channel", lambda c: c.get("channels/nothing/"), 404, "not_found"),
    ("no such member", lambda c: c.get("members/nobody/"), 404, "not_found"),
    ("a method that is not there", lambda c: c.call("DELETE", "me/"), 405, "invalid_input"),
    ("a required argument missing", lambda c: c.get("search/"), 400, "invalid_input"),
    ("an unknown argument", lambda c: c.get("me/", who="kay"), 400, "invalid_input"),
    ("an unknown field", lambda c: c.post("messages/", too="#general"), 400, "invalid_input"),
    (
        "an argument in the address of a write",
        lambda c: c.post("messages/?to=%23general", body="Hello."),
        400,
        "invalid_input",
    ),
    (
        "an argument that contradicts the address",
        lambda c: c.patch("members/lin/", member="kay"),
        400,
        "invalid_input",
    ),
    ("no JSON", lambda c: c.call("POST", "messages/", b"{to:"), 400, "invalid_input"),
    ("JSON that is no object", lambda c: c.call("POST", "messages/", []), 400, "invalid_input"),
    ("a body that is not UTF-8", lambda c: c.call("POST", "messages/", b'{"to":"\xff"}'), 400,
     "invalid_input"),
    ("half a character", lambda c: c.call("POST", "messages/", b'{"to": "\\ud800"}'), 400,
     "invalid_input"),
    ("JSON too deep", lambda c: c.call("POST", "messages/", b"[" * 100_000), 400, "invalid_input"),
    ("no number", lambda c: c.call("POST", "messages/", b'{"to": NaN}'), 400, "invalid_input"),
    (
        "another kind of body",
        lambda c: c.call("POST", "messages/", b"to=x", content_type="text/plain"),
        415,
        "invalid_input",
    ),
    ("a body that is too large", big, 413, "too_large"),
    ("a damaged cursor", lambda c: c.get("messages/", where="#general", after="x"), 400,
     "invalid_input"),
    ("a cursor beyond the ledger", lambda c: c.get("events/", after=10**9), 410, "cursor_expired"),
    ("a stream beyond the ledger", lambda c: c.get("events/stream/", after=10**9), 410,
     "cursor_expired"),
    ("an action that needs more authority", lambda c: c.post("join-codes/"), 403, "forbidden"),
    ("a name that is taken", lambda c: c.post("channels/", name="general"), 409, "conflict"),
    (
        "a kind of answer that there is not",
        lambda c: c.call("GET", "me/", headers={"Accept": "text/html"}),
        406,
        "invalid_input",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fail", "status", "code"), WAYS, ids=[way[0] for way in WAYS])
def test_every_way_to_fail_has_the_one_shape(
    lin: Member, api: ApiOf, name: str, fail: Callable[[Api], Answer], status: int, code: str
) -> None:
    client = api(lin)
    events = Event.objects.count()
    assert_problem(fail(client), status, code)
    assert Event.objects.count() == events
    assert not Message.objects.exists()


TOKENS = ["", "tmcp_unknown", "nonsense", "tmcp_" + "x" * 10_000, "tmcp_ü", "join_x", "a b c"]


@pytest.mark.parametrize("token", TOKENS)
def test_all_bad_tokens_get_one_and_the_same_answer(company: None, token: str) -> None:
    answer = Api(token).get("me/")
    problem = assert_problem(answer, 401, "not_authenticated")
    assert answer.content == Api().get("me/").content
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "POST /api/register/" in problem["next"]


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer"])
def test_only_bearer_tokens_count(lin: Member, scheme: str) -> None:
    answer = Api().call("GET", "me/", headers={"Authorization": f"{scheme} {token_of(lin)}"})
    assert answer.status == (200 if scheme == "bearer" else 401)


def test_a_token_in_the_address_is_refused_and_never_used(lin: Member) -> None:
    answer = Api().get("me/", token=token_of(lin))
    assert_problem(answer, 401, "not_authenticated")
    assert token_of(lin).encode() not in answer.content


def test_an_expired_and_a_revoked_token_look_like_an_unknown_one(lin: Member, rex: Member) -> None:
    token = token_of(lin)
    Credential.objects.filter(member=lin).update(expires_at="2020-01-01T00:00:00Z")
    unknown = Api("tmcp_unknown").get("me/")
    assert Api(token).get("me/").content == unknown.content
    assert Api(token_of(rex)).get("me/").content == unknown.content


def test_a_fault_of_ours_tells_nothing_about_itself(lin: Member, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.core.broken_urls"
    client = Client(
        raise_request_exception=False, headers={"Authorization": f"Bearer {token_of(lin)}"}
    )
    response = client.get("/api/stumble/")
    answer = Answer(response.status_code, response.content, dict(response.items()))
    assert_problem(answer, 500, "internal")
    assert b"secret detail" not in answer.content


def test_too_many_tries_say_when_the_next_one_is_welcome(company: None) -> None:
    for _ in range(120):
        assert Api().post("register/", name="Max", join_code="join_wrong").status == 403
    answer = Api().post("register/", name="Max", join_code="join_wrong")
    problem = assert_problem(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert int(answer.headers["Retry-After"]) == problem["state"]["retry_after_seconds"]


@pytest.mark.sqlite
@pytest.mark.usefixtures("transactional_db")
def test_a_database_that_cannot_write_is_unavailable_for_now(lin: Member) -> None:
    token = token_of(lin)
    change("PRAGMA busy_timeout = 10")
    with another_connection() as other:
        other.execute("BEGIN IMMEDIATE")
        answer = Api(token).post("messages/", to="#general", body="Hello.")
        other.execute("ROLLBACK")
    problem = assert_problem(answer, 503, "unavailable")
    assert "client_key" in problem["next"]
    assert not Message.objects.exists()


def test_every_error_is_met_in_this_file() -> None:
    """An error class without a way to fail is dead, or untested."""
    own = {
        error.code
        for _, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, AppError) and error is not AppError
    }
    met = {way[3] for way in WAYS}
    met |= {"not_authenticated", "internal", "rate_limited", "unavailable"}  # the tests above
    met |= {"held"}  # tests/approvals/test_faces.py
    assert own == met


def test_the_same_facts_as_text_tell_a_model_what_to_do() -> None:
    error = InvalidInput("It is wrong.", fields={"to": "no"}, next="Do this.", limit=5)
    assert error.as_text() == (
        "invalid_input: It is wrong.\nlimit: 5\nNext: Do this.\nThe same call will fail again."
    )
    assert RateLimited("Slow down.").as_text().endswith("Retrying the same call can help.")


def test_an_error_without_state_or_advice_has_no_empty_fields() -> None:
    assert InvalidInput("No.").as_dict().keys() == SHAPE - {"next", "state"}


# However much was sent, an error stays short


@pytest.mark.parametrize(
    "arguments",
    [
        {"x" * 100_000: 1},
        {f"unknown{number}": 1 for number in range(5_000)},
        {"to": "#general", "body": "Hello.", "priority": "y" * 100_000},
    ],
    ids=["a long name", "many names", "a long value"],
)
def test_an_error_does_not_give_back_all_that_was_sent(
    lin: Member, api: ApiOf, arguments: dict[str, Any]
) -> None:
    answer = api(lin).post("messages/", **arguments)
    assert answer.status == 400
    assert len(answer.content) < 4_000
    with pytest.raises(InvalidInput) as refused:
        send_message.call(lin, arguments)
    assert len(refused.value.as_text()) < 4_000


def test_a_long_key_within_an_argument_is_cut_too(lin: Member, api: ApiOf) -> None:
    answer = api(lin).post("inbox/ack/", read={"x" * 100_000: "y"})
    assert answer.status == 400
    assert len(answer.content) < 4_000


def test_the_advice_names_the_client_key_where_one_is_taken(lin: Member) -> None:
    with pytest.raises(InvalidInput) as refused:
        send_message.call(lin, {"nonsense": 1})
    assert refused.value.next.endswith(", client_key.")


def test_a_long_name_of_a_scope_is_cut(lin: Member, api: ApiOf) -> None:
    answer = api(lin).post("credentials/", scopes=["x" * 100_000])
    assert answer.status == 400
    assert len(answer.content) < 4_000
