"""Every read that an app has, beside what the model says must come back."""

from typing import TYPE_CHECKING, Any

from app.consents.resources import API
from tests.walks.credentials import Access
from tests.walks.model import READ, SOURCES

if TYPE_CHECKING:
    from tests.walks.made import Made

_TEXT_SIZE = len("word")


def compare(world: "Made", access: Access, seed: int, *, is_short: bool = False) -> None:
    """Ask all that the token may be used for; ``seed`` says about which single memory and memento."""
    look = _compare_api if access.family.resource == API else _compare_tools
    look(world, access, seed, is_short)


def compare_credentials(world: "Made") -> None:
    """Try every access token, refresh token and code that was ever issued, each of them dead or alive."""
    compare_accesses(world, world.credentials.accesses)
    for refresh in list(world.credentials.refreshes):
        world.refresh(refresh)
    for code in list(world.credentials.codes):
        world.redeem(code)
    # What was issued a second ago is dead if the family is.
    compare_accesses(world, world.credentials.accesses[-10:])


def compare_accesses(world: "Made", accesses: list[Access]) -> None:
    """Whether each access token works, by the resource it is for and by introspection."""
    for access in accesses:
        works = world.credentials.works(access, world.clock.at)
        integrator = world.integrator(access.family.consent.slot)
        if access.family.resource == API:
            assert (integrator.me(access.value).status_code == 200) == works
        else:
            assert (world.call_tool(access, "list_mementos").status_code == 200) == works
        if integrator.client_secret is not None:
            assert integrator.introspect(access.value).json["active"] == works


def _compare_api(world: "Made", access: Access, seed: int, is_short: bool) -> None:
    model, consent, held = world.model, access.family.consent, access.held
    works = world.credentials.works(access, world.clock.at)

    def get(path: str, scope: str | None = None, **query: Any) -> Any:
        answer = world.call(access, "GET", path, query_string=query)
        expected = 401 if not works else 403 if scope is not None and scope not in held else 200
        assert answer.status_code == expected, (path, expected, answer.text)
        return answer.json if expected == 200 else None

    readable = model.list_readable(consent)
    listed = get("memories/", READ, limit=100)
    if listed is not None:
        assert [one["id"] for one in listed["data"]] == readable
    if not works:
        return
    _compare_one(world, access, seed, readable)
    if is_short:
        return
    mementos = get("mementos/")
    told = {one["id"]: (one["actions"], one["memory_count"]) for one in mementos["data"]}
    assert told == model.tell_mementos(consent, held)
    assert {one["id"]: one["memory_count"] for one in mementos["made"]} == world.tell_made(access)
    assert mementos["selection"] == (consent.selection if any("memories:" in one for one in held) else "none")
    sources = get("integrations/", SOURCES)
    if sources is not None:
        counts = model.count_sources(consent)
        assert {one["id"]: one["memory_count"] for one in sources["data"]} == counts
        sizes = {one["id"]: one["document_stats"]["total_size"] for one in sources["data"]}
        assert sizes == {id: count * _TEXT_SIZE for id, count in counts.items()}
    if READ in held:
        _compare_searches(world, access, seed, readable)


def _compare_one(world: "Made", access: Access, seed: int, readable: list[str]) -> None:
    """One memory by its id, under each of its names: any of anybody's."""
    ids = list(world.model.memories)
    for number, id in enumerate([ids[seed % len(ids)], ids[seed * 7 % len(ids)]] if ids else ()):
        expected = 403 if READ not in access.held else 200 if id in readable else 404
        for path in (f"memories/{id}/", f"documents/{id}/contents/")[number:][:1]:
            assert world.call(access, "GET", path).status_code == expected, (path, expected)


def _compare_searches(world: "Made", access: Access, seed: int, readable: list[str]) -> None:
    model, consent = world.model, access.family.consent
    found = world.call(access, "GET", "memories/", query_string={"q": "word", "limit": 100}).json["data"]
    assert sorted(one["id"] for one in found) == sorted(readable)
    paged, cursor = [], None
    while True:
        query = {"limit": 1 + seed % 7} | ({"cursor": cursor} if cursor else {})
        page = world.call(access, "GET", "memories/", query_string=query).json
        paged += [one["id"] for one in page["data"]]
        if not (cursor := page["next_cursor"]):
            break
    assert paged == readable
    documents = world.call(access, "GET", "documents/", query_string={"page_size": 1000}).json
    assert (documents["count"], [one["id"] for one in documents["results"]]) == (len(readable), readable)
    asked = {"query": "word", "n_chunks": 100}
    for answer in (
        world.call(access, "GET", "documents/search/", query_string={"q": "word", "n": 100}),
        world.call(access, "POST", "documents/agentic_search/", json=asked),
    ):
        assert sorted(one["document"]["id"] for one in answer.json["matched_chunks"]) == sorted(readable)
        assert sum(one["documents"] for one in answer.json["data_sources"]) == len(readable)
    mementos = list(model.mementos)
    if mementos:
        # One that the app was not given tells nothing, not even about memories that it reaches otherwise.
        memento = mementos[seed % len(mementos)]
        within = [id for id in readable if memento in model.windows(consent) and model.holds(memento, id)]
        narrowed = world.call(access, "GET", "memories/", query_string={"memento": memento, "limit": 100}).json["data"]
        assert [one["id"] for one in narrowed] == within


def _compare_tools(world: "Made", access: Access, seed: int, is_short: bool) -> None:
    model, consent, held = world.model, access.family.consent, access.held
    works = world.credentials.works(access, world.clock.at)

    def ask(tool: str, **arguments: Any) -> Any:
        answer = world.call_tool(access, tool, **arguments)
        expected = 401 if not works else 403 if READ not in held and tool != "list_mementos" else 200
        assert answer.status_code == expected, (tool, expected, answer.text)
        return answer.json["result"] if expected == 200 else None

    readable = model.list_readable(consent)
    listed = ask("search_memories", limit=100)
    if listed is not None:
        assert [one["id"] for one in listed["structuredContent"]["data"]] == readable
    if not works or is_short:
        return
    found = ask("search_memories", query="word", limit=100)
    if found is not None:
        assert sorted(one["id"] for one in found["structuredContent"]["data"]) == sorted(readable)
    ids = list(model.memories)
    if ids and READ in held:
        id = ids[seed % len(ids)]
        assert ask("get_memory", id=id)["isError"] == (id not in readable)
    told = ask("list_mementos")["structuredContent"]["data"]
    expected = model.tell_mementos(consent, held)
    assert {one["id"]: (one["actions"], one["memory_count"]) for one in told} == expected
