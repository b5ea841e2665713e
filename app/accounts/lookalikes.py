"""Names that a person takes for each other: of apps, and of the organizations that stand behind them."""

import re
from functools import lru_cache

from app.folding import fold

# Pairs of a letter, as it is folded, and the Latin one that it looks like: Cyrillic, Greek, Armenian, digits.
_LOOKS_LIKE = {
    ord(letter): latin
    for letter, latin in (
        pair.split("=")
        for pair in (
            "\u0430=a \u0432=b \u0433=r \u0435=e \u0438=n \u043a=k \u043c=m \u043d=h \u043e=o \u043f=n \u0440=p"
            " \u0441=c \u0442=t \u0443=y \u0445=x \u0455=s \u0456=i \u0458=j \u04bb=h \u04cf=i \u0501=d \u051b=q \u051d=w"
            " \u03b1=a \u03b2=b \u03b5=e \u03b7=n \u03b9=i \u03ba=k \u03bd=v \u03bf=o \u03c1=p \u03c3=o \u03c4=t \u03c5=u"
            " \u03c7=x \u03c9=w \u0578=n \u057d=u \u0585=o \u0570=h \u0566=q \u0581=g"
            " 0=o 1=i 3=e 5=s 8=b l=i"
        ).split()
    )
}
_SPELLED_OUT = re.compile(r"\u2039U\+([0-9A-F]{4,5})\u203a")
# Two letters that are read as one.
_READ_AS_ONE = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# What a copy adds, and what says nothing of who it is.
_SAYS_NOTHING = frozenset(("app", "for", "inc", "llc", "ltd", "my", "official", "the"))
# What somebody adds who would like to be taken for whoever runs a site.
_OFFICE = re.compile("accounts?|admin|administration|desk|help|helpdesk|security|services?|staff|support|team")


def looks_like_site(name: str, site_name: str) -> bool:
    """Returns whether people could take the name for that of the site itself, or of those who look after it."""
    plain = " ".join(run for run in fold(name) if not _OFFICE.fullmatch(run))
    return as_seen_at_a_glance(site_name) in (as_seen_at_a_glance(name), as_seen_at_a_glance(plain))


@lru_cache(maxsize=10_000)
def as_seen_at_a_glance(name: str) -> str:
    """Returns what is equal for names that a person takes for each other, whatever alphabet they are written in."""
    # A letter of another alphabet among Latin ones is spelled out where the name is read from the database.
    runs = fold(_SPELLED_OUT.sub(lambda found: chr(int(found[1], 16)), name))
    text = "".join([run for run in runs if run not in _SAYS_NOTHING] or runs)
    for letters, one in _READ_AS_ONE:
        text = text.replace(letters, one)
    return text.translate(_LOOKS_LIKE) or name
