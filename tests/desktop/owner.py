"""A program in which something is marked: owns PRIMARY of an X screen and hands it over well, badly or not at all.

`python -m tests.desktop.owner KIND TEXT`; says "ready" when it owns it.
"""

import sys

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol import event
from Xlib.protocol.event import SelectionRequest

PIECE = 200_000


def main(kind: str, text: str) -> None:
    display = Display()
    window = display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    window.set_selection_owner(Xatom.PRIMARY, X.CurrentTime)
    display.sync()
    print("ready", flush=True)
    while True:
        asked = display.next_event()
        if isinstance(asked, SelectionRequest) and kind != "hangs":
            name = display.get_atom_name(asked.target)
            hand_over(display, asked, kind, text, name)


def hand_over(display: Display, asked: SelectionRequest, kind: str, text: str, name: str) -> None:
    done = asked.property
    match kind:
        case "utf8" if name == "UTF8_STRING":
            asked.requestor.change_property(done, asked.target, 8, text.encode())
        case "latin" if name == "STRING":
            asked.requestor.change_property(done, asked.target, 8, text.encode("latin-1"))
        case "promises":  # INCR: as much as that is coming, piece by piece
            asked.requestor.change_property(done, display.intern_atom("INCR"), 32, [50_000_000])
        case "floods":
            asked.requestor.change_property(done, asked.target, 8, text.encode() * (PIECE // len(text)))
        case "picture":
            asked.requestor.change_property(done, display.intern_atom("image/png"), 8, b"\x89PNG")
        case _:
            done = X.NONE
    told = event.SelectionNotify(
        time=asked.time, requestor=asked.requestor, selection=asked.selection, target=asked.target, property=done
    )
    asked.requestor.send_event(told)
    display.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
