"""What a letter says: which template, and with what in it."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Letter(Struct, frozen=True):
    """One letter before it is rendered by ``templates/mail/<template>.txt`` and ``.html``, which get ``values``.

    An address of ours in it is made by ``at_issuer("/path")``, which both templates have.
    """

    subject: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
