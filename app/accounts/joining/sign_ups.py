"""Sign-ups that wait for their letter to be answered. Nothing here looks whether an address has an account, but the letter.

So a sign-up with a known address is the same work as one with an unknown address, and leaves the same rows: only whoever
reads the mailbox learns more.
"""

from datetime import timedelta

from msgspec import Struct
from sqlalchemy import delete, select

from app import clock, credentials
from app.accounts.joining.models import SignUp
from app.accounts.models import User
from app.accounts.passwords import hash_password, verify_password
from app.accounts.users import add_user
from app.database.access import read_anew
from app.extensions import db
from app.limits.counting import Limits
from app.limits.errors import TooManyAttempts
from app.limits.networks import network_of
from app.limits.table import CHOSEN_PASSWORDS, SIGN_UP_LETTERS, SIGN_UP_PASSWORDS, SIGN_UPS
from app.mail.outbox import put_mail
from app.sentences import _

#: For so long the link of a letter works, and before a letter went out one may still go.
LIFETIME, PATIENCE = timedelta(days=1), timedelta(days=3)
#: So many wait for one address. The oldest go: more letters than that nobody has asked for.
MOST_OF_ADDRESS = 10
LETTER = "sign_up"


class SignUpOver(Exception):
    """It was confirmed, has expired, or a later letter has another link."""


class TooManyLetters(TooManyAttempts):
    """So many letters went to the address, by whoever's sign-ups, that no other goes out. Any of them will do."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.args = (
            _(
                "Many letters went to this address within an hour. Open the latest of them: its link makes your account,"
                " also with a name and a password of your own."
            ),
        )


class Own(Struct, frozen=True):
    """What somebody has chosen in place of what another typed at the sign-up."""

    name: str
    password_hash: str


def count_chosen_password(limits: Limits, address: str) -> None:
    """Count a password before it is looked at. Raises :class:`app.limits.errors.TooManyAttempts`."""
    limits.take(CHOSEN_PASSWORDS, network_of(address))


def keep_sign_up(
    limits: Limits, *, email: str, name: str, password: str, organization_name: str | None, target: str, address: str
) -> str:
    """Keep a filled-in form, whose every field is as it should be, and put its letter. The caller commits.

    Returns what the browser is to hold, by which it is known when the link is opened. ``target`` is where the person was
    going, ``address`` where the request comes from. Raises :class:`app.limits.errors.TooManyAttempts`.
    """
    limits.take(SIGN_UPS, network_of(address))
    try:
        limits.take(SIGN_UP_LETTERS, email)
    except TooManyAttempts as error:
        raise TooManyLetters(error.seconds) from None
    # Before the first statement: SQLite has one writer, who should not wait for argon2.
    password_hash = hash_password(password)
    credential = credentials.new_credential(credentials.SIGN_UP_BROWSER)
    sign_up = SignUp(
        browser_digest=credentials.digest(credential),
        email=email,
        name=name,
        password_hash=password_hash,
        organization_name=organization_name or None,
        target=target,
        expires_at=clock.now() + PATIENCE,
    )
    db.session.add(sign_up)
    db.session.flush()
    oldest = select(SignUp.id).where(SignUp.email == email).order_by(SignUp.created_at.desc(), SignUp.id)
    db.session.execute(delete(SignUp).where(SignUp.id.in_(oldest.offset(MOST_OF_ADDRESS))))
    put_mail(db.session, LETTER, to=email, sign_up_id=sign_up.id)
    return credential


def send_again(limits: Limits, sign_up: SignUp) -> None:
    """Put its letter once more. The caller commits. Raises :class:`app.limits.errors.TooManyAttempts`."""
    sign_up_id, email = sign_up.id, sign_up.email
    # What counts writes by itself, and SQLite has one writer.
    read_anew(db.session)
    limits.take(SIGN_UP_LETTERS, email)
    put_mail(db.session, LETTER, to=email, sign_up_id=sign_up_id)


def find_sign_up_of_browser(credential: str) -> SignUp | None:
    """Returns the sign-up that waits and was sent by the browser that holds this."""
    return db.session.scalar(
        select(SignUp).where(SignUp.browser_digest == credentials.digest(credential), SignUp.expires_at > clock.now())
    )


def find_sign_up(token: str) -> SignUp | None:
    """Returns the sign-up that the link of a letter is about, if it still waits."""
    return db.session.scalar(
        select(SignUp).where(SignUp.digest == credentials.digest(token), SignUp.expires_at > clock.now())
    )


def is_of_browser(sign_up: SignUp, credential: str) -> bool:
    """Returns whether it was sent by the browser that holds this."""
    return credentials.matches(credential, sign_up.browser_digest)


def is_its_password(limits: Limits, sign_up: SignUp, password: str) -> bool:
    """Returns whether this is the password that was chosen at the sign-up. What was read before is to be read anew.

    Raises :class:`app.limits.errors.TooManyAttempts`.
    """
    sign_up_id, password_hash = sign_up.id, sign_up.password_hash
    read_anew(db.session)
    limits.take(SIGN_UP_PASSWORDS, sign_up_id)
    return verify_password(password_hash, password)


def confirm_sign_up(token: str, own: Own | None = None) -> User:
    """Make the account. Returns its person. The caller commits.

    Raises :class:`SignUpOver` or :class:`app.accounts.users.EmailTaken`. With ``own``, nothing of what was typed at the
    sign-up is kept: the letter has shown whose the address is, and that is all that the sign-up was good for. Every other
    one with the address is over: whoever reads the mailbox has said which one is theirs.
    """
    sign_up = find_sign_up(token)
    if sign_up is None:
        raise SignUpOver
    chosen = own or sign_up
    user = User(
        email=sign_up.email, name=chosen.name, password_hash=chosen.password_hash, email_verified_at=clock.now()
    )
    # Of two clicks at once the second finds the address taken.
    add_user(user, sign_up.organization_name if own is None else None)
    db.session.execute(delete(SignUp).where(SignUp.email == user.email))
    return user
