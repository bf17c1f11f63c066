"""A card becomes an entry with comparable numbers. Pure."""

from ami_bridge.contacts.model import Card, Contact, ContactNumber
from ami_bridge.numbers import Numbers

LONGEST_FIELD = 200


def contact_of(href: str, etag: str | None, card: Card | None, numbers: Numbers) -> Contact:
    """Make an entry; of what is nobody's business, no person's, or unreadable, only that it is there."""
    if card is None or card.private or card.group:
        return Contact(href=href, etag=etag)
    return Contact(
        href=href,
        etag=etag,
        uid=card.uid[:LONGEST_FIELD] if card.uid else None,
        name=card.name[:LONGEST_FIELD],
        org=card.org[:LONGEST_FIELD] if card.org else None,
        company=card.company,
        numbers=tuple(
            # What has no E.164 is kept as the digits it is, so that it needs no second reading.
            ContactNumber(tel.raw if one.e164 else one.exten or "", one.e164, one.exten, tel.kind, one.stem, one.rule)
            for tel in card.tels
            for one in numbers.written(tel.raw, company=card.company and bool(card.org))
        ),
    )
