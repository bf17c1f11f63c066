"""Addresses that servers give us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge.dav.href import path_of, redirected

BASE = "https://gw.example/dav/"


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/dav/book/", "/dav/book/"),
        ("book/", "/dav/book/"),
        ("https://gw.example/dav/a.vcf", "/dav/a.vcf"),
        ("https://GW.example:443/dav/a.vcf", "/dav/a.vcf"),
        (" /dav/M%c3%bcller@x.vcf ", "/dav/M%C3%BCller@x.vcf"),
        ("/dav/Müller%40x.vcf", "/dav/M%C3%BCller@x.vcf"),
        ("/dav/a%2Fb.vcf", "/dav/a%2Fb.vcf"),
        ("/dav/a b%20c+d", "/dav/a%20b%20c%2Bd"),
        ("https://evil.example/dav/a.vcf", None),
        ("//evil.example/a", None),
        ("http://gw.example/dav/a.vcf", None),
        ("https://gw.example:444/", None),
        ("https://gw.example@evil.example/", None),
        ("file:///etc/passwd", None),
        ("/dav/%00", None),
        ("/dav/%ff", None),
        ("/dav/%2e%2e/x", None),
        ("https://[", None),
        ("/" + "a" * 3_000, None),
    ],
)
def test_one_spelling_and_no_other_host(href: str, path: str | None) -> None:
    assert path_of(href, BASE) == path


@given(st.text())
def test_any_href_is_a_path_or_nothing(href: str) -> None:
    path = path_of(href, BASE)
    assert path is None or (path.startswith("/") and path.isascii() and path_of(path, BASE) == path)


@pytest.mark.parametrize(
    ("base", "location", "target"),
    [
        ("https://a.example/x", "/y", "https://a.example/y"),
        ("https://a.example/x", "https://a.example:443/y", "https://a.example:443/y"),
        ("http://a.example:8080/x", "https://a.example/y", "https://a.example/y"),
        ("https://a.example/x", "http://a.example/y", None),
        ("https://a.example/x", "https://b.example/y", None),
        ("https://a.example/x", "https://a.example:8443/y", None),
        ("http://a.example/x", "https://a.example:8443/y", None),
        ("https://a.example/x", "https://[", None),
        ("https://a.example/x", "javascript:alert(1)", None),
    ],
)
def test_where_a_redirect_may_lead(base: str, location: str, target: str | None) -> None:
    assert redirected(base, location) == target
