/** What time it is at the daemon, so that durations are right on a computer whose own clock is not. */

let ahead = null; // milliseconds by which this computer's clock is in front

/**
 * Take the time of a message that has just come. Of all messages the one that travelled fastest tells best,
 * and a replayed one looks slow: hence the smallest difference.
 */
export function learn(time) {
  const difference = Date.now() - Date.parse(time);
  if (!Number.isNaN(difference) && (ahead === null || difference < ahead)) ahead = difference;
}

export function now() {
  return Date.now() - (ahead ?? 0);
}
