"""How often somebody may fail: counted per key within a sliding time, in bounded memory. Pure."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta


class Tries:
    """A try is counted when it begins, so that guesses in parallel count too, and given back when it was honest."""

    def __init__(self, *, most: int, within: timedelta, remember: int = 10_000) -> None:
        self._most = most
        self._within = within
        self._remember = remember
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, key: str, now: datetime) -> float:
        """Return the seconds until another try is allowed; 0 when it is now."""
        times = self._times.get(key)
        while times and times[0] <= now - self._within:
            times.popleft()
        if not times or len(times) < self._most:
            return 0.0
        return (times[0] + self._within - now).total_seconds()

    def count(self, key: str, now: datetime) -> None:
        """Count a try; who was not seen for the longest is forgotten when there are too many."""
        self._times.setdefault(key, deque(maxlen=self._most)).append(now)
        self._times.move_to_end(key)
        while len(self._times) > self._remember:
            self._times.popitem(last=False)

    def give_back(self, key: str) -> None:
        """Take back the last try."""
        if times := self._times.get(key):
            times.pop()
        if not times:
            self._times.pop(key, None)

    def forgive(self, key: str) -> None:
        """Forget all tries."""
        self._times.pop(key, None)

    def __len__(self) -> int:
        return len(self._times)
