// What this page says about times in which it may have missed something.

import * as clock from './clock.js';
import * as log from './log.js';

/** How long two frames may be apart that tell of one outage: `bus` and `gap` come in either order. */
const TOGETHER = 5_000;

/** What became of what was said meanwhile, as the middle of a sentence; and whether all of it is here. */
export function recovery(recovered, caughtUp, owed) {
  const whole = recovered === 'all';
  if (whole && !caughtUp) return { whole, text: 'nothing was missed' };
  if (whole) return { whole, text: caughtUp === 1 ? 'one message came meanwhile' : `${caughtUp} messages came meanwhile` };
  if (recovered === 'part') return { whole, text: 'a part of what was missed is shown' };
  if (owed) return { whole, text: 'the history does not answer, and will be asked again' };
  return { whole, text: 'what was said meanwhile is not shown' };
}

/** The line for a page that hears its room again. */
export function back({ since, why }, { whole, text }) {
  const now = clock.now();
  const seconds = Math.round((now - since) / 1_000);
  const line = {
    elsewhere: `You were elsewhere from ${clock.span(since, now)}; ${text}.`,
    aside: `The browser had put this page aside from ${clock.span(since, now)}; ${text}.`,
    closed: `You had closed the connection from ${clock.span(since, now)}; ${text}.`,
    moved: `You are at another node now. The change took ${clock.length(now - since)}; ${text}.`,
  }[why] ?? `Back${seconds > 0 ? ` after ${seconds} s` : ''}; ${text}.`;
  log.divider(line, whole ? 'info' : 'warning');
}

/** The last line about the broker in this room: `{line, at, since, until, gap}`. */
const outage = () => log.current().outage;
const recent = () => outage()?.line.parentElement && Date.now() - outage().at < TOGETHER;

/** The node has its broker again, which was away since then. */
export function brokerBack(since) {
  const until = clock.now();
  if (recent() && outage().gap) return;
  const line = log.divider(`no broker from ${clock.span(since, until)}`, 'warning');
  log.current().outage = { line, at: Date.now(), since, until };
}

/** Messages of this room may not have reached the node since then. */
export function gap(since, reason) {
  const until = clock.now();
  if (recent() && !outage().gap) {
    outage().gap = true;
    const times = clock.span(Math.min(since, outage().since), outage().until);
    log.word(outage().line, `no broker from ${times}: what was said then may be missing`);
    return;
  }
  const line = log.divider(`from ${clock.span(since, until)} messages may be missing: ${reason}`, 'warning');
  log.current().outage = { line, at: Date.now(), since, until, gap: true };
}
