"""Which hosts may have different people below them: the Public Suffix List, also its private part (``github.io``)."""

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList


@cache
def _list() -> PublicSuffixList:
    # As it comes with the package. Read when it is first needed: it takes a tenth of a second and 2 MB.
    return PublicSuffixList()


@lru_cache(maxsize=1024)
def site_of(host: str) -> str | None:
    """Returns the shortest name at or above a host whose owner owns the host too.

    None for a public suffix, below which anybody may have a name; a single label is one. Hosts are in their ASCII form,
    in small letters.
    """
    site: str | None = _list().privatesuffix(host)
    return site
