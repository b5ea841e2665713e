"""The screens on which a person decides about a waiting request: as whom, through which mementos, and whether at all."""
