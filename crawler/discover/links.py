"""The `Link` header of a feed's answer (RFC 8288): its WebSub hub, its own address, its next page."""

from __future__ import annotations

import re

from crawler.discover.listing import Links
from storage.model import Headers

_LINK = re.compile(r"<([^<>]{1,2000})>([^<]*)")
_REL = re.compile(r"""rel\s*=\s*(?:"([^"]{0,200})"|([^\s;,]{1,200}))""", re.IGNORECASE)


def hubs_of_headers(headers: Headers, links: Links) -> tuple[str | None, str | None, str | None]:
    """Hub, own address and next page that the headers name (WebSub section 4), or None for each."""
    found: dict[str, str] = {}
    for name, value in headers:
        if name.lower() != "link":
            continue
        for target, parameters in _LINK.findall(value[:8000]):
            relation = _REL.search(parameters)
            for word in (relation[1] or relation[2]).lower().split() if relation else ():
                if word in {"hub", "self", "next"} and word not in found and (url := links.resolve(target)):
                    found[word] = url
    return found.get("hub"), found.get("self"), found.get("next")
