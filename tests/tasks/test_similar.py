"""A warning before the same work is done twice; and finding tasks by words."""

from __future__ import annotations

import pytest

from audit.models import Event
from messaging.models import Channel
from orgchart.models import Member
from tasks.schemas import Created
from tasks.selectors import list_tasks
from tasks.services import claim_task, complete_task, create_task
from teammcp.core.errors import InvalidInput
from tests.tasks.conftest import held, make


def create(actor: Member, title: str, **fields: object) -> Created:
    return create_task(actor=actor, title=title, **fields)  # type: ignore[arg-type]


def test_work_that_looks_like_live_work_is_named_with_its_holder_and_why(
    lin: Member, kay: Member
) -> None:
    name = held(lin, kay, "Rotate the signing keys")
    made = create(lin, "Rotate all signing keys")
    assert [(one.task, one.holder) for one in made.similar] == [(name, "kay")]
    assert made.similar[0].why == "both titles say rotate, signing, keys"
    event = Event.objects.filter(kind="task.created").latest("seq")
    assert event.data["similar"] == [name]
    taken = claim_task(actor=lin, task=made.task.id)
    assert [one.task for one in taken.similar] == [name]
    assert Event.objects.filter(kind="task.claimed").latest("seq").data["similar"] == [name]


def test_the_same_files_and_links_are_noticed_whatever_the_words(lin: Member, kay: Member) -> None:
    one = make(lin, "Tidy up", touches=["src/auth.py"])
    two = make(lin, "Read this", description="See https://example.com/spec, please.")
    similar = create(kay, "Logging in", touches=["src/auth.py", "https://example.com/spec"]).similar
    assert [(s.task, s.why) for s in similar] == [
        (one, "both touch src/auth.py"),
        (two, "both touch https://example.com/spec"),
    ]


@pytest.mark.parametrize("title", ["Paint the fence", "Keys", "Rotate tyres", "The, and of!"])
def test_other_work_is_not_named(lin: Member, title: str) -> None:
    make(lin, "Rotate the signing keys")
    assert create(lin, title).similar == []


def test_closed_work_parts_and_prerequisites_are_not_named(lin: Member) -> None:
    done = held(lin, lin, "Rotate the signing keys")
    complete_task(actor=lin, task=done)
    first = make(lin, "Rotate signing keys")
    assert create(lin, "Rotate signing keys", needs=[first]).similar == []
    assert first not in [
        one.task for one in create(lin, "Rotate signing keys", parent=first).similar
    ]


def test_what_one_may_not_see_is_never_named(lin: Member, sam: Member, vault: Channel) -> None:
    make(lin, "Rotate the signing keys", home="#vault", touches=["src/auth.py"])
    assert create(sam, "Rotate the signing keys", touches=["src/auth.py"]).similar == []


def test_scripts_without_spaces_are_compared_too(lin: Member) -> None:
    name = make(lin, "更新签名密钥")
    assert [one.task for one in create(lin, "更新全部签名密钥").similar] == [name]


def test_words_are_found_in_title_and_description(lin: Member, kay: Member) -> None:
    name = make(lin, "Résumé of the year", description="Ask Zoë about 密钥.")
    for text in ("resume", "zoe", "resu*", '"of the year"', "密钥", "resume -monthly"):
        assert [line.id for line in list_tasks(actor=kay, text=text).items] == [name], text
    for text in ("months", "resume -year", '"year the"'):
        assert list_tasks(actor=kay, text=text).items == [], text
    for broken in ('"open', "*", "a*b"):
        with pytest.raises(InvalidInput):
            list_tasks(actor=kay, text=broken)
