"""Why a client's document says nothing that could be relied on."""

from enum import StrEnum


class Trouble(StrEnum):
    """What kind of trouble it is: each is told on a page of its own."""

    #: The client id is no address that a document could have here.
    ADDRESS = "address"
    #: The operator lets nothing be fetched from its host.
    DENIED = "denied"
    #: It was not fetched.
    UNREAD = "unread"
    #: It was there once, and its host says that it is not any more.
    WITHDRAWN = "withdrawn"
    #: It says what it must not say, or lacks what it must say.
    CONTENT = "content"
    #: Too many are fetched at this moment, and nothing was asked.
    BUSY = "busy"
    #: This person has asked for too many.
    TOO_MANY = "too_many"


class DocumentProblem(Exception):
    """The document cannot be relied on. ``detail`` is a sentence for whoever builds the client.

    ``seconds`` is when it may be tried again, where that is known.
    """

    def __init__(self, trouble: Trouble, detail: str, seconds: int | None = None) -> None:
        super().__init__(trouble.value)
        self.trouble, self.detail, self.seconds = trouble, detail, seconds
