"""`make bench`: all figures against peers and limits; ends with 1 where a target is missed."""

import asyncio
import sys

from bench import ami, desktop, names, page

if __name__ == "__main__":
    met = [
        asyncio.run(ami.measure()),
        asyncio.run(names.measure()),
        asyncio.run(desktop.measure()),
        asyncio.run(page.measure()),
    ]
    sys.exit(0 if all(met) else 1)
