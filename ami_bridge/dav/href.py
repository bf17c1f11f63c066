"""Addresses within a DAV server: one spelling for each resource, and none that leads to another host. Pure."""

from urllib.parse import quote, unquote, urljoin, urlsplit

PORTS = {"http": 80, "https": 443}
LONGEST = 2_000


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises ValueError for one that is not http or https."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in PORTS or not parts.hostname:
        raise ValueError("not an address of http or https")
    return scheme, parts.hostname.lower(), parts.port or PORTS[scheme]


def path_of(href: str, base: str) -> str | None:
    """Give the path that `href`, found at `base`, leads to; None where it leads to another host or nowhere.

    Servers write whole addresses or paths, and percent-encode differently from one answer to the next.
    """
    if len(href) > LONGEST:
        return None
    try:
        target = urljoin(base, href.strip())
        if origin_of(target) != origin_of(base):
            return None
        path = urlsplit(target).path or "/"
        plain = "/".join(quote(unquote(part, errors="strict"), safe="@") for part in path.split("/"))
    except ValueError:
        return None
    return None if "%00" in plain or "/../" in f"{plain}/" else plain


def redirected(base: str, location: str) -> str | None:
    """Give the address a redirect leads to, if we may follow: the same host, and never from https back to http."""
    try:
        target = urljoin(base, location)
        (scheme, host, port), (to_scheme, to_host, to_port) = origin_of(base), origin_of(target)
    except ValueError:
        return None
    same = (scheme, host, port) == (to_scheme, to_host, to_port)
    raised = (scheme, to_scheme) == ("http", "https") and host == to_host and to_port == PORTS["https"]
    return target if same or raised else None
