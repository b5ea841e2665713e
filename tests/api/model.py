"""A small model of who may see what, which knows nothing of SQL: see ``test_who_may_see_what``."""

from dataclasses import dataclass, field


@dataclass
class Model:
    """``memories``: id -> owner, source, folder. ``mementos``: id -> owner, picks (source, folder or None, memory)."""

    memories: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    mementos: dict[str, tuple[str, list]] = field(default_factory=dict)
    consents: dict[tuple[str, str], dict] = field(default_factory=dict)  # (app, person) -> selection, read, write, own
    dead: set = field(default_factory=set)  # (app, person) that are paused or revoked

    def may(self, action: str, app: str, person: str, memory_id: str) -> bool:
        consent = self.consents[app, person]
        owner, source, folder = self.memories[memory_id]
        if owner != person:
            return False
        if action == "read" and consent["selection"] == "all":
            return True
        chosen = consent[action] if consent["selection"] == "selected" else set()
        picks = [pick for memento in chosen | consent["own"] for pick in self.mementos.get(memento, ("", []))[1]]
        return any(
            memory == memory_id or (source == picked and (within is None or f"{folder}/".startswith(f"{within}/")))
            for picked, within, memory in picks
        )
