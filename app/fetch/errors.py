"""Why something was not fetched, and what is said of it to a person."""

from enum import StrEnum

from app.sentences import _


class Why(StrEnum):
    """What went wrong; the value is what logs and metrics call it."""

    # -- refused before anything is looked up
    BAD_ADDRESS = "bad_address"
    OWN_HOST = "own_host"
    HOST_NOT_ALLOWED = "host_not_allowed"
    BUSY = "busy"
    # -- on the way
    UNKNOWN_HOST = "unknown_host"
    LOOKUP_FAILED = "lookup_failed"
    NOT_PUBLIC = "not_public"
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad_certificate"
    TIMEOUT = "timeout"
    # -- the answer
    REDIRECT = "redirect"
    GONE = "gone"
    BAD_STATUS = "bad_status"
    SERVER_ERROR = "server_error"
    BAD_ANSWER = "bad_answer"
    ENCODED = "encoded"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    BAD_JSON = "bad_json"


#: The host may be well again in a moment: what was fetched before still counts.
_PASSING = (Why.BUSY, Why.LOOKUP_FAILED, Why.UNREACHABLE, Why.TIMEOUT, Why.SERVER_ERROR)

# A host that has no address and one that has none for us are told in the same words: whoever asks must not learn which
# names our own network knows.
_NO_PUBLIC_ADDRESS = _("Its host has no address on the public internet.")

#: why -> a sentence for a person, whose subject is what was to be fetched.
SENTENCES = {
    Why.BAD_ADDRESS: _(
        "Its address is not one that we fetch from: https, a host with a dot in it, no port, no fragment."
    ),
    Why.OWN_HOST: _("Its address lies on this server itself."),
    Why.HOST_NOT_ALLOWED: _("Whoever runs this server does not let it ask that host."),
    Why.BUSY: _("We are asking other hosts just now. Try again in a moment."),
    Why.UNKNOWN_HOST: _NO_PUBLIC_ADDRESS,
    Why.LOOKUP_FAILED: _("The address of its host could not be looked up just now."),
    Why.NOT_PUBLIC: _NO_PUBLIC_ADDRESS,
    Why.UNREACHABLE: _("Its host could not be reached."),
    Why.BAD_CERTIFICATE: _("Its host could not prove by a certificate that it is that host."),
    Why.TIMEOUT: _("Its host did not answer in time."),
    Why.REDIRECT: _("Its host sent us on to another address, which we do not follow."),
    Why.GONE: _("Its host says that there is nothing at that address."),
    Why.BAD_STATUS: _("Its host did not hand it out."),
    Why.SERVER_ERROR: _("Its host has a problem of its own just now."),
    Why.BAD_ANSWER: _("Its host answered in a way that is no HTTP."),
    Why.ENCODED: _("Its host sent it compressed, which we did not ask for."),
    Why.WRONG_TYPE: _("Its host says that it is of another kind than it must be."),
    Why.TOO_LARGE: _("It is too large."),
    Why.BAD_JSON: _("It is not one JSON object that every reader reads alike."),
}


class FetchFailed(Exception):
    """Nothing was fetched; ``why`` says for which reason. ``host`` is the host that was to be asked, once it is known.

    ``detail`` is for the log alone: it holds nothing that the host or the address said.
    """

    def __init__(self, why: Why, host: str = "", detail: str = "") -> None:
        super().__init__(why.value)
        self.why, self.host, self.detail = why, host, detail

    @property
    def sentence(self) -> str:
        """What a person is told. The same for hosts that do not exist and hosts that are not public."""
        return SENTENCES[self.why]

    @property
    def is_gone(self) -> bool:
        """Whether the host says that there is nothing (404, 410): what was fetched before is withdrawn."""
        return self.why is Why.GONE

    @property
    def is_passing(self) -> bool:
        """Whether it may be well again in a moment, as after a timeout or a 5xx: what was fetched before still counts."""
        return self.why in _PASSING


class FetchBusy(FetchFailed):
    """As many fetches as this process makes at once are under way; nothing was asked, and nobody waited."""

    #: How long a fetch takes at most, in seconds.
    retry_after = 3

    def __init__(self, host: str = "") -> None:
        super().__init__(Why.BUSY, host)
