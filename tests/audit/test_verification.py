"""Promise 9: nobody rewrites the past unnoticed, not even with the file in their hands."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit import signing, verification
from audit.entries import Entry
from audit.ledger import digest
from audit.models import Checkpoint, Event
from audit.services import checkpoint_text, checkpoints_path, make_checkpoint
from audit.verification import verify_ledger
from messaging.models import Message
from messaging.services import delete_message, edit_message, send_message
from orgchart.models import Member
from orgchart.services import (
    invite_person,
    pause_member,
    retire_member,
    unpause_member,
    update_member,
)
from tests.databases import change

MIDDLE = 8


@pytest.fixture
def ledger(lin: Member, kay: Member) -> int:
    """A ledger of some length; its head."""
    for number in range(6):
        send_message(actor=lin, to="@kay", body=f"Number {number}.")
    head: int = Event.objects.latest("seq").seq
    assert head > MIDDLE + 3
    return head


def bad_seq() -> int | None:
    """What the verifier names; the command and the function must agree."""
    report = verify_ledger()
    if report.ok:
        call_command("verify_audit")
    else:
        with pytest.raises(CommandError, match=rf"damaged at event {report.bad_seq}: .+\.") as said:
            call_command("verify_audit")
        assert said.value.returncode == 1
    return report.bad_seq


def test_a_ledger_that_nobody_touched_is_sound(
    ledger: int, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_audit")
    said = capsys.readouterr().out
    assert said == f"The ledger is sound: {ledger} events, 0 checkpoints.\n"


def test_an_empty_ledger_is_sound(db: None) -> None:
    assert bad_seq() is None


# Change

CHANGES = {
    "at": "'2020-01-01 00:00:00'",
    "kind": "'channel.read'",
    "actor_id": "(SELECT MIN(id) FROM orgchart_member)",
    "on_behalf_of_id": "(SELECT MIN(id) FROM orgchart_member)",
    "face": "'mcp'",
    "request_id": "'another'",
    "target": "'message:99'",
    "topics": "'[\"company\"]'",
    "data": "'{}'",
    "previous_hash": f"'{'0' * 64}'",
    "hash": f"'{'0' * 64}'",
}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_value_is_found_in_its_row(ledger: int, column: str) -> None:
    change(f"UPDATE audit_event SET {column} = {CHANGES[column]} WHERE seq = {MIDDLE}")  # noqa: S608
    assert bad_seq() == MIDDLE


def test_every_column_is_covered_by_the_change_test() -> None:
    assert CHANGES.keys() | {"seq"} == {field.column for field in Event._meta.concrete_fields}


@pytest.mark.sqlite  # PostgreSQL refuses such a value itself
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", "{no json"),
        ("data", "[]"),
        ("data", '{"a": "\\ud800"}'),
        ("topics", "7"),
        ("at", "yesterday"),
        ("at", 5),
        ("kind", b"\xff"),
        ("face", 7),
    ],
)
def test_a_value_that_no_event_can_hold_is_found_in_its_row(
    ledger: int, column: str, value: Any
) -> None:
    change(f"UPDATE audit_event SET {column} = %s WHERE seq = %s", value, MIDDLE)  # noqa: S608
    assert bad_seq() == MIDDLE


def test_an_actor_that_is_nobody_is_found(ledger: int, lin: Member) -> None:
    change("UPDATE audit_event SET actor_id = 999 WHERE seq = %s", MIDDLE)
    assert bad_seq() == MIDDLE
    change("UPDATE audit_event SET actor_id = %s WHERE seq = %s", lin.pk, MIDDLE)


@pytest.mark.sqlite  # where the data is text
def test_one_changed_letter_within_the_data_is_found(ledger: int) -> None:
    change("UPDATE audit_event SET data = replace(data, '\"seq\":3', '\"seq\":7')")
    assert bad_seq() == Event.objects.get(kind="message.sent", data__seq=7).seq


def test_a_changed_row_with_a_hash_to_match_is_found_in_the_row_after_it(ledger: int) -> None:
    forge(MIDDLE, target="message:99")
    assert bad_seq() == MIDDLE + 1


# Delete


@pytest.mark.parametrize("seq", [1, 2, MIDDLE])
def test_a_deleted_row_is_named(ledger: int, seq: int) -> None:
    delete(seq)
    assert bad_seq() == seq


def test_the_first_of_several_deleted_rows_is_named(ledger: int) -> None:
    for seq in (MIDDLE + 1, MIDDLE - 3, MIDDLE):
        delete(seq)
    assert bad_seq() == MIDDLE - 3


def test_a_deleted_row_whose_gap_was_closed_is_found(ledger: int) -> None:
    delete(MIDDLE)
    for seq in range(MIDDLE + 1, ledger + 1):
        change("UPDATE audit_eventtopic SET event_id = %s WHERE event_id = %s", seq - 1, seq)
        change("UPDATE audit_event SET seq = %s WHERE seq = %s", seq - 1, seq)
    assert bad_seq() == MIDDLE


# Reorder, insert


def test_two_swapped_rows_are_found_at_the_first(ledger: int) -> None:
    swap(MIDDLE, MIDDLE + 2)
    assert bad_seq() == MIDDLE


def test_two_rows_whose_content_was_swapped_are_found(ledger: int) -> None:
    first, second = Event.objects.get(seq=MIDDLE), Event.objects.get(seq=MIDDLE + 1)
    for event, other in ((first, second), (second, first)):
        Event.objects.filter(seq=event.seq).update(data=other.data, target=other.target)
    assert bad_seq() == MIDDLE


def test_a_row_inserted_in_the_middle_is_found(ledger: int) -> None:
    for seq in range(ledger, MIDDLE - 1, -1):
        change("UPDATE audit_eventtopic SET event_id = %s WHERE event_id = %s", seq + 1, seq)
        change("UPDATE audit_event SET seq = %s WHERE seq = %s", seq + 1, seq)
    insert_copy_of(MIDDLE + 2, at=MIDDLE)
    assert bad_seq() == MIDDLE


def test_a_row_appended_without_its_hash_is_found(ledger: int) -> None:
    insert_copy_of(MIDDLE, at=ledger + 1)
    assert bad_seq() == ledger + 1


# Truncate: only a checkpoint can know


def test_a_ledger_cut_off_at_its_end_is_found_by_a_checkpoint(ledger: int, lin: Member) -> None:
    made = make_checkpoint(actor=lin)
    assert made is not None
    cut_off(after=ledger - 2)
    assert bad_seq() == ledger - 1


def test_a_ledger_whose_checkpoints_were_cut_too_is_found_by_a_copy_of_them(
    ledger: int, lin: Member, tmp_path: Path
) -> None:
    make_checkpoint(actor=lin)
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(checkpoints_path().read_bytes())
    cut_off(after=ledger - 2)
    change("DELETE FROM audit_checkpoint")
    assert bad_seq() == ledger - 1  # the file beside the database knows
    checkpoints_path().unlink()
    assert verify_ledger().reason == "2 messages were never recorded"
    newest = list(Message.objects.order_by("-pk").values_list("pk", flat=True)[:2])
    for pk in newest:
        change("DELETE FROM messaging_delivery WHERE message_id = %s", pk)
        change("DELETE FROM messaging_message WHERE id = %s", pk)
    assert bad_seq() is None  # what is left is sound in itself

    with pytest.raises(CommandError, match=f"event {ledger - 1}: events are missing up to"):
        call_command("verify_audit", checkpoints=[kept], public_key=signing.public_key_path())


def test_a_ledger_that_was_rebuilt_with_sound_hashes_is_found_by_a_checkpoint(
    ledger: int, lin: Member
) -> None:
    make_checkpoint(actor=lin)
    rebuild_from(MIDDLE, target="message:99")
    assert verify_ledger().reason == "it is not the event that was signed"
    assert bad_seq() == ledger
    change("DELETE FROM audit_checkpoint")
    assert verify_ledger().reason == "it is not the event that was signed"
    kept = checkpoints_path().rename(checkpoints_path().with_name("kept.jsonl"))
    assert bad_seq() == ledger  # the event of the checkpoint is still there
    assert verify_ledger([kept]).reason == "it is not the event that was signed"


def test_a_forged_signature_is_named(ledger: int, lin: Member) -> None:
    make_checkpoint(actor=lin)
    change("UPDATE audit_checkpoint SET signature = %s", "0" * 128)
    assert bad_seq() == ledger


@pytest.mark.parametrize("column", ["hash", "at", "seq"])
def test_a_changed_checkpoint_is_named(ledger: int, lin: Member, column: str) -> None:
    make_checkpoint(actor=lin)
    value = {"hash": "f" * 64, "at": "2020-01-01 00:00:00", "seq": 3}[column]
    change(f"UPDATE audit_checkpoint SET {column} = %s", value)  # noqa: S608
    assert verify_ledger().reason == "the signature of this checkpoint is wrong"


def test_a_checkpoint_of_another_server_proves_nothing(
    ledger: int, lin: Member, tmp_path: Path, settings: Any
) -> None:
    make_checkpoint(actor=lin)
    settings.DATA_DIR = tmp_path / "elsewhere"
    signing.sign("so that keys are made there")
    assert verify_ledger().reason == "the signature of this checkpoint is wrong"


TEXT_SEQ = json.dumps({"seq": "33", "hash": "a", "at": "b", "signature": "00"})


@pytest.mark.parametrize(
    "line", ["{", "{}", '{"seq": 1}', TEXT_SEQ, "null", '{"seq": "x"}', "\xff"]
)
def test_a_damaged_file_of_checkpoints_is_refused_with_its_line(
    ledger: int, lin: Member, line: str
) -> None:
    make_checkpoint(actor=lin)
    with checkpoints_path().open("ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    with pytest.raises(CommandError, match=r"checkpoints\.jsonl.* line 2"):
        call_command("verify_audit", checkpoints=[checkpoints_path()])


def test_checkpoints_without_their_key_are_not_passed_over(ledger: int, lin: Member) -> None:
    make_checkpoint(actor=lin)
    signing.public_key_path().unlink()
    with pytest.raises(CommandError, match=r"ledger-public\.pem"):
        call_command("verify_audit")


@pytest.mark.parametrize("option", ["checkpoints", "public_key"])
def test_a_file_that_is_not_there_is_named(db: None, tmp_path: Path, option: str) -> None:
    missing = tmp_path / "missing"
    given: dict[str, Any] = {option: [missing] if option == "checkpoints" else missing}
    with pytest.raises(CommandError, match=f"There is no file {missing}"):
        call_command("verify_audit", **given)


# Checkpoints


def test_a_checkpoint_signs_the_head_and_is_written_beside_the_database(
    ledger: int, lin: Member
) -> None:
    made = make_checkpoint(actor=lin)
    assert made is not None
    head = Event.objects.get(seq=ledger)
    assert (made.seq, made.hash) == (head.seq, head.hash)
    (line,) = checkpoints_path().read_text().splitlines()
    assert json.loads(line)["signature"] == made.signature
    assert Event.objects.latest("seq").kind == "ledger.checkpoint"
    assert bad_seq() is None


def test_a_quiet_ledger_is_not_signed_again(ledger: int, lin: Member) -> None:
    make_checkpoint(actor=lin)
    assert make_checkpoint(actor=lin) is None
    assert Checkpoint.objects.count() == 1
    assert len(checkpoints_path().read_text().splitlines()) == 1


def test_the_private_key_is_for_its_owner_alone(ledger: int, lin: Member) -> None:
    make_checkpoint(actor=lin)
    assert signing.private_key_path().stat().st_mode & 0o777 == 0o600


# Checkpoints that are missing, and such that contradict


def test_the_last_event_with_an_actor_that_is_nobody_is_found(ledger: int, lin: Member) -> None:
    change("UPDATE audit_event SET actor_id = 9999 WHERE seq = %s", ledger)
    assert bad_seq() == ledger
    change("UPDATE audit_event SET actor_id = %s WHERE seq = %s", lin.pk, ledger)


def test_a_checkpoint_that_was_taken_away_is_missed_in_the_database(
    ledger: int, lin: Member
) -> None:
    make_checkpoint(actor=lin)
    change("DELETE FROM audit_checkpoint")
    assert bad_seq() == ledger
    checkpoints_path().unlink()
    assert bad_seq() == ledger
    assert "missing" in verify_ledger().reason


def test_checkpoints_that_contradict_each_other_are_named(
    ledger: int, lin: Member, tmp_path: Path
) -> None:
    make_checkpoint(actor=lin)
    (line,) = checkpoints_path().read_text().splitlines()
    forged = {**json.loads(line), "hash": "f" * 64}
    forged["signature"] = signing.sign(checkpoint_text(ledger, forged["hash"], forged["at"]))
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps(forged) + "\n")
    assert verify_ledger().ok
    report = verify_ledger([other])
    assert (report.bad_seq, report.ok) == (ledger, False)
    assert "contradict" in report.reason


# What is stored beside the events


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_eventtopic SET topic = 'company' WHERE event_id = %s AND topic LIKE 'chan%%'",
        "DELETE FROM audit_eventtopic WHERE event_id = %s",
        "INSERT INTO audit_eventtopic (event_id, topic) VALUES (%s, 'member-99')",
    ],
)
def test_a_changed_topic_is_found_at_its_event(ledger: int, statement: str) -> None:
    change(statement, ledger)
    assert bad_seq() == ledger


@pytest.fixture
def sent(ledger: int) -> Event:
    return Event.objects.filter(kind="message.sent").order_by("seq")[2]


@pytest.mark.parametrize(
    "values",
    [
        "body = 'I never said that.'",
        "author_id = (SELECT MIN(id) FROM orgchart_member)",
        "seq = 999",
        "thread_id = id",
        "deleted_at = '2026-01-01 00:00:00'",
        "body = '', erased_at = '2026-01-01 00:00:00'",
    ],
)
def test_a_changed_message_is_found_at_its_event(sent: Event, values: str) -> None:
    change(f"UPDATE messaging_message SET {values} WHERE id = %s", sent.data["message"])  # noqa: S608
    assert bad_seq() == sent.seq


def test_a_removed_message_is_found_at_its_event(sent: Event) -> None:
    change("DELETE FROM messaging_delivery WHERE message_id = %s", sent.data["message"])
    change("DELETE FROM messaging_message WHERE id = %s", sent.data["message"])
    assert bad_seq() == sent.seq


def test_a_message_that_nobody_sent_is_found(sent: Event) -> None:
    message = Message.objects.get(pk=sent.data["message"])
    message.pk, message.seq = None, 999
    message.save(force_insert=True)
    report = verify_ledger()
    assert (report.bad_seq, report.reason) == (None, "1 messages were never recorded")
    with pytest.raises(CommandError, match="not what was recorded: 1 messages"):
        call_command("verify_audit")


def test_edits_deletions_and_erasures_are_the_newest_truth(sent: Event, lin: Member) -> None:
    pks = Message.objects.filter(author=lin).order_by("pk").values_list("pk", flat=True)[:4]
    for pk in pks:
        edit_message(actor=lin, message_id=pk, body="Once more.")
        edit_message(actor=lin, message_id=pk, body="And again.")
    delete_message(actor=lin, message_id=pks[1])
    delete_message(actor=lin, message_id=pks[2], erase=True)
    assert bad_seq() is None
    for statement, pk, kind in (
        ("UPDATE messaging_message SET body = 'Once more.' WHERE id = %s", pks[0], "edited"),
        ("UPDATE messaging_message SET deleted_at = NULL WHERE id = %s", pks[1], "deleted"),
        ("UPDATE messaging_message SET body = 'Back.' WHERE id = %s", pks[2], "erased"),
        ("UPDATE messaging_messageversion SET body = 'x' WHERE message_id = %s AND number = 2",
         pks[3], "edited"),
    ):  # fmt: skip
        with transaction.atomic():
            change(statement, pk)
            newest = Event.objects.filter(kind=f"message.{kind}", data__message=pk).latest("seq")
            assert bad_seq() == newest.seq, statement
            transaction.set_rollback(True)


def test_swapped_handles_are_found(ledger: int, lin: Member, kay: Member) -> None:
    swaps = [("orgchart_handle", "member_id"), ("orgchart_member", "id")]
    for table, column in swaps:
        with transaction.atomic():
            for handle, pk in (("x-1", lin.pk), ("lin", kay.pk), ("kay", lin.pk)):
                change(f"UPDATE {table} SET handle = %s WHERE {column} = %s", handle, pk)  # noqa: S608
            assert bad_seq() is not None
            transaction.set_rollback(True)
    assert bad_seq() is None


@pytest.mark.parametrize("values", ["authority = 'owner'", "status = 'paused'"])
def test_a_member_who_was_raised_or_silenced_in_the_file_is_found(
    ledger: int, lin: Member, values: str
) -> None:
    change(f"UPDATE orgchart_member SET {values} WHERE id = %s", lin.pk)  # noqa: S608
    registered = Event.objects.get(kind="member.registered", target=f"member:{lin.pk}")
    assert bad_seq() == registered.seq


def test_what_members_become_is_the_newest_truth(ledger: int, owner: Member) -> None:
    update_member(actor=owner, member="lin", handle="linn", authority="admin")
    update_member(actor=owner, member="linn", handle="lin")
    pause_member(actor=owner, member="lin", reason="A test.")
    unpause_member(actor=owner, member="lin")
    retire_member(actor=owner, member="kay")
    invite_person(actor=owner, name="Ida", authority="observer")
    assert bad_seq() is None


def test_a_long_ledger_is_walked_in_chunks(
    ledger: int, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CHUNK", 3)
    first = Message.objects.filter(author=lin).earliest("pk").pk
    edit_message(actor=lin, message_id=first, body="Once more.")
    assert bad_seq() is None


# Offline: the file, a fresh process, nothing else


@pytest.mark.sqlite
@pytest.mark.usefixtures("transactional_db")
def test_the_file_alone_is_enough_and_damage_is_an_error_for_the_shell(
    ledger: int, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "teammcp.sqlite3")) as copy:
        connection.connection.backup(copy)
    sound = verify_in_a_process(folder)
    assert (sound.returncode, sound.stderr) == (0, "")
    assert f"{ledger} events" in sound.stdout

    with closing(sqlite3.connect(folder / "teammcp.sqlite3")) as copy, copy:
        copy.execute("UPDATE audit_event SET face = 'mcp' WHERE seq = ?", [MIDDLE])
    damaged = verify_in_a_process(folder)
    assert damaged.returncode == 1
    assert f"damaged at event {MIDDLE}" in damaged.stderr
    assert "Traceback" not in damaged.stderr


def verify_in_a_process(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "django", "verify_audit"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "teammcp.settings",
            "TEAMMCP_DATA_DIR": str(folder),
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )


# What somebody with the file can do


def delete(seq: int) -> None:
    change("DELETE FROM audit_eventtopic WHERE event_id = %s", seq)
    change("DELETE FROM audit_event WHERE seq = %s", seq)


def cut_off(*, after: int) -> None:
    change("DELETE FROM audit_eventtopic WHERE event_id > %s", after)
    change("DELETE FROM audit_event WHERE seq > %s", after)


def swap(one: int, other: int) -> None:
    for old, new in ((one, -1), (other, one), (-1, other)):
        change("UPDATE audit_event SET seq = %s WHERE seq = %s", new, old)


def insert_copy_of(seq: int, *, at: int) -> None:
    columns = ", ".join(
        str(field.column) for field in Event._meta.concrete_fields if field.column != "seq"
    )
    change(
        f"INSERT INTO audit_event (seq, {columns})"  # noqa: S608
        f" SELECT %s, {columns} FROM audit_event WHERE seq = %s",
        at,
        seq,
    )


def forge(seq: int, **values: Any) -> None:
    """Change a row, and give it the hash that belongs to it now."""
    Event.objects.filter(seq=seq).update(**values)
    event = Event.objects.select_related("actor", "on_behalf_of").get(seq=seq)
    Event.objects.filter(seq=seq).update(hash=digest(event.previous_hash, Entry.of(event)))


def rebuild_from(seq: int, **values: Any) -> None:
    """Change a row, and all hashes from it on: the chain is sound in itself again."""
    forge(seq, **values)
    previous = Event.objects.get(seq=seq).hash
    for later in Event.objects.filter(seq__gt=seq).order_by("seq").values_list("seq", flat=True):
        forge(later, previous_hash=previous)
        previous = Event.objects.get(seq=later).hash
