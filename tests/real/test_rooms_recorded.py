"""A conference is recorded: all are told, its moderator listens to it afterwards, and nobody else."""

import asyncio
from pathlib import Path

from ami_bridge.demo.phones import OutsidePhone, Phone
from tests.real.house import House
from tests.real.test_names_on_phones import manager
from tests.real.test_rooms import dials_in, forgive, wish
from tests.real.test_rooms_heard import HEARD, NOT_HEARD, NUMBERS, SPEECH, call_in, heard, prompt, speak, until_in
from tests.sound import find_though_cut, read, spoken


async def test_what_is_said_while_it_is_recorded_is_in_the_file(house: House, tmp_path: Path) -> None:
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish(people=[{"login": "ben"}]))
    number = room["number"]
    assert room["can_record"]

    async def written(files: int) -> bool:
        return len([*house.pbx.recordings_folder.glob(f"conf-{number}-*")]) == files

    assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 409, "nobody is there"
    async with (
        house.listen("anna", topics=[f"room:{number}"]) as seen,
        Phone(house.pbx, "101", record=True) as anna,
        OutsidePhone(house.pbx, NUMBERS[0], record=True) as guest,
        OutsidePhone(house.pbx, NUMBERS[1], record=True) as late,
    ):
        await dials_in(anna, number, room["my_pin"], number=number)
        await call_in(guest, number, room["guest_pin"])
        await until_in(house, number, 2)
        await asyncio.sleep(3)
        await speak(guest, SPEECH[0])
        assert (await house.rest("ben", "POST", f"/rooms/{number}/record"))[0] == 403
        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 204
        await seen.until(lambda one: one.get("room", {}).get("recorded") is True, within=10)
        await house.pbx.until(lambda: written(1), "nothing is recorded", 10)
        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 409, "it is already"
        await speak(guest, SPEECH[1])
        mark = len(seen.heard)
        await call_in(late, number, room["guest_pin"])
        await seen.until(lambda one: len(one.get("room", {}).get("participants", ())) == 3, after=mark, within=20)
        await asyncio.sleep(5)  # until all know who came: two who speak at once are not told apart
        assert (await house.rest("anna", "POST", f"/rooms/{number}/stop"))[0] == 204
        await seen.until(lambda one: one.get("room", {}).get("recorded") is False, after=mark)
        await asyncio.sleep(3)
        await speak(guest, SPEECH[2])
        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 204
        await house.pbx.until(lambda: written(2), "nothing is recorded", 10)
        for phone in (anna, guest, late):
            await phone.hangup()
        await house.pbx.quiet()  # with the last the recorder goes too
        for phone in (anna, guest, late):
            assert heard(phone, prompt("room-recorded")) >= HEARD, "all were told"
        assert heard(guest, prompt("room-recording-ends")) >= HEARD
    _, listed = await house.rest("anna", "GET", "/recordings")
    ids = [one["id"] for one in listed["recordings"] if one["room"] == number]
    assert len(ids) == 2
    headers = {"Authorization": f"Bearer {house.tokens['anna']}"}
    async with house.session.get(f"{house.web}/api/v1/recordings/{ids[-1]}", headers=headers) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
        (tmp_path / "it.wav").write_bytes(await answer.read())
    file = read(tmp_path / "it.wav")
    scores = [round(find_though_cut(spoken(read(one)), file), 3) for one in SPEECH[:3]]
    print(f"in the file, before, while and after it was recorded: {scores}")
    assert scores[1] >= HEARD
    assert max(scores[0], scores[2]) < NOT_HEARD
    for somebody in ("ben", "eva"):
        assert (await house.rest(somebody, "GET", f"/recordings/{ids[-1]}"))[0] == 404
    for one in ids:
        assert (await house.rest("anna", "DELETE", f"/recordings/{one}"))[0] == 204
    assert await audited(house, number) == [("anna", "erase"), ("anna", "erase"), ("anna", "listen")]
    assert not list(house.pbx.recordings_folder.glob(f"conf-{number}-*"))
    await house.rest("anna", "POST", f"/rooms/{number}/end")


async def audited(house: House, number: str) -> list[tuple[str, str]]:
    """Say what an auditor reads about the recordings of a room, the newest first."""
    entries = (await house.ask("GET", "/audit", query={"user": "carla"}))["entries"]
    return [(one["who"], one["did"]) for one in entries if one["whose"] == f"conference {number}"]


async def test_what_is_booked_to_be_recorded_can_be_stopped_and_does_not_begin_again(house: House) -> None:
    """It begins with the second who comes, by the PBX alone; who comes after the stop is neither told nor recorded."""
    await forgive(house)
    _, room = await house.rest("anna", "POST", "/rooms", wish(recording=True))
    number, pin = room["number"], room["guest_pin"]
    folder = house.pbx.recordings_folder

    async def written() -> bool:
        return len([*folder.glob(f"conf-{number}-*")]) == 1

    def told(said: bytearray) -> list[str]:
        """Say who has heard by themselves that it is recorded."""
        found = []
        for block in said.decode(errors="replace").split("\r\n\r\n"):
            fields = dict(line.partition(": ")[::2] for line in block.split("\r\n"))
            if fields.get("Application") == "Playback" and fields["AppData"].endswith("/room-recorded"):
                found.append(fields["CallerIDNum"])
        return found

    async with (
        manager(house.pbx) as said,
        house.listen("anna", topics=[f"room:{number}"]) as seen,
        Phone(house.pbx, "101") as anna,
        Phone(house.pbx, "102") as ben,
        OutsidePhone(house.pbx, NUMBERS[0]) as late,
    ):
        await dials_in(anna, number, room["my_pin"], number=number)
        await until_in(house, number, 1)
        assert (await house.rest("anna", "POST", f"/rooms/{number}/stop"))[0] == 409, "one alone is not recorded"
        await dials_in(ben, number, pin, number=number)
        mark = await seen.until(lambda one: one.get("room", {}).get("recorded") is True, within=20)
        await house.pbx.until(written, "nothing is recorded", 10)
        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 409, "it is already"
        assert (await house.rest("anna", "POST", f"/rooms/{number}/stop"))[0] == 204
        mark = await seen.until(lambda one: one.get("room", {}).get("recorded") is False, after=mark)
        await call_in(late, number, pin)
        await until_in(house, number, 3)
        assert told(said) == ["101", "102"]
        assert await written(), "who came later is not recorded"

        assert (await house.rest("anna", "POST", f"/rooms/{number}/record"))[0] == 204, "it may be wished for again"
        await seen.until(lambda one: one.get("room", {}).get("recorded") is True, after=mark)
        config = "--config", str(house.folder / "config.toml")
        assert await house.command("room", "stop", number, *config) == (0, "no longer recorded\n")
        code, answer = await house.command("room", "stop", number, *config)
        assert code != 0, answer
        assert (await house.rest("anna", "POST", f"/rooms/{number}/end"))[0] == 204
    await house.pbx.quiet()
    assert f"CONFREC_{number}=\n" in (known := await house.pbx.cli("dialplan show globals")) + "\n"
    assert f"CONFRECOVER_{number}=1" not in known, "the next conference is recorded again"
    for one in folder.glob(f"conf-{number}-*"):
        one.unlink()
