"""What is forgotten is in no file any more."""

import asyncio
from pathlib import Path

from ami_bridge.contacts.model import Contact
from ami_bridge.contacts.store import Changes, ContactStore
from tests.empty import empty_database


async def test_names_of_a_deleted_card_or_book_are_in_no_file(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "bridge.sqlite") as db:
        store = ContactStore(db)
        anna, zoe, ida = (Contact(href=f"/{name}", name=name) for name in ("Anna Amsel", "Zoe Zaunkönig", "Ida Igel"))
        await store.keep(Changes(path="stadt", label="Stadt", scope="shared", contacts=[anna, zoe]))
        await store.keep(Changes(path="other", label="Other", scope="shared", contacts=[ida]))
        await store.keep(Changes(path="stadt", label="Stadt", scope="shared", deleted=["/Zoe Zaunkönig"]))
        await store.keep_only(["stadt"])
        octets = await asyncio.to_thread(
            lambda: b"".join(file.read_bytes() for file in tmp_path.glob("bridge.sqlite*"))
        )
    assert b"Anna Amsel" in octets
    assert b"Zoe" not in octets
    assert b"Ida" not in octets
