"""Files: what is kept, who sees it, where it lies."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, Settings

from audit.models import Event
from messaging import filestore
from messaging.filenames import clean_file_name
from messaging.filetypes import served_type, type_of
from messaging.models import Channel, File, Message
from messaging.selectors import (
    download_file,
    list_files,
    read,
    read_file,
    search_files,
    show_file,
    show_file_usage,
    show_message,
)
from messaging.services import (
    create_channel,
    create_folder,
    delete_file,
    delete_folder,
    delete_message,
    leave_channel,
    move_file,
    send_message,
    update_channel,
    upload_file,
)
from messaging.services.files import Inline
from messaging.services.sweeping import sweep_files
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge, Unavailable
from tests.conftest import all_refused


def put(actor: Member, name: str = "q3.txt", content: str = "Up.", **more: Any) -> int:
    """Upload a small file; its id."""
    return upload_file(actor=actor, name=name, text=Inline(content.encode()), **more).id


def names(page: Any) -> list[str]:
    return [file.name for file in page.items]


# What is kept


def test_the_bytes_lie_under_their_hash_once_and_outlive_all_but_the_last_file(
    lin: Member, kay: Member, settings: Settings
) -> None:
    first, second = put(lin), put(kay, "copy.txt")
    digest = hashlib.sha256(b"Up.").hexdigest()
    path = Path(settings.DATA_DIR) / "files" / digest[:2] / digest[2:4] / digest
    assert path.read_bytes() == b"Up."
    assert path.stat().st_mode & 0o077 == 0
    assert {row.sha256 for row in File.objects.all()} == {digest}

    delete_file(actor=lin, file_id=first)
    assert sweep_files(older_than=-1) == 0
    delete_file(actor=kay, file_id=second)
    assert sweep_files(older_than=-1) == 1
    assert not path.exists()


def test_a_sweep_leaves_what_is_young_and_removes_what_nobody_finished(
    lin: Member, settings: Settings
) -> None:
    put(lin)
    draft = filestore.Draft()
    draft.write(b"half")
    crashed = next((Path(settings.DATA_DIR) / "files" / "incoming").iterdir())
    assert sweep_files() == 0
    os.utime(crashed, (0, 0))
    assert sweep_files() == 1
    assert not crashed.exists()
    assert read_file(actor=lin, file_id=File.objects.get().pk).content.body == "Up."


def test_a_row_never_stands_without_its_bytes(lin: Member) -> None:
    draft = filestore.Draft()
    draft.write(b"gone")
    draft.finish()
    filestore.path_of(draft.sha256).unlink()
    all_refused(Unavailable, lambda: upload_file(actor=lin, name="a", base64=draft))
    assert not File.objects.exists()


def test_an_abandoned_draft_takes_its_bytes_along(lin: Member, settings: Settings) -> None:
    draft = filestore.Draft()
    draft.write(b"half")
    draft.discard()
    assert list((Path(settings.DATA_DIR) / "files" / "incoming").iterdir()) == []


def test_the_same_key_gives_the_first_file_and_other_content_is_refused(lin: Member) -> None:
    payload = {"name": "a.txt", "text": "one", "client_key": "k"}
    first = upload_file.call(lin, payload)
    assert upload_file.call(lin, payload) == first
    all_refused(Conflict, lambda: upload_file.call(lin, {**payload, "text": "two"}))
    draft = filestore.Draft()
    draft.write(b"one")
    draft.finish()
    keyed = {"name": "b", "base64": base64.b64encode(b"one").decode(), "client_key": "b"}
    assert upload_file.call(lin, keyed) == upload_file.call(lin, {**keyed, "base64": draft})
    assert File.objects.count() == 2


def test_events_hold_digests_and_no_names_or_contents(lin: Member) -> None:
    pk = put(lin, "secret-name.txt", "secret content", to="#general")
    create_folder(actor=lin, path="#general/secret-folder")
    move_file(actor=lin, path="#general/secret-name.txt", to="#general/secret-folder")
    delete_file(actor=lin, file_id=pk)
    told = [event for event in Event.objects.all() if event.kind.startswith(("file", "folder"))]
    assert [event.kind for event in told] == [
        "file.uploaded", "file.attached", "folder.created", "file.moved", "file.deleted",
    ]  # fmt: skip
    assert "secret" not in str([event.data for event in told])
    assert told[0].topics == [f"member-{lin.pk}"]
    assert told[1].topics == [f"channel-{Channel.objects.get(name='general').pk}"]


# Who sees it


def test_before_it_is_posted_only_its_uploader_sees_a_file(
    lin: Member, kay: Member, ada: Member
) -> None:
    pk = put(lin)
    assert show_file(actor=lin, file_id=pk).path is None
    assert names(list_files(actor=lin)) == ["q3.txt"]
    for other in (kay, ada):
        hidden_from(other, pk)


def hidden_from(other: Member, pk: int) -> None:
    all_refused(
        NotFound,
        lambda: show_file(actor=other, file_id=pk),
        lambda: read_file(actor=other, file_id=pk),
        lambda: download_file(actor=other, file_id=pk),
        lambda: delete_file(actor=other, file_id=pk),
        lambda: send_message(actor=other, to="#general", body="x", files=[pk]),
    )
    assert names(search_files(actor=other, query="q3")) == []


def test_each_posting_shows_a_file_to_the_place_it_was_posted_in(
    lin: Member, kay: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    pk = put(lin)
    send_message(actor=lin, to="#vault", body="For us.", files=[pk])
    assert show_file(actor=kay, file_id=pk).path == "#vault/q3.txt"
    assert list_files(actor=lin).items == []
    all_refused(NotFound, lambda: show_file(actor=sam, file_id=pk))
    send_message(actor=kay, to="@sam", body="For you.", files=[pk])
    assert show_file(actor=sam, file_id=pk).path == "@kay/q3.txt"
    assert names(search_files(actor=sam, query="Q3")) == ["q3.txt"]
    all_refused(NotFound, lambda: show_file(actor=ada, file_id=pk))


def test_who_leaves_a_private_channel_sees_its_files_no_more_own_ones_included(
    lin: Member, kay: Member, vault: Channel
) -> None:
    pk = put(kay, to="#vault")
    leave_channel(actor=kay, channel="#vault")
    all_refused(NotFound, lambda: show_file(actor=kay, file_id=pk))
    assert show_file(actor=lin, file_id=pk).uploader == "kay"


def test_a_message_shows_its_files_and_one_query_fetches_them(
    lin: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(3):
        send_message(
            actor=lin, to="#general", body="See.",
            files=[put(lin, f"{number}{letter}.txt") for letter in "ab"],
        )  # fmt: skip
    page = read(actor=lin, where="#general", limit=3)
    assert [[file.name for file in one.files or []] for one in page.items] == [
        ["0a.txt", "0b.txt"], ["1a.txt", "1b.txt"], ["2a.txt", "2b.txt"],
    ]  # fmt: skip
    plain = send_message(actor=lin, to="#general", body="No file.").id
    assert show_message(actor=lin, message_id=plain).files is None
    with django_assert_num_queries(4):
        read(actor=lin, where="#general", limit=3)
    with django_assert_num_queries(3):
        read(actor=lin, where="#general", limit=1)


def test_a_deleted_file_is_gone_everywhere(lin: Member, kay: Member, ada: Member) -> None:
    pk = put(lin, to="#general")
    all_refused(Forbidden, lambda: delete_file(actor=kay, file_id=pk))
    delete_file(actor=ada, file_id=pk)
    all_refused(NotFound, lambda: show_file(actor=lin, file_id=pk))
    assert show_message(actor=lin, message_id=Message.objects.latest("pk").pk).files is None
    assert list_files(actor=lin, where="#general").items == []


def test_a_deleted_message_hides_its_files_and_only_there(
    lin: Member, kay: Member, vault: Channel
) -> None:
    first = send_message(actor=lin, to="#general", body="See.", files=[pk := put(lin)]).id
    second = send_message(actor=lin, to="#vault", body="See.", files=[pk]).id
    delete_message(actor=lin, message_id=first)
    assert show_message(actor=lin, message_id=first).files is None
    assert list_files(actor=kay, where="#general").items == []
    assert show_file(actor=kay, file_id=pk).path == "#vault/q3.txt"
    delete_message(actor=lin, message_id=second)
    for member in (lin, kay):
        hidden_from(member, pk)
    assert show_file_usage(actor=lin).used == 3


def test_an_erased_message_takes_the_bytes_along_unless_they_stand_elsewhere(
    lin: Member, vault: Channel
) -> None:
    pk = put(lin)
    posts = [
        send_message(actor=lin, to=to, body="See.", files=[pk]).id for to in ("#general", "#vault")
    ]
    delete_message(actor=lin, message_id=posts[0], erase=True)
    assert show_file(actor=lin, file_id=pk).path == "#vault/q3.txt"
    delete_message(actor=lin, message_id=posts[1], erase=True)
    assert show_file_usage(actor=lin).used == 0
    assert sweep_files(older_than=-1) == 1


def test_posting_is_all_or_nothing(lin: Member) -> None:
    pk = put(lin)
    before = Message.objects.count()
    all_refused(
        NotFound, lambda: send_message(actor=lin, to="#general", body="x", files=[pk, 10**9])
    )
    assert Message.objects.count() == before
    assert show_file(actor=lin, file_id=pk).path is None


# Where it lies


def test_a_file_posted_again_under_its_name_is_the_next_version(lin: Member, kay: Member) -> None:
    first, second = put(lin, to="#general"), put(kay, "Q3.TXT", "Down.", to="#general")
    (shown,) = list_files(actor=lin, where="#general").items
    assert (shown.id, shown.version, shown.uploader) == (second, 2, "kay")
    assert show_file(actor=lin, file_id=first).version == 1
    delete_file(actor=kay, file_id=second)
    (shown,) = list_files(actor=lin, where="#general").items
    assert shown.id == first
    assert show_file(actor=lin, file_id=put(lin, to="#general")).version == 3


def test_folders_hold_files_and_folders(lin: Member, kay: Member) -> None:
    create_folder(actor=lin, path="#general/Reports")
    create_folder(actor=lin, path="#general/reports/2026")
    put(kay, to="#general/reports/2026")
    put(kay, "plan.txt", to="#general")
    page = list_files(actor=kay, where="#general")
    assert [folder.path for folder in page.folders] == ["#general/Reports"]
    assert names(page) == ["plan.txt"]
    (file,) = list_files(actor=kay, where="#general/REPORTS/2026").items
    assert file.path == "#general/Reports/2026/q3.txt"
    assert show_file(actor=kay, file_id=file.id).path == file.path
    moved = move_file(actor=lin, path="#general/plan.txt", to="#general/reports/2026/Plan B.txt")
    assert moved.path == "#general/Reports/2026/Plan B.txt"
    assert names(list_files(actor=kay, where="#general/Reports/2026")) == ["Plan B.txt", "q3.txt"]
    move_file(actor=lin, path="#general/Reports/2026", to="#general")
    assert list_files(actor=kay, where="#general/2026").items


def test_the_versions_of_a_file_move_together(lin: Member) -> None:
    first = put(lin, to="#general")
    put(lin, content="Down.", to="#general")
    create_folder(actor=lin, path="#general/old")
    move_file(actor=lin, path="#general/q3.txt", to="#general/old")
    (shown,) = list_files(actor=lin, where="#general/old").items
    assert shown.version == 2
    assert show_file(actor=lin, file_id=first).path == "#general/old/q3.txt"


def test_clashes_cycles_and_what_is_not_there_are_refused(lin: Member, sam: Member) -> None:
    for path in ("#general/a", "#general/a/b", "#general/c"):
        create_folder(actor=lin, path=path)
    put(lin, to="#general")
    put(lin, to="#general/a")
    create_channel(actor=lin, name="plans")
    all_refused(
        Conflict,
        lambda: create_folder(actor=lin, path="#general/A"),
        lambda: create_folder(actor=lin, path="#general/Q3.txt"),
        lambda: move_file(actor=lin, path="#general/q3.txt", to="#general/a"),
        lambda: move_file(actor=lin, path="#general/c", to="#general/q3.txt"),
        lambda: move_file(actor=lin, path="#general/a", to="#general/a/b"),
        lambda: move_file(actor=lin, path="#general/a", to="#general/a"),
        lambda: move_file(actor=lin, path="#general/a", to="#plans"),
        lambda: delete_folder(actor=lin, path="#general/a"),
        lambda: create_folder(actor=sam, path="#plans/mine"),
    )
    all_refused(
        NotFound,
        lambda: create_folder(actor=lin, path="#general/x/y"),
        lambda: move_file(actor=lin, path="#general/x.txt", to="#general/a"),
        lambda: list_files(actor=lin, where="#general/x"),
        lambda: put(lin, to="#general/x"),
    )
    all_refused(
        InvalidInput,
        lambda: create_folder(actor=lin, path="#general/../x"),
        lambda: create_folder(actor=lin, path="#general"),
        lambda: create_folder(actor=lin, path="#general//x"),
    )
    delete_folder(actor=lin, path="#general/a/b")


def test_a_folder_whose_files_are_deleted_is_empty(lin: Member) -> None:
    create_folder(actor=lin, path="#general/old")
    pk = put(lin, to="#general/old")
    delete_file(actor=lin, file_id=pk)
    delete_folder(actor=lin, path="#general/old")
    assert list_files(actor=lin, where="#general").folders == []


def test_an_archived_channel_keeps_its_files_as_they_are(lin: Member) -> None:
    create_channel(actor=lin, name="plans")
    put(lin, to="#plans")
    update_channel(actor=lin, channel="#plans", archived=True)
    all_refused(
        Conflict,
        lambda: create_folder(actor=lin, path="#plans/x"),
        lambda: move_file(actor=lin, path="#plans/q3.txt", to="#plans/q4.txt"),
        lambda: put(lin, to="#plans"),
    )
    assert names(list_files(actor=lin, where="#plans")) == ["q3.txt"]


def test_the_files_of_a_thread_are_those_posted_in_it(lin: Member) -> None:
    root = send_message(actor=lin, to="#general", body="Begin.").id
    put(lin, "in.txt", to=f"thread:{root}")
    put(lin, "out.txt", to="#general")
    assert names(list_files(actor=lin, where=f"thread:{root}")) == ["in.txt"]
    assert names(search_files(actor=lin, query="txt", where=f"thread:{root}")) == ["in.txt"]
    assert set(names(list_files(actor=lin, where="#general"))) == {"in.txt", "out.txt"}


def test_lists_and_searches_are_paged_without_gap_and_rights_count_before_the_limit(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    for number in range(7):
        put(kay, f"report {number}.txt", to="#general" if number % 2 else "#vault")
    seen: list[str] = []
    after = ""
    while True:
        page = search_files(actor=lin, query="REPORT txt", limit=3, after=after)
        seen += names(page)
        if page.cursor is None:
            break
        after = page.cursor
    assert seen == [f"report {number}.txt" for number in range(6, -1, -1)]
    assert len(search_files(actor=sam, query="report", limit=3).items) == 3
    first = list_files(actor=lin, where="#vault", limit=3)
    rest = list_files(actor=lin, where="#vault", limit=3, after=first.cursor or "")
    assert names(first) + names(rest) == [f"report {number}.txt" for number in (6, 4, 2, 0)]
    all_refused(
        InvalidInput,
        lambda: search_files(actor=lin, query='"* '),
        lambda: search_files(actor=lin, query="a", after="x"),
    )


# Limits


def test_quotas_and_sizes_are_refused_with_what_is_used_and_allowed(
    lin: Member, kay: Member, settings: Settings
) -> None:
    settings.FILE_MEMBER_QUOTA, settings.FILE_TOTAL_QUOTA, settings.FILE_MAX_BYTES = 10, 15, 8
    first = put(lin, content="12345678")
    with pytest.raises(Conflict) as refused:
        put(lin, content="123")
    assert refused.value.state == {"used": 8, "limit": 10}
    assert "8 of 10" in refused.value.message
    all_refused(TooLarge, lambda: put(kay, content="123456789"))
    with pytest.raises(Conflict, match="The company's files"):
        put(kay, content="12345678")
    assert show_file_usage(actor=lin).used == 8
    delete_file(actor=lin, file_id=first)
    assert show_file_usage(actor=lin).used == 0
    put(kay, content="12345678")


def test_types_can_be_allowed_and_blocked_by_content(lin: Member, settings: Settings) -> None:
    settings.FILE_TYPES_BLOCKED = ["text/html", "image/*"]
    all_refused(
        InvalidInput,
        lambda: put(lin, "a.txt", "<!DOCTYPE html><p>"),
        lambda: put(lin, "a.txt", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
    )
    put(lin, "a.html", "plain words")
    settings.FILE_TYPES_BLOCKED, settings.FILE_TYPES_ALLOWED = [], ["image/png"]
    all_refused(InvalidInput, lambda: put(lin, "a.png", "plain words"), match="text/plain")


def test_a_call_takes_small_files_only_and_says_where_larger_ones_go(lin: Member) -> None:
    with pytest.raises(InvalidInput, match=r"POST http.*/api/files/\?name=NAME"):
        upload_file.call(lin, {"name": "a", "text": "x" * 300_000})
    with pytest.raises(InvalidInput, match="/api/files/"):
        upload_file.call(lin, {"name": "a", "base64": "A" * 500_000})
    draft = filestore.Draft()
    draft.write(b"\0" * 300_000)
    draft.finish()
    large = upload_file(actor=lin, name="large.bin", base64=draft).id
    with pytest.raises(TooLarge) as refused:
        download_file(actor=lin, file_id=large)
    assert f"/api/files/{large}/content/" in refused.value.next
    all_refused(Conflict, lambda: read_file(actor=lin, file_id=large))


@pytest.mark.parametrize(
    "content",
    [{}, {"text": "a", "base64": "YQ=="}, {"text": 7}, {"base64": "?"}, {"base64": {}}],
    ids=str,
)
def test_the_content_is_given_once_and_as_text_or_base64(lin: Member, content: Any) -> None:
    all_refused(InvalidInput, lambda: upload_file.call(lin, {"name": "a", **content}))


def test_text_is_read_in_parts_that_join_without_gap(lin: Member) -> None:
    text = "Grüße, 世界. 🎉\r\n" * 200
    pk = put(lin, content=text)
    parts, offset = [], 0
    while True:
        part = read_file(actor=lin, file_id=pk, offset=offset, max_tokens=100)
        parts.append(part.content.body)
        if part.next_offset is None:
            break
        offset = part.next_offset
    assert "".join(parts) == text
    assert len(parts) > 3
    assert base64.b64decode(download_file(actor=lin, file_id=pk).content.body) == text.encode()


# Names and types


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("q3.pdf", "q3.pdf"), ("Größe 世界.txt", "Größe 世界.txt"), ("  a.txt ", "a.txt"),
        ("a.txt. . ", "a.txt"), ("nul", "_nul"), ("COM1.txt", "_COM1.txt"), ("console", "console"),
        ('a<b>:"|?*`.txt', "a_b_______.txt"), ("e\u0301.txt", "\xe9.txt"), (".env", ".env"),
        ("a\u200bb.txt", "ab.txt"), ("x" * 150, "x" * 150),
    ],
)  # fmt: skip
def test_names_are_cleaned(name: str, kept: str) -> None:
    assert clean_file_name(name) == kept


@pytest.mark.parametrize(
    "name",
    [
        "..", ".", " ", "...", "../a", "..\\a", "/etc/passwd", "a/b", "C:\\a", "a\x00b", "a\nb",
        "a\x1bb", "cod\u202egnp.exe", "\u2066a", "\u200b", "\ud800", "x" * 151,
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere_or_mislead_are_refused(name: str) -> None:
    all_refused(InvalidInput, lambda: clean_file_name(name))


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x06\0\0\0"


@pytest.mark.parametrize(
    ("content", "name", "found", "served"),
    [
        (PNG, "a.html", "image/png", "image/png"),
        (b"GIF89a<script>alert(1)</script>\0", "a.html", "image/gif", "image/gif"),
        (b"plain", "a.png", "text/plain", "text/plain; charset=utf-8"),
        (b"", "a.png", "text/plain", "text/plain; charset=utf-8"),
        (b"<HTML>", "a.txt", "text/html", "application/octet-stream"),
        (b"x <script>1</script>", "a.txt", "text/html", "application/octet-stream"),
        (b"<?xml version='1.0'?><svg/>", "a.png", "image/svg+xml", "application/octet-stream"),
        (b"<?xml version='1.0'?><a/>", "a.png", "text/xml", "application/octet-stream"),
        (b"%PDF-1.7\n\0", "a.txt", "application/pdf", "application/pdf"),
        (b"PK\3\4\0\0", "a.zip", "application/zip", "application/zip"),
        (b"PK\3\4\0\0", "a.png", "application/zip", "application/zip"),
        (b"\0\1\2", "a.txt", "application/octet-stream", "application/octet-stream"),
        (b"\xff\xfe\0<", "a.html", "application/octet-stream", "application/octet-stream"),
    ],
)
def test_the_content_says_what_a_file_is(
    content: bytes, name: str, found: str, served: str, settings: Settings
) -> None:
    draft = filestore.Draft()
    draft.write(content)
    draft.finish()
    assert type_of(draft.head, name, is_text=draft.is_text) == found
    assert served_type(found) == served


def test_text_is_known_wherever_its_bytes_are_cut(settings: Settings) -> None:
    content = "世界🎉".encode()
    for cut in range(len(content)):
        draft = filestore.Draft()
        draft.write(content[:cut])
        draft.write(content[cut:])
        draft.finish()
        assert draft.is_text
    broken = filestore.Draft()
    broken.write(content[:-1])
    broken.finish()
    assert not broken.is_text


def test_a_refused_upload_inside_a_transaction_leaves_no_row(lin: Member) -> None:
    with pytest.raises(NotFound), transaction.atomic():
        put(lin, to="#nowhere")
    assert not File.objects.exists()
