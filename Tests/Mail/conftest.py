"""Mail against a real SMTP server: aiosmtpd in this process, `mail-probe` (Tests/Support/MailProbe) as the sender."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email
import email.policy
import email.utils
import json
import pathlib
import ssl
from collections.abc import AsyncIterator, Callable
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PROBE = pathlib.Path(__file__).resolve().parents[2] / ".build/debug/mail-probe"
USER, PASSWORD = "hutong", "秘密-secret"


class Mailbox:
    """A handler of aiosmtpd: keeps what came, and answers as the test wants."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.connections = 0
        self.mechanisms: list[str] = []
        self.sender_answer = "250 OK"
        self.recipient_answers: dict[str, str] = {}
        self.data_answer = "250 2.0.0 queued as 42"

    async def handle_MAIL(self, server, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.sender_answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self.sender_answer

    async def handle_RCPT(self, server, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.recipient_answers.get(address, "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("2"):
            self.envelopes.append(envelope)
        return self.data_answer

    def authenticate(self, server, session: Session, envelope: Envelope, mechanism: str, data) -> AuthResult:
        self.mechanisms.append(mechanism)
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    def message(self) -> EmailMessage:
        (envelope,) = self.envelopes
        return email.message_from_bytes(envelope.content, policy=email.policy.default)

    def recipient(self) -> tuple[str, str]:
        """Name and address in `To`. Python's newer parser puts spaces between the encoded words of a name."""
        (envelope,) = self.envelopes
        name, address = email.utils.parseaddr(email.message_from_bytes(envelope.content)["To"])
        return str(make_header(decode_header(name))), address


class Certificate:
    """A self-made certificate for `localhost`."""

    def __init__(self, folder: pathlib.Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        (folder / "certificate.pem").write_text(self.pem)
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("certificate"))


@contextlib.asynccontextmanager
async def listening(make: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free port."""
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def smtp_server(mailbox: Mailbox, tls: ssl.SSLContext | None = None, **options) -> AsyncIterator[int]:
    def make() -> SMTP:
        mailbox.connections += 1
        return SMTP(mailbox, hostname="mail.example", loop=asyncio.get_running_loop(), **options)

    async with listening(make, tls) as port:
        yield port


async def send(port: int, **order) -> dict:
    """What came of sending a message like this one."""
    order = {
        "host": "localhost",
        "port": port,
        "security": "none",
        "timeoutSeconds": 10,
        "from": {"mailbox": "hutong@example.com", "name": "会议助手"},
        "to": [{"mailbox": "zhang.san@example.com", "name": "张三"}],
        "subject": "周会",
        "plainText": "你好\n",
    } | order
    process = await asyncio.create_subprocess_exec(
        PROBE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaints = await asyncio.wait_for(process.communicate(json.dumps(order).encode()), 60)
    assert process.returncode == 0, complaints.decode()
    assert PASSWORD not in (output + complaints).decode()
    return json.loads(output)
