"""Signing in, signing out, and the first steps of the owner."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import Event
from orgchart.models import Credential, Member, SignInLink
from orgchart.services.access import make_sign_in_link
from tests.conftest import ApiOf, agent
from tests.dashboard.conftest import At

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(ada: Member) -> Member:
    ada.set_password(PASSWORD)
    ada.save()
    return ada


@pytest.mark.parametrize("handle", ["ada", "@ada", "ADA", " ada "])
def test_a_member_signs_in_by_handle_and_password(ada: Member, handle: str) -> None:
    client = Client()
    answer = client.post("/sign-in/", {"handle": handle, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/inbox/").status_code == 200


@pytest.mark.parametrize(
    ("handle", "password"),
    [("ada", "wrong"), ("nobody", PASSWORD), ("ada", ""), ("", ""), ("lin", ""), ("\x00", "x")],
)
def test_a_wrong_pair_is_refused_in_the_same_words(
    ada: Member, lin: Member, handle: str, password: str
) -> None:
    answer = Client().post("/sign-in/", {"handle": handle, "password": password})
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()


def test_tries_are_limited(ada: Member) -> None:
    for _ in range(10):
        Client().post("/sign-in/", {"handle": "ada", "password": "wrong"})
    answer = Client().post("/sign-in/", {"handle": "ada", "password": PASSWORD})
    assert answer.status_code == 429


def test_a_retired_member_cannot_sign_in_or_go_on(ada: Member, at: At) -> None:
    client = at(ada)
    Member.objects.filter(pk=ada.pk).update(status="retired")
    assert client.get("/inbox/").status_code == 302
    answer = Client().post("/sign-in/", {"handle": "ada", "password": PASSWORD})
    assert answer.status_code == 422


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_signing_in_leads_to_no_other_site(ada: Member, target: str) -> None:
    form = {"handle": "ada", "password": PASSWORD, "next": target}
    assert Client().post("/sign-in/", form)["Location"] == "/"


def test_after_signing_in_the_page_that_was_asked_for_opens(ada: Member) -> None:
    asked = Client().get("/channels/general/")
    assert asked["Location"] == "/sign-in/?next=/channels/general/"
    form = {"handle": "ada", "password": PASSWORD, "next": "/channels/general/"}
    assert Client().post("/sign-in/", form)["Location"] == "/channels/general/"


def test_signing_out_takes_a_form(ada: Member, at: At) -> None:
    client = at(ada)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/inbox/").status_code == 302


def test_forms_need_a_token_of_the_page(ada: Member) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada, backend="orgchart.backends.MemberBackend")
    answer = client.post("/channels/general/", {"body": "from elsewhere"})
    assert answer.status_code == 403
    assert "too old" in answer.content.decode()


def test_a_paused_member_is_told_so(ada: Member, at: At) -> None:
    client = at(ada)
    Member.objects.filter(pk=ada.pk).update(status="paused")
    assert "You are paused" in client.get("/inbox/").content.decode()
    assert client.post("/channels/general/", {"body": "And yet."}).status_code == 403
    assert client.post("/sign-out/").status_code == 302


# One-time links


def test_looking_at_a_link_does_not_use_it_up(owner: Member, system: Member) -> None:
    link = f"/sign-in/{make_sign_in_link(owner, actor=system)}/"
    preview = Client().get(link)
    assert preview.status_code == 200
    client = Client()
    assert client.post(link)["Location"] == "/welcome/"
    assert client.get("/inbox/").status_code == 200


def test_wrong_used_and_expired_links_are_refused_alike(owner: Member, system: Member) -> None:
    used = make_sign_in_link(owner, actor=system)
    Client().post(f"/sign-in/{used}/")
    expired = make_sign_in_link(owner, actor=system)
    SignInLink.objects.filter(used_at=None).update(expires_at="2020-01-01T00:00:00Z")
    pages = set()
    for token in (used, expired, "once_wrong", "x"):
        answer = Client().post(f"/sign-in/{token}/")
        assert answer.status_code == 422
        pages.add(answer.content.decode())
    assert len(pages) == 1


# The first steps


def test_the_owner_takes_the_first_steps(owner: Member, at: At) -> None:
    client = at(owner)
    answer = client.post("/welcome/", {"name": "Olive", "password": PASSWORD})
    assert answer["Location"] == "/welcome/channel/"
    answer = client.post("/welcome/channel/", {"name": "website", "purpose": "Our site"})
    assert answer["Location"] == "/welcome/agent/"
    page = client.post("/welcome/agent/", {"name": "Lin"}).content.decode()
    token = page.split('id="token" class="flex-fill">')[1].split("<")[0]
    assert token.startswith("tmcp_")
    for client_name in ("Claude Code", "Codex", "Gemini CLI", "Cursor", "VS Code"):
        assert client_name in page
    assert "Waiting for the first call of @lin" in page
    assert client.post("/welcome/end/")["Location"] == "/inbox/"
    assert client.get("/inbox/").status_code == 200
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_the_first_steps_show_the_first_contact(owner: Member, at: At) -> None:
    client = at(owner)
    lin = agent(owner, "lin")
    assert "Waiting" in client.get("/people/lin/contact/").content.decode()
    row = Credential.objects.get(member=lin)
    row.last_used_at = row.created_at.replace(microsecond=0)
    row.created_at = row.last_used_at.replace(microsecond=0)
    row.save()
    assert "First contact after 0.1 s" in client.get("/people/lin/contact/").content.decode()


def test_the_first_steps_are_gone_once_taken(owner: Member, at: At) -> None:
    first = at(owner)
    first.post("/welcome/", {"name": "Olive", "password": PASSWORD})
    owner.refresh_from_db()
    other = at(owner)
    nothing = other.get("/no-such-page/").content
    for path in ("/welcome/", "/welcome/channel/", "/welcome/agent/"):
        answer = other.get(path)
        assert answer.status_code == 404
        assert b"There is nothing here for you" in answer.content
        assert other.post(path, {"name": "again", "password": PASSWORD}).status_code == 404
    assert b"There is nothing here for you" in nothing
    first.post("/welcome/end/")
    assert first.get("/welcome/agent/").status_code == 404


def test_the_first_steps_are_for_the_owner_only(ada: Member, at: At) -> None:
    assert at(ada).get("/welcome/").status_code == 404
    assert Client().get("/welcome/")["Location"].startswith("/sign-in/")


def test_a_weak_password_is_refused_and_the_name_kept(owner: Member, at: At) -> None:
    answer = at(owner).post("/welcome/", {"name": "Olive", "password": "password"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "too common" in page
    assert 'value="Olive"' in page
    assert 'value="password"' not in page


def test_what_is_done_here_is_recorded_as_done_at_the_dashboard(owner: Member, at: At) -> None:
    at(owner).post("/channels/general/", {"body": "Hello."})
    event = Event.objects.get(kind="message.sent")
    assert (event.face, event.actor) == ("dashboard", owner)


# What the ledger keeps of coming and going


def test_signing_in_and_out_is_recorded(ada: Member) -> None:
    client = Client()
    client.post("/sign-in/", {"handle": "ada", "password": "wrong"})
    client.post("/sign-in/", {"handle": "ada", "password": PASSWORD})
    client.post("/sign-out/")
    client.post("/sign-out/")
    kinds = Event.objects.filter(actor=ada).values_list("kind", "face")
    assert list(kinds) == [
        ("member.signed_in_by_password", "dashboard"), ("member.signed_out", "dashboard"),
    ]  # fmt: skip


def test_signing_out_of_the_admin_is_the_same(ada: Member, at: At) -> None:
    client = at(ada)
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/")["Location"] == "/sign-in/"
    assert Event.objects.latest("seq").kind == "member.signed_out"
    assert client.get("/inbox/").status_code == 302


# Inviting people


def link_on(page: str) -> str:
    """What comes behind /sign-in/ in the link that a page shows."""
    return (
        page.split('id="link" class="flex-fill">')[1]
        .split("<", maxsplit=1)[0]
        .split("/sign-in/")[1]
    )


def invited(client: Client, **form: str) -> str:
    """The path of the link that the page shows."""
    answer = client.post("/invite/", form)
    assert answer.status_code == 200
    return f"/sign-in/{link_on(answer.content.decode())}"


@pytest.mark.parametrize("authority", ["member", "observer", "admin", "owner"])
def test_a_person_who_is_invited_chooses_a_password_and_signs_in_with_it(
    owner: Member, at: At, authority: str
) -> None:
    link = invited(at(owner), name="Ida Rhodes", authority=authority)
    assert "ida-rhodes" in at(owner).get("/invite/").content.decode()
    ida = Client()
    assert ida.post(link)["Location"] == "/welcome/"
    page = ida.get("/welcome/").content.decode()
    assert 'value="Ida Rhodes"' in page
    assert ("You own this company" in page) == (authority == "owner")
    answer = ida.post("/welcome/", {"name": "Ida R.", "password": PASSWORD})
    assert answer["Location"] == ("/welcome/channel/" if authority == "owner" else "/inbox/")
    assert ida.get("/inbox/").status_code == 200
    assert "ida-rhodes" not in at(owner).get("/invite/").content.decode().split("<main")[1]
    again = Client().post("/sign-in/", {"handle": "ida-rhodes", "password": PASSWORD})
    assert again.status_code == 302
    member = Member.objects.get(handle="ida-rhodes")
    assert (member.name, member.kind, member.authority) == ("Ida R.", "human", authority)
    if authority != "owner":
        for path in ("/welcome/", "/welcome/channel/", "/welcome/agent/"):
            assert ida.get(path).status_code == 404
    assert Client().post(link).status_code == 422


def test_a_new_link_ends_the_one_that_was_lost(owner: Member, at: At) -> None:
    lost = invited(at(owner), name="Ida")
    page = at(owner).post("/invite/again/", {"member": "ida"}).content.decode()
    found = f"/sign-in/{link_on(page)}"
    assert Client().post(lost).status_code == 422
    assert Client().post(found).status_code == 302


def test_an_admin_invites_members_and_observers_only(ada: Member, at: At) -> None:
    page = at(ada).get("/invite/").content.decode()
    assert "<option>observer</option>" in page
    assert "<option>owner</option>" not in page
    answer = at(ada).post("/invite/", {"name": "Ida", "authority": "owner"})
    assert answer.status_code == 403
    assert not Member.objects.filter(handle="ida").exists()


def test_who_was_invited_cannot_sign_in_without_their_link(owner: Member, at: At) -> None:
    invited(at(owner), name="Ida")
    for password in ("", "x", "!"):
        answer = Client().post("/sign-in/", {"handle": "ida", "password": password})
        assert answer.status_code == 422


def test_an_invitation_over_rest_shows_its_link_once(owner: Member, api: ApiOf) -> None:
    body = {"name": "Ida", "client_key": "k-1"}
    first = api(owner).post("invitations/", **body)
    assert first.status == 201
    assert "/sign-in/once_" in first.data["sign_in_url"]
    again = api(owner).post("invitations/", **body)
    assert again.data["sign_in_url"] is None
    renewed = api(owner).post("members/ida/invitation/")
    assert renewed.data["sign_in_url"] != first.data["sign_in_url"]
