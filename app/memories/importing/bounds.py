"""How much somebody may bring at once. What lies beyond is named, and what is within comes in."""

_MB = 1024 * 1024

#: Bytes of an upload, and of what it unpacks to.
MOST_BYTES = 50 * _MB
MOST_UNPACKED = 1024 * _MB
#: Files of an archive, those of archives in it included.
MOST_ENTRIES = 10_000
#: Folders above a file.
DEEPEST = 8
#: A file that unpacks to more than a megabyte, and to more than so many times its size, is a trap.
MOST_RATIO, RATIO_FROM = 100, _MB
#: Bytes of one Markdown or text file.
LARGEST_NOTE = 8 * _MB
#: Bytes of one conversation, and how many brackets, commas and texts it may be made of: each takes memory.
LARGEST_ITEM, MOST_TOKENS = 5 * _MB, 500_000
#: Characters of a YAML heading that is read.
LONGEST_HEADING = 16 * 1024

#: What a memory may hold; a longer text becomes several.
LONGEST_TEXT, LONGEST_TITLE, LONGEST_FOLDER = 100_000, 300, 500
MOST_TAGS, LONGEST_TAG = 20, 60
#: Sources, folders and single memories that a memento is brought with.
MOST_PICKS = 10_000
#: Memories of one upload, and things in it that are left out.
MOST_MEMORIES = 50_000
