"""What a mail server said, in words for whoever looks after this server."""

import base64
import smtplib

from app.config.smtp_url import SmtpServer

_MOST_WORDS = 200


def say_answer(told: Exception | tuple[int, bytes], server: SmtpServer) -> str:
    """Returns what the server said, or what went wrong, as one line. A server that repeats our password is not quoted."""
    if isinstance(told, smtplib.SMTPResponseException):
        said = told.smtp_error
        told = told.smtp_code, said if isinstance(said, bytes) else str(said).encode()
    if isinstance(told, tuple):
        words = f"{told[0]} {told[1].decode('utf-8', 'replace')}"
    else:
        words = getattr(told, "strerror", None) or str(told) or type(told).__name__
    if server.password:
        for secret in (server.password, in_base64(server.password), in_base64(server.plain_credentials)):
            words = words.replace(secret, "…")
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    return words[:_MOST_WORDS]


def in_base64(text: str) -> str:
    """Returns the text's UTF-8 as credentials are sent."""
    return base64.b64encode(text.encode()).decode()
