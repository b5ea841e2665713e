"""How long what people are told is kept."""

from datetime import timedelta

#: Seen or not.
NOTICES_LAST = timedelta(days=90)
#: A place is forgotten, with the name that it was given, so long after the last sign-in there.
PLACES_LAST = timedelta(days=400)
