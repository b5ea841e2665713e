"""One field of a client: what it holds, who may say it, what may be wrong with it, and its words for each reader."""

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any, Final

from msgspec import Struct

from app.clients import field_problems as problems
from app.clients.kinds import Kind
from app.clients.models import Client
from app.config import Settings
from app.sentences import _

#: Who may say what a field holds: an organization's admin on a page, an operator on the command line, and the client
#: itself in JSON (:rfc:`7591#section-2`), by its registration or in its document.
ADMIN: Final = "admin"
OPERATOR: Final = "operator"
CLIENT: Final = "client"
PEOPLE: Final = frozenset({ADMIN, OPERATOR})

# The shortest lifetimes, in seconds, that leave an app time to work. The longest are the server's own.
_LEAST_ACCESS_TOKEN_LIFETIME = 60
_LEAST_REFRESH_TOKEN_LIFETIME = 60 * 60


def access_token_bounds(settings: Settings) -> tuple[int, int]:
    """Returns the least and the most seconds that a client's access tokens may live."""
    most = settings.access_token_lifetime
    return min(_LEAST_ACCESS_TOKEN_LIFETIME, most), most


def refresh_token_bounds(settings: Settings) -> tuple[int, int]:
    """Returns the least and the most seconds that its refresh tokens may live, from their last rotation."""
    most = settings.refresh_token_lifetime
    return min(_LEAST_REFRESH_TOKEN_LIFETIME, most), most


class Field(Struct, frozen=True, kw_only=True):
    """One field: what kind of value it holds, what may be wrong with it, and its name in each place.

    ``wire`` is its name in JSON, where a client may say it itself. ``column`` is the attribute of the record. A draft
    may lack what ``makes_it_work``; what ``stays`` is settled by the registration. ``lives`` is what a lifetime is of,
    and ``bounds`` the least and the most of it. ``label`` and ``help`` are for whoever fills in the form or reads what
    was filled in, ``option`` for whoever asks the command line.
    """

    kind: Kind
    find_problems: Callable[[Any], Iterable[str]] = problems.find_no_problems
    wire: str | None = None
    default: Any
    name: str = ""
    column: str = ""
    said_by: frozenset[str] = PEOPLE
    makes_it_work: bool = False
    stays: bool = False
    lives: str = ""
    label: str = ""
    help: str = ""
    option: str = ""
    bounds: Callable[[Settings], tuple[int, int]] | None = None

    def read(self, client: Client) -> Any:
        """Returns the value that the client has now."""
        return self.kind.from_column(getattr(client, self.column))

    def list_problems(self, value: Any, settings: Settings) -> Iterable[str]:
        yield from self.find_problems(value)
        if self.bounds is not None and value is not None:
            least, most = self.bounds(settings)
            if not least <= value <= most:
                yield _(
                    "%(what)s may live from %(least)s to %(most)s seconds on this server.",
                    what=self.lives,
                    least=least,
                    most=most,
                )


def has(
    default: Any, kind: Kind, find_problems: Callable[[Any], Iterable[str]] = problems.find_no_problems, **more: Any
) -> Any:
    """Returns a field of the dataclass that says what the value is."""
    # What has a name in JSON, a client may say of itself.
    said_by = more.pop("said_by", PEOPLE | {CLIENT} if "wire" in more else PEOPLE)
    says = Field(kind=kind, find_problems=find_problems, said_by=said_by, default=default, **more)
    return field(default=default, metadata={"says": says})
