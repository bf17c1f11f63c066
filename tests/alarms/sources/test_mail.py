"""Sources that write mails, over real SMTP: `250` when it is on the disk, `451` when not, `550` for strangers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.policy import SMTP as AS_SENT
from pathlib import Path

import aiosmtplib
import pytest
from msgspec import structs

from ami_bridge.alarms.sources.letters import is_proven, parse, report_of, senders
from ami_bridge.alarms.sources.mail import AT_ONCE, Mailbox, serve_mail
from ami_bridge.config_alarms import Source, SourceMail
from tests.alarms.sources.world import PLANT, World, world

ADDRESS = "alarm-7f3kq2zz@musterhausen.example"
SENDER = "scada@plant.example"
SOURCE = structs.replace(PLANT, kind="mail", mail=SourceMail(address=ADDRESS, senders=[SENDER]))


@asynccontextmanager
async def served(folder: Path, source: Source = SOURCE) -> AsyncIterator[tuple[World, int]]:
    async with (
        world(folder, source) as town,
        serve_mail("smtp://127.0.0.1:0", Mailbox(town.sources, gate=town.gate)) as port,
    ):
        yield town, port


def mail(subject: str = "PROBLEM: Gasmotor", text: str = "steht seit 03:17\n", sender: str = SENDER) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"Leitstelle <{sender}>"
    message["To"] = ADDRESS
    message["Subject"] = subject
    message.set_content(text)
    return message


async def hand_in(port: int, message: EmailMessage, *, sender: str = SENDER, to: str = ADDRESS) -> None:
    await aiosmtplib.send(
        message, sender=sender, recipients=[to], hostname="127.0.0.1", port=port, start_tls=False, timeout=10
    )


async def test_a_mail_is_an_alarm_and_its_recovery_the_end_of_it(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, port):
        await hand_in(port, mail())
        await hand_in(port, mail("RECOVERY: Gasmotor", "läuft wieder"))
        first, second = town.kept.reports_
        assert (first.what, first.text, first.source) == ("come", "Gasmotor. steht seit 03:17", "plant")
        assert (second.what, second.dedup) == ("go", first.dedup)
        assert "Subject: PROBLEM: Gasmotor" in first.raw


async def test_what_cannot_be_kept_stays_with_the_mail_server(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, port):
        town.kept.full = True
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await hand_in(port, mail())
        assert refused.value.code == 451
        town.kept.full = False
        await hand_in(port, mail())
        assert len(town.kept.reports_) == 1


async def test_strangers_are_refused_aloud(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, port):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await hand_in(port, mail(), to="alarm@musterhausen.example")
        for header, envelope in (("evil@x.example", SENDER), (SENDER, "evil@x.example")):
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await hand_in(port, mail(sender=header), sender=envelope)
            assert refused.value.code == 550
        assert town.kept.reports_ == []


async def test_only_what_the_houses_mail_server_has_proven(tmp_path: Path) -> None:
    checked = structs.replace(SOURCE, mail=structs.replace(SOURCE.mail, checked_by="mx.musterhausen.example"))
    async with served(tmp_path, checked) as (town, port):
        with pytest.raises(aiosmtplib.SMTPDataError):
            await hand_in(port, mail())
        proven = mail()
        proven["Authentication-Results"] = "mx.musterhausen.example; dkim=pass header.d=plant.example"
        await hand_in(port, proven)
        assert len(town.kept.reports_) == 1


@pytest.mark.parametrize(
    ("headers", "proven"),
    [
        (["mx.a; spf=pass"], True),
        (["MX.A 1; dkim=fail; spf=pass"], True),
        (["mx.a; spf=fail", "mx.a; spf=pass"], False),
        (["mx.b; spf=pass"], False),
        (["mx.a; none (spf=pass)"], False),
        (['mx.a; spf=fail smtp.mailfrom="spf=pass"@evil.example'], False),
        (['mx.a; dkim=fail header.i="; dkim=pass"@evil.example header.s=dkim=pass'], False),
        (["mx.a 1; spf=fail smtp.mailfrom=a@b.example; dkim/1 = pass header.d=b.example"], True),
        ([], False),
    ],
)
def test_only_the_topmost_word_of_ones_own_server_counts(headers: list[str], proven: bool) -> None:  # noqa: FBT001
    lines = "".join(f"Authentication-Results: {one}\r\n" for one in headers)
    assert is_proven(parse(f"{lines}Subject: x\r\n\r\ny".encode()), "mx.a") is proven


@pytest.mark.parametrize(
    ("subject", "text", "what", "said"),
    [
        ("Gasmotor steht", "", "come", "Gasmotor steht"),
        ("[FIRING:1] Pumpe", "x", "come", "Pumpe. x"),
        ("** PROBLEM ** Pumpe", "", "come", "Pumpe"),
        ("OK: Pumpe", "", "go", "Pumpe"),
        ("Re: AW: gegangen: Pumpe", "> alt\n", "go", "Pumpe"),
        ("Grüße: Pumpe", "", "come", "Grüße: Pumpe"),
        ("", "Pumpe steht\nseit eben\n\n> alt", "come", "Pumpe steht. seit eben"),
    ],
)
def test_subject_and_text_say_what_it_is(subject: str, text: str, what: str, said: str) -> None:
    content = mail(subject, text).as_bytes(policy=AS_SENT)
    (found,) = report_of(parse(content), content, source="plant")
    assert (found.what, found.text, found.unreadable) == (what, said, False)


def test_the_same_subject_with_another_text_is_another_alarm() -> None:
    found = [
        report_of(parse(one), one, source="plant")[0].dedup
        for one in (mail("Alarm Anlage 1", text).as_bytes(policy=AS_SENT) for text in ("Pumpe 1", "Pumpe 2", "Pumpe 1"))
    ]
    assert found[0] == found[2] != found[1]


def test_our_own_form_may_be_mailed_and_pages_are_read_without_their_tags() -> None:
    content = mail("x", '{"point": "gas", "state": "go"}').as_bytes(policy=AS_SENT)
    (found,) = report_of(parse(content), content, source="plant")
    assert (found.point, found.what) == ("gas", "go")
    page = EmailMessage()
    page["Subject"] = "Störung: Gas"
    page.set_content("<style>p{}</style><p>Gas &gt; 20&nbsp;%</p><br>raus", subtype="html")
    content = page.as_bytes(policy=AS_SENT)
    (found,) = report_of(parse(content), content, source="plant")
    assert found.text == "Störung: Gas. Gas > 20 %. raus"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: \r\n\r\n",
        b"Subject: =?x?q?=zz?=\r\nFrom: @@<<>\r\nContent-Type: text/plain; charset=nobody\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" * 50,
        b"Content-Type: message/rfc822\r\n\r\n" * 50,
        b"Content-Type: message/rfc822\r\n\r\n" * 3000,
        b"Subject: Pumpe\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=a%d\r\n\r\n--a%d\r\n" % (n, n) for n in range(3000)),
        b"Subject: Pumpe\r\nContent-Type: text/plain; x=" + b"(" * 3000 + b"\r\n\r\nsteht",
        b"Subject: Pumpe\r\nMessage-ID: " + b"(" * 3000 + b"\r\n\r\nsteht",
        b"Content-Type: text/html\r\n\r\n<![steht]><p>Pumpe",
    ],
)
def test_no_mail_is_too_strange(content: bytes) -> None:
    for report in report_of(parse(content), content, source="plant"):
        assert report.what == "come"
        assert report.text


async def test_a_mail_that_nobody_can_read_is_an_alarm_and_does_not_come_again_for_ever(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, port):
        odd = mail("Gasmotor steht", "<p>seit <![03]> eben</p>")
        odd.replace_header("Content-Type", "text/html")
        await hand_in(port, odd)
        assert [one.text for one in town.kept.reports_] == ["Gasmotor steht. seit eben"]


def test_a_sender_that_cannot_be_read_is_nobody_who_is_listed() -> None:
    message = parse(b"From: " + b"(" * 3000 + b"\r\nSubject: x\r\n\r\ny")
    assert not senders(message, SENDER) <= {SENDER}


async def test_many_at_once_come_again(tmp_path: Path) -> None:
    async with served(tmp_path) as (town, port):
        clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(AT_ONCE)]
        for client in clients:
            await client.connect()
        with pytest.raises(aiosmtplib.SMTPException):
            await hand_in(port, mail())
        for client in clients:
            client.close()
        assert town.kept.reports_ == []
