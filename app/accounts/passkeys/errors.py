"""Why a passkey was not taken, in a sentence for a person."""


class PasskeyRefused(ValueError):
    """A passkey that was not taken; the message says what to do instead."""


class PasskeyCopied(PasskeyRefused):
    """A passkey whose counter went back, so that two devices seem to have it. ``name`` is the person's own for it."""

    def __init__(self, sentence: str, user_id: str, name: str):
        super().__init__(sentence)
        self.user_id, self.name = user_id, name
