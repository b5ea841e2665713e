"""What a person brings, and what they take out: files, archives and exports become memories, and memories a file.

A reader makes *drafts* of an upload, whatever it is; everything else (what is known already, what a preview says, what
is written) is about drafts. Whatever comes in is hostile until it is read, and precious: what is left out is named.
"""
