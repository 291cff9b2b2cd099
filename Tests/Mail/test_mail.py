"""What arrives, and what the sender says when nothing does."""

from __future__ import annotations

import asyncio
import time

import pytest
from conftest import PASSWORD, USER, Certificate, Mailbox, listening, send, smtp_server

ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:产品评审\r\nEND:VCALENDAR\r\n"


async def test_an_invitation_arrives_whole() -> None:
    mailbox = Mailbox()
    subject = "邀请：第三季度产品评审与下一步计划讨论会（含供应商、设计团队与区域销售负责人）😀"
    text = "你好，\n.\n..两点\n.开头\nFrom 谁\n" + "很长的一行" * 60 + "\n"
    html = "<p>Hello &amp; 你好</p>\n" * 40
    async with smtp_server(mailbox) as port:
        outcome = await send(port, subject=subject, plainText=text, html=html, calendar=ICS)
    assert outcome == {"code": "ok", "isTemporary": False, "reply": 250, "refused": []}
    message = mailbox.message()
    assert not message.defects
    assert mailbox.envelopes[0].mail_from == "hutong@example.com"
    assert mailbox.envelopes[0].rcpt_tos == ["zhang.san@example.com"]
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "会议助手"
    assert message["To"].addresses[0].display_name == "张三"
    assert message["To"].addresses[0].addr_spec == "zhang.san@example.com"
    assert message["Message-ID"] == "<probe-1@probe.example>"
    assert message["Date"].datetime.timestamp() == 1_795_300_000
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    parts = {part.get_content_type(): part for part in message.walk()}
    assert not any(part.defects for part in parts.values())
    assert parts["text/plain"].get_payload(decode=True).decode() == text.replace("\n", "\r\n")
    assert parts["text/html"].get_payload(decode=True).decode() == html.replace("\n", "\r\n")
    calendar = parts["text/calendar"]
    assert calendar.get_param("method") == "REQUEST" and calendar.get_content_charset() == "utf-8"
    assert calendar.get_payload(decode=True) == ICS.encode()
    assert parts["application/ics"].get_payload(decode=True) == ICS.encode()
    assert parts["application/ics"].get_filename() == "invite.ics"
    lines = mailbox.envelopes[0].content.split(b"\r\n")
    assert max(map(len, lines)) <= 78 and all(max(line, default=0) < 0x80 for line in lines)


@pytest.mark.parametrize("subject", ["plain words", "café", "周" * 120, "a, b; c <d>", "=?UTF-8?B?SGk=?= no word", "x " * 90 + "x"])
async def test_subjects_are_what_they_were(subject: str) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        assert (await send(port, subject=subject))["code"] == "ok"
    assert mailbox.message()["Subject"] == subject


@pytest.mark.parametrize("name", ["Doe, John", 'The "Boss"', "back\\slash", "a@b <c@d>", "名" * 60, "long name " * 12 + "end", "=?UTF-8?B?SGk=?="])
async def test_names_are_what_they_were(name: str) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        assert (await send(port, to=[{"mailbox": "a@example.com", "name": name}]))["code"] == "ok"
    assert mailbox.recipient() == (name, "a@example.com")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"subject": "hi\r\nBcc: eve@example.com"}, "mail_invalid_subject"),
        ({"subject": "hi\nBcc: eve@example.com"}, "mail_invalid_subject"),
        ({"subject": "hi\0"}, "mail_invalid_subject"),
        ({"to": [{"mailbox": "a@example.com", "name": "x\r\nBcc: eve@example.com"}]}, "mail_invalid_name"),
        ({"to": [{"mailbox": "a@example.com>\r\nRCPT TO:<eve@example.com"}]}, "mail_invalid_address"),
        ({"from": {"mailbox": "a@example.com\r\nRSET"}}, "mail_invalid_address"),
    ],
)
async def test_nothing_is_injected(order: dict, code: str) -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        assert await send(port, **order) == {"code": code, "isTemporary": False, "refused": []}
    assert mailbox.connections == 0


async def test_bodies_smuggle_no_second_message() -> None:
    mailbox = Mailbox()
    body = "one\r\n.\r\nMAIL FROM:<eve@example.com>\r\n\n.\n\r.\rDATA\n.\r\n"
    async with smtp_server(mailbox) as port:
        assert (await send(port, plainText=body, calendar=body))["code"] == "ok"
    assert len(mailbox.envelopes) == 1
    payload = mailbox.message().get_payload()[1].get_payload(decode=True).decode()
    assert payload == body.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


# Encryption and signing in


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_starttls_then_sign_in(certificate: Certificate, mechanism: str) -> None:
    mailbox = Mailbox()
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    async with smtp_server(
        mailbox, tls_context=certificate.context, require_starttls=True, authenticator=mailbox.authenticate,
        auth_required=True, auth_exclude_mechanism=[other],
    ) as port:  # fmt: skip
        outcome = await send(port, security="startTLS", trusted=certificate.pem, user=USER, password=PASSWORD)
    assert outcome["code"] == "ok"
    assert mailbox.mechanisms == [mechanism]
    assert len(mailbox.envelopes) == 1


async def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    mailbox = Mailbox()
    # To aiosmtpd such a connection looks like one without encryption.
    async with smtp_server(
        mailbox, certificate.context, authenticator=mailbox.authenticate, auth_require_tls=False
    ) as port:
        outcome = await send(port, security="implicitTLS", trusted=certificate.pem, user=USER, password=PASSWORD)
    assert outcome["code"] == "ok" and len(mailbox.envelopes) == 1
    assert mailbox.mechanisms == ["PLAIN"]


async def test_a_wrong_password_is_for_people_to_mend(certificate: Certificate) -> None:
    mailbox = Mailbox()
    async with smtp_server(
        mailbox, tls_context=certificate.context, authenticator=mailbox.authenticate, auth_required=True
    ) as port:
        outcome = await send(port, security="startTLS", trusted=certificate.pem, user=USER, password="wrong")
    assert outcome == {"code": "mail_authentication_refused", "isTemporary": False, "reply": 535, "refused": []}


@pytest.mark.parametrize("security", ["startTLS", "implicitTLS"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_certificate_that_is_not_trusted_gets_no_message(
    certificate: Certificate, security: str, wrong: str
) -> None:
    mailbox = Mailbox()
    implicit = certificate.context if security == "implicitTLS" else None
    order = {} if wrong == "authority" else {"trusted": certificate.pem, "host": "127.0.0.1"}
    async with smtp_server(
        mailbox, implicit, tls_context=None if implicit else certificate.context, authenticator=mailbox.authenticate
    ) as port:
        outcome = await send(port, security=security, user=USER, password=PASSWORD, **order)
    assert outcome == {"code": "mail_tls_failed", "isTemporary": True, "refused": []}
    assert not mailbox.mechanisms and not mailbox.envelopes


async def test_a_server_without_starttls_gets_neither_password_nor_message() -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox, authenticator=mailbox.authenticate, auth_require_tls=False) as port:
        outcome = await send(port, security="startTLS", user=USER, password=PASSWORD)
    assert outcome["code"] == "mail_tls_not_offered" and not outcome["isTemporary"]
    assert not mailbox.mechanisms and not mailbox.envelopes


async def test_a_password_is_never_sent_in_the_clear() -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        assert (await send(port, user=USER, password=PASSWORD))["code"] == "server_credentialsWithoutTLS"
    assert mailbox.connections == 0


# Refusals and trouble


@pytest.mark.parametrize(("reply", "is_temporary"), [(451, True), (421, True), (550, False), (554, False)])
@pytest.mark.parametrize("stage", ["sender", "recipient", "data"])
async def test_refusals_say_whether_they_are_for_now(stage: str, reply: int, is_temporary: bool) -> None:
    mailbox = Mailbox()
    answer = f"{reply} no"
    if stage == "sender":
        mailbox.sender_answer = answer
    elif stage == "recipient":
        mailbox.recipient_answers["zhang.san@example.com"] = answer
    else:
        mailbox.data_answer = answer
    async with smtp_server(mailbox) as port:
        outcome = await send(port)
    code = "mail_recipient_refused" if stage == "recipient" else "mail_refused"
    assert outcome == {"code": code, "isTemporary": is_temporary, "reply": reply, "refused": []}


async def test_the_others_get_it_when_one_is_refused() -> None:
    mailbox = Mailbox()
    mailbox.recipient_answers["b@example.com"] = "550 nobody"
    people = [{"mailbox": f"{letter}@example.com"} for letter in "abc"]
    async with smtp_server(mailbox) as port:
        outcome = await send(port, to=people)
    assert (outcome["code"], outcome["refused"]) == ("ok", ["b@example.com"])
    assert mailbox.envelopes[0].rcpt_tos == ["a@example.com", "c@example.com"]


async def test_addresses_in_chinese_go_where_they_can() -> None:
    mailbox = Mailbox()
    people = [{"mailbox": "张三@例子.公司"}]
    async with smtp_server(mailbox, enable_SMTPUTF8=True) as port:
        assert (await send(port, to=people))["code"] == "ok"
    assert mailbox.envelopes[0].rcpt_tos == ["张三@例子.公司"]
    assert "SMTPUTF8" in mailbox.envelopes[0].mail_options
    async with smtp_server(mailbox, enable_SMTPUTF8=False) as port:
        outcome = await send(port, to=people)
    assert (outcome["code"], outcome["isTemporary"]) == ("mail_international_address", False)


async def test_a_message_too_large_for_the_server_stays_here() -> None:
    mailbox = Mailbox()
    async with smtp_server(mailbox, data_size_limit=500) as port:
        outcome = await send(port, plainText="x" * 1000)
    assert (outcome["code"], outcome["isTemporary"]) == ("mail_too_large_for_server", False)
    assert not mailbox.envelopes


class Silent(asyncio.Protocol):
    """Accepts, says so much, and nothing more."""

    def __init__(self, words: bytes, closes: bool = False) -> None:
        self.words, self.closes = words, closes

    def connection_made(self, transport) -> None:
        transport.write(self.words)
        if self.closes:
            transport.abort()


@pytest.mark.parametrize("words", [b"", b"220", b"220 hello\r\n", b"220-hello\r\n220-and\r\n"])
async def test_a_server_that_stalls_is_left(words: bytes) -> None:
    async with listening(lambda: Silent(words)) as port:
        began = time.monotonic()
        outcome = await send(port, timeoutSeconds=0.5)
    assert (outcome["code"], outcome["isTemporary"]) == ("mail_server_timed_out", True)
    assert time.monotonic() - began < 10


async def test_a_server_that_stalls_in_the_handshake_is_left(certificate: Certificate) -> None:
    async with listening(lambda: Silent(b"220 x\r\n250-x\r\n250 STARTTLS\r\n")) as port:
        outcome = await send(port, security="startTLS", trusted=certificate.pem, timeoutSeconds=0.5)
        assert outcome["code"] == "mail_server_timed_out"
        outcome = await send(port, security="implicitTLS", trusted=certificate.pem, timeoutSeconds=0.5)
        # What it says is no handshake.
        assert outcome["code"] == "mail_tls_failed"


async def test_other_troubles_have_names(certificate: Certificate) -> None:
    async with listening(lambda: Silent(b"220 x\r\n", closes=True), certificate.context) as port:
        outcome = await send(port, security="implicitTLS", trusted=certificate.pem)
        assert outcome["code"] == "mail_server_disconnected"
    async with listening(lambda: Silent(b"220 x\r\n", closes=True)) as port:
        assert (await send(port))["code"] == "mail_server_disconnected"
    async with listening(lambda: Silent(b"HTTP/1.1 400 Bad Request\r\n")) as port:
        assert (await send(port))["code"] == "mail_server_malformed_reply"
    async with listening(lambda: Silent(b"220-x\r\n" * 5000)) as port:
        assert (await send(port))["code"] == "mail_server_malformed_reply"
    async with listening(lambda: Silent(b"")) as port:
        pass
    assert (await send(port))["code"] == "mail_server_unreachable"
