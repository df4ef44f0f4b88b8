// The node's clock, and times in words. The times in frames are the node's, and the clock of a phone may be minutes off.

/** A difference below this is no difference: the head of an HTTP answer tells the time in whole seconds. */
const SAME = 1_500;

/** By how much the node's clock is ahead of this machine's, in milliseconds; null as long as nobody knows. */
let ahead = null;

/** Asks the node for its time. */
export async function measure() {
  const asked = Date.now();
  try {
    const answer = await fetch(new URL('healthz', document.baseURI), { cache: 'no-store' });
    const told = Date.parse(answer.headers.get('date')) + 500;
    if (Number.isNaN(told)) return;
    const difference = told - (asked + Date.now()) / 2;
    ahead = Math.abs(difference) < SAME ? 0 : difference;
  } catch { /* the node is away, and the link says so */ }
}

/** The node's time now, in Unix milliseconds. */
export function now() {
  return Date.now() + (ahead ?? 0);
}

/** How many seconds ago this moment of the node's clock was; null if nobody knows. */
export function age(at) {
  return ahead === null || !Number.isFinite(at) ? null : (now() - at) / 1_000;
}

/** A moment, to the second. */
export function hour(at) {
  return new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** A time between two moments: `12:01:05 to 12:01:09 (4 s)`. */
export function span(from, to) {
  return `${hour(from)} to ${hour(to)} (${length(to - from)})`;
}

/** A length of time, in milliseconds: `0.2 s`, `4 s`, `3 min`. */
export function length(ms) {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 1) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
