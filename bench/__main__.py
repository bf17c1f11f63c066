"""`make bench`: all figures against peers and limits; ends with 1 where a target is missed."""

import asyncio
import sys

from bench.ami import measure

if __name__ == "__main__":
    sys.exit(0 if asyncio.run(measure()) else 1)
