"""A browser's ``User-Agent``, in words. A guess, for a person to recognise their own devices by."""

import re

from app.sentences import _

# The first that is found decides: most browsers claim to be several others too.
_BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/|\bOpera\b"),
    (_("Samsung Internet"), r"\bSamsungBrowser/"),
    ("Vivaldi", r"\bVivaldi/"),
    ("DuckDuckGo", r"\bDuckDuckGo/|\bDdg/"),
    ("Firefox", r"\bFirefox/|\bFxiOS/"),
    ("Chrome", r"\bChrome/|\bCriOS/|\bHeadlessChrome/|\bChromium/"),
    ("Safari", r"\bSafari/"),
    ("curl", r"^curl/"),
)
_SYSTEMS = (
    (_("an iPhone"), r"\biPhone\b|\biPod\b"),
    (_("an iPad"), r"\biPad\b"),
    (_("an Android phone"), r"\bAndroid\b.*\bMobile\b"),
    (_("an Android tablet"), r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    (_("a Mac"), r"\bMacintosh\b|\bMac OS X\b"),
    (_("a Chromebook"), r"\bCrOS\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)


def describe_device(user_agent: str) -> str:
    """Returns a name such as “Firefox on Windows”; what is not recognised is left out, or “An unknown browser”."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s", browser=browser, system=system)
    if system:
        return _("A browser on %(system)s", system=system)
    return browser or _("An unknown browser")


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for name, pattern in names if re.search(pattern, user_agent)), None)
