"""Names of some contacts, packed: what is read at the start, many at a time, instead of their rows. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from ami_bridge.contacts.index import KIND_BITS, KIND_CODES, OTHER, Index, is_no_stem
from ami_bridge.contacts.model import Contact, ContactNumber, StemRule, clean

PACKED_AS = 2
"""Number of this form; whatever is packed otherwise is packed anew from the rows."""
IN_A_PART = 512
"""Ids of contacts; so much can be packed or read without anybody noticing."""
RULES: tuple[StemRule, ...] = ("head", "extension", "bare")


class Part(Struct, array_like=True):
    """Columns, because they are read faster than rows. A hit is a contact's place here and the kind of the number."""

    ids: list[int] = []
    names: list[str] = []
    orgs: list[str] = []
    keys: list[int] = []
    hits: list[int] = []
    short: list[str] = []
    short_hits: list[int] = []
    stems: list[int] = []
    stem_hits: list[int] = []
    stem_rules: list[int] = []


_DECODER = msgspec.msgpack.Decoder(Part)
_ENCODER = msgspec.msgpack.Encoder()


def pack(contacts: Iterable[Contact]) -> bytes:
    """Pack contacts; those without a number or a name are left out."""
    part = Part()
    houses: dict[tuple[int, str, bool], tuple[int, StemRule]] = {}
    for contact in contacts:
        if not contact.numbers:
            continue
        org = clean(contact.org)
        name = clean(contact.name) or org
        if not name:
            continue
        place = len(part.ids)
        part.ids.append(contact.id)
        part.names.append(name)
        part.orgs.append(org)
        for number in contact.numbers:
            hit = place << KIND_BITS | KIND_CODES.get(number.kind, OTHER)
            if number.e164:
                part.keys.append(int(number.e164))
                part.hits.append(hit)
                if number.stem and org:
                    _note(houses, number, org.casefold(), hit)
            elif number.exten:
                part.short.append(number.exten)
                part.short_hits.append(hit)
    for (stem, _, _), (hit, rule) in houses.items():
        part.stems.append(stem)
        part.stem_hits.append(hit)
        part.stem_rules.append(RULES.index(rule))
    return _ENCODER.encode(part)


def _note(houses: dict[tuple[int, str, bool], tuple[int, StemRule]], number: ContactNumber, org: str, hit: int) -> None:
    """Note what is said of a house, once; of two extensions of one house the stem is sure, as in the index."""
    if is_no_stem(hit):
        return
    key = (number.stem, org, number.rule == "bare")
    before = houses.get(key)
    if before is None or (number.rule == "head" and before[1] == "extension"):
        houses[key] = (hit, number.rule)
    elif number.rule == before[1] == "extension" and before[0] >> KIND_BITS != hit >> KIND_BITS:
        houses[key] = (before[0], "head")


def unpack(data: bytes, index: Index, source: str) -> None:
    """Put what was packed into an index."""
    part = _DECODER.decode(data)
    first = index.entries(part.ids, part.names, part.orgs, source)
    index.numbers(part.keys, part.hits, first)
    for short, hit in zip(part.short, part.short_hits, strict=True):
        index.short(short, hit + first)
    for stem, hit, rule in zip(part.stems, part.stem_hits, part.stem_rules, strict=True):
        index.stem(stem, hit + first, RULES[rule])
