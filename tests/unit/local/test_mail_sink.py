"""The mail sink keeps what it was sent, readable as it was meant."""

from email.message import EmailMessage
from pathlib import Path

from fastapi.testclient import TestClient

from minsheng.mail_sink import Mailbox, pages, read


def message() -> EmailMessage:
    made = EmailMessage()
    made["Subject"] = "【陵和区】受理告知书"
    made["From"] = "no-reply@linghe.example"
    made["To"] = "resident@example.org"
    made.set_content("您的建议已受理。")
    made.add_alternative("<p>您的建议已受理。</p>", subtype="html")
    return made


def test_subject_text_and_html_are_decoded() -> None:
    kept = read(message().as_bytes(), "no-reply@linghe.example", ["resident@example.org"], "2026-11-24T08:00:00Z")
    assert (kept["subject"], kept["text"].strip()) == ("【陵和区】受理告知书", "您的建议已受理。")
    assert kept["html"].strip() == "<p>您的建议已受理。</p>"
    assert (kept["from"], kept["to"]) == ("no-reply@linghe.example", ["resident@example.org"])


def test_a_restarted_sink_still_has_its_messages(tmp_path: Path) -> None:
    Mailbox(tmp_path / "m.jsonl").add({"id": "1", "subject": "回执"})
    assert [m["id"] for m in Mailbox(tmp_path / "m.jsonl").messages] == ["1"]


def test_a_line_cut_off_by_a_crash_is_no_message(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "m.jsonl")
    box.add({"id": "1"})
    with (tmp_path / "m.jsonl").open("a") as file:
        file.write('{"id": "2", "subj')
    assert [m["id"] for m in Mailbox(tmp_path / "m.jsonl").messages] == ["1"]


def test_messages_are_listed_oldest_first_and_shown_without_running_their_html(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "m.jsonl")
    for subject in ("first", "second"):
        box.add(
            {
                **read(message().as_bytes(), "a@example.org", ["b@example.org"], "2026-11-24T08:00:00Z"),
                "subject": subject,
            }
        )
    client = TestClient(pages(box, "127.0.0.1", 0))
    assert [m["subject"] for m in client.get("/api/messages").json()] == ["first", "second"]
    page = client.get(f"/messages/{box.messages[0]['id']}").text
    assert "<iframe sandbox srcdoc='&lt;p&gt;" in page


def test_an_unknown_message_is_not_found(tmp_path: Path) -> None:
    assert TestClient(pages(Mailbox(tmp_path / "m.jsonl"), "127.0.0.1", 0)).get("/messages/none").status_code == 404
