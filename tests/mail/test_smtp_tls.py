"""Letters travel unread: TLS from the first byte, or STARTTLS, and to nobody whose certificate is not trusted."""

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app import clock
from app.config.smtp_url import read_smtp_url
from app.extensions import db
from app.mail.models import OutgoingMail, State
from app.mail.outbox import put_mail
from app.mail.sending import send_due
from app.mail.smtp import Patience, SmtpCarrier
from tests.mail.servers import Behaviour, mail_server

_SHORT = Patience(connection=5, answer=5, before_end=10, after_end=5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file; it vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "mail.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def trusted(monkeypatch, certificate) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def context(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _send(app, url: str) -> OutgoingMail:
    with app.app_context():
        put_mail(db.session, "trial", to="ada@example.com")
        db.session.commit()
    send_due(app, SmtpCarrier(app.extensions["services"].settings, read_smtp_url(url), _SHORT))
    with app.app_context():
        return db.session.query(OutgoingMail).one()


def test_tls_from_the_first_byte(app, context, trusted):
    behaviour = Behaviour()
    with mail_server(
        behaviour, ssl_context=context, authenticator=behaviour.authenticate, auth_require_tls=False
    ) as port:
        row = _send(app, f"smtps://user:p%C3%A4ssword%2F@127.0.0.1:{port}")
    assert (row.state, row.says) == (State.SENT, "250 kept as 1234")
    assert behaviour.signed_in == [(b"user", "pässword/".encode())]


def test_starttls_and_only_then_the_password(app, context, trusted):
    behaviour = Behaviour()
    options = {"tls_context": context, "require_starttls": True, "authenticator": behaviour.authenticate}
    with mail_server(behaviour, **options) as port:
        row = _send(app, f"smtp+starttls://user:p%C3%A4ssword%2F@127.0.0.1:{port}")
    assert row.state == State.SENT
    assert behaviour.recipients == ["ada@example.com"] and len(behaviour.signed_in) == 1


def test_starttls_is_taken_where_it_is_offered(app, context, trusted, monkeypatch):
    """As with a server on another machine; on this one there is nobody in between."""
    monkeypatch.setattr("app.config.smtp_url._LOOPBACK", ())
    behaviour = Behaviour()
    with mail_server(behaviour, tls_context=context, require_starttls=True) as port:
        assert _send(app, f"smtp://127.0.0.1:{port}").state == State.SENT


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_is_not_trusted_gets_nothing(app, context, scheme):
    behaviour = Behaviour()
    options = {"ssl_context": context} if scheme == "smtps" else {"tls_context": context}
    with mail_server(behaviour, **options, authenticator=behaviour.authenticate, auth_require_tls=False) as port:
        row = _send(app, f"{scheme}://user:p%C3%A4ssword%2F@127.0.0.1:{port}")
    assert row.state == State.WAITING
    assert "has a certificate that is not trusted: self-signed certificate" in row.says
    assert behaviour.kept == behaviour.signed_in == []
