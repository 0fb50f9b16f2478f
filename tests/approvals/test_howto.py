"""The five policies of docs/policies.md, made as written there, hold what it says they hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from approvals.models import ApprovalRequest, Policy
from approvals.services import decide
from approvals.services.executing import run_approved
from approvals.views.policies import EMPTY, policy_values
from approvals.views.presets import PRESETS
from orgchart.models import Member
from tests.conftest import Api, ApiOf, token_of
from tests.scenes import scene

TEXT = (Path(settings.BASE_DIR) / "docs" / "policies.md").read_text()
WRITTEN = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


@scene
def all_five(owner: Member, ada: Member, lin: Member) -> None:
    """Made one after the other in one company, by its owner, over REST."""
    api = Api(token_of(owner))
    assert api.post("channels/", name="customers").status == 201
    assert api.post("channels/customers/members/", members=["@lin"]).status == 200
    for policy in WRITTEN:
        assert api.post("approvals/policies/", **policy).status == 201


def test_there_are_five_and_the_form_begins_with_the_same() -> None:
    assert [policy["name"] for policy in WRITTEN] == [p.title for p in PRESETS.values()]
    assert len(WRITTEN) == 5


@pytest.mark.parametrize("name", PRESETS)
def test_the_example_in_the_form_is_the_call_in_the_text(
    name: str, owner: Member, ada: Member, api: ApiOf
) -> None:
    values, _ = policy_values({**EMPTY, **PRESETS[name].values})
    title = PRESETS[name].title
    written = next(policy for policy in WRITTEN if policy["name"] == title)
    made = api(owner).post("approvals/policies/", **{**written, "name": "as written"})
    form = api(owner).post("approvals/policies/", **values)
    assert (made.status, form.status) == (201, 201), (made.data, form.data)
    kept = ("pattern", "requesters", "except_requesters", "arguments", "stages", "expires_minutes")
    one, other = Policy.objects.order_by("pk")
    assert {k: getattr(one, k) for k in kept} == {k: getattr(other, k) for k in kept}


HELD: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Hiring", "ada", "register/", {"name": "Newton", "handle": "newton"}),
    ("Spending", "lin", "tasks/", {"title": "New laptops", "metadata": {"amount": 501}}),
    ("Spending", "lin", "tasks/", {"title": "New laptops", "metadata": {"amount": "a lot"}}),
    ("Deploys", "lin", "leases/", {"names": ["deploy:production"], "why": "Release 2"}),
    ("Deploys", "lin", "leases/", {"names": ["src/**", "Deploy:Production/eu"], "why": "All"}),
    ("Words to outsiders", "lin", "messages/", {"to": "#customers", "body": "It is fixed."}),
    ("Words to outsiders", "lin", "messages/", {"to": "#Customers", "body": "It is fixed."}),
]
PASSES: list[tuple[str, str, dict[str, Any]]] = [
    ("owner", "register/", {"name": "Newton", "handle": "newton"}),
    ("lin", "tasks/", {"title": "New laptops", "metadata": {"amount": 500}}),
    ("lin", "tasks/", {"title": "No laptops"}),
    ("owner", "tasks/", {"title": "A ship", "metadata": {"amount": 10_000_000}}),
    ("lin", "leases/", {"names": ["deploy:staging"], "why": "Try it"}),
    ("ada", "leases/", {"names": ["deploy:production"], "why": "By hand"}),
    ("lin", "messages/", {"to": "#general", "body": "It is fixed."}),
    ("owner", "messages/", {"to": "#customers", "body": "It is fixed."}),
]


@pytest.mark.parametrize(("policy", "who", "path", "body"), HELD)
def test_what_it_says_is_held_is_held_and_runs_when_agreed(
    all_five: None, api: ApiOf, owner: Member, policy: str, who: str, path: str, body: Any
) -> None:
    member = Member.objects.get(handle=who)
    answer = api(member).post(path, **body)
    assert answer.status == 202, answer.data
    (row,) = ApprovalRequest.objects.all()
    assert [name for _, name, _ in row.policies] == [policy]
    decide(actor=owner, request=row.name, verdict="approve")
    run_approved(timezone.now())
    row.refresh_from_db()
    assert row.status == "executed", row.reason


@pytest.mark.parametrize(("who", "path", "body"), PASSES)
def test_what_it_does_not_speak_of_passes(
    all_five: None, api: ApiOf, owner: Member, who: str, path: str, body: Any
) -> None:
    answer = api(Member.objects.get(handle=who)).post(path, **body)
    assert answer.status in {200, 201}, answer.data
    assert not ApprovalRequest.objects.exists()


def test_prompts_of_agents_wait_and_pass_once(all_five: None, api: ApiOf, lin: Member,
                                              owner: Member) -> None:  # fmt: skip
    def ask(call: str) -> Any:
        given = {"tool_name": "Bash", "input": {"command": "make deploy"}, "tool_use_id": call}
        return api(lin).post("approvals/permission/", **given).data

    first = ask("a")
    assert first["behavior"] == "ask"
    decide(actor=owner, request=first["request"], verdict="approve")
    run_approved(timezone.now())
    assert ask("b")["behavior"] == "allow"
    assert ask("c")["behavior"] == "ask"


def test_who_may_answers_as_the_text_says(all_five: None, api: ApiOf, owner: Member) -> None:
    found = re.search(r"^`(\{\"member\".*\})`\.$", TEXT, re.MULTILINE)
    assert found is not None
    answer = api(owner).post("approvals/who-may/", **json.loads(found[1]))
    assert answer.data["verdict"] == "held"


def test_a_standing_approval_lets_five_deploys_pass(all_five: None, api: ApiOf, ada: Member,
                                                    lin: Member) -> None:  # fmt: skip
    found = re.search(r"^`(\{\"policy\".*\})`\.", TEXT, re.MULTILINE)
    assert found is not None
    assert api(ada).post("approvals/standing/", **json.loads(found[1])).status == 201
    answer = api(lin).post("leases/", names=["deploy:production"], why="Release 2")
    assert answer.status in {200, 201}
