"""Speech made fit for telephones by a process beside the daemon, for it is a second of arithmetic."""

import asyncio
import os
import sys

from ami_bridge.errors import NotReachableError
from ami_bridge.sound.voice import for_telephones

WITHIN = 15.0
POLITE = 10
"""What rings now comes first."""


async def made_apart(spoken: bytes) -> bytes:
    """Return what `for_telephones` does, by another process: a thread takes turns with the loop, and calls would wait.

    Raises NotReachableError.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise NotReachableError("speech cannot be made fit for telephones") from error
    try:
        async with asyncio.timeout(WITHIN):
            made, _ = await process.communicate(spoken)
    except TimeoutError as error:
        raise NotReachableError("speech was not made fit for telephones in time") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not made:
        raise NotReachableError("the voice made no sound")
    return made


if __name__ == "__main__":
    os.nice(POLITE)
    try:
        sys.stdout.buffer.write(for_telephones(sys.stdin.buffer.read()))
    except NotReachableError as error:
        sys.exit(str(error))
