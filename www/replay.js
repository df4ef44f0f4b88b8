// What a message is to this page: live or out of the history, new or seen before, in its place or late.

import * as absence from './absence.js';
import * as clock from './clock.js';
import { kept } from './link.js';
import * as log from './log.js';
import * as mine from './mine.js';

/** Number of messages of the history that somebody sees who comes for the first time. */
const EARLIER = 50;
/** A message that came so many seconds after it was sent came late. */
const LATE = 3;
/** How soon a history that did not answer is asked again. */
const HISTORY_PAUSE = 5_000;

/** The pattern keeps a history. */
let remembers = false;

export function patternIs(pattern) {
  remembers = pattern === 'amqp';
}

/** Asks for the room, and for what came after the last message that this page holds of it: the frame to send. */
export function question(room) {
  clearTimeout(room.owedTimer);
  const after = room.owed || room.last;
  // What a page shows anew after it was loaded, somebody has seen before; else a newcomer is shown the last ones.
  const earlier = !room.owed && !room.holds(after);
  room.asked = { after, earlier, shown: 0, missed: 0 };
  const frame = { type: 'subscribe', room: room.name };
  if (after) frame.after = after;
  if (earlier && remembers) frame.last = EARLIER;
  return frame;
}

/** The node has told what there is, and the page is in the room. `again()` asks the history once more. */
export function ended(room, recovered, again) {
  const { after, shown, missed } = room.asked ?? { after: '', shown: 0, missed: 0 };
  room.asked = null;
  const was = room.owed !== '';
  room.owed = remembers && after && recovered === 'none' ? after : '';
  if (room.owed) room.owedTimer = setTimeout(() => { if (room.joined) again(); }, HISTORY_PAUSE);
  // Of a room in which this page had heard nothing yet only the last ones were asked for.
  const outcome = absence.recovery(!after && missed >= EARLIER ? 'part' : recovered, missed, room.owed !== '');
  if (room.away) absence.back(room.away, outcome);
  else if (remembers && after && (missed || (was ? !room.owed : !outcome.whole))) {
    log.divider(`${outcome.text[0].toUpperCase()}${outcome.text.slice(1)}.`, outcome.whole ? 'info' : 'warning');
  } else if (shown) log.divider(`you came at ${clock.hour(clock.now())}`);
  room.hear(clock.now());
}

/** Takes in a message; gives its line, or null if it is not shown. */
export function take(room, { id, from, colour, text, sent_at: at, replay }) {
  const { asked } = room;
  const copy = room.holds(id);
  if (replay && asked) {
    // Messages before the one that was asked for may be told again: they may have come in another order elsewhere.
    const before = asked.after ? !asked.passed : !(room.away && at >= room.away.since);
    if (id === asked.after) asked.passed = true;
    if (copy || (before && !asked.earlier && room.precedes(at))) return null;
    introduce(room, before);
  } else if (copy && replay) return null;
  const disorder = room.take(id, at);
  const [session, ...rest] = id.split('.');
  const me = kept.get('self');
  const echo = !me || me === session ? mine.seen(rest.join('.'), at) : null;
  if (echo) kept.set('self', session);
  const line = echo ?? log.message({ from, colour, text, at, own: session === kept.get('self'), replay });
  remark(room, line, { copy, disorder, at, replay });
  log.append(line);
  return line;
}

/** Whether a message that was just taken in is one that nobody can have read before. */
export function isNews({ asked }, { replay }) {
  return !(replay && asked?.earlier && !asked.passed);
}

/** Says once what the messages of a replay are: `old` ones are from before this page came, or were shown before. */
function introduce({ asked, away }, old) {
  if (old && asked.earlier) {
    if (!asked.shown) log.divider('earlier messages');
    asked.shown += 1;
    return;
  }
  if (!asked.missed) log.divider(away?.why === 'elsewhere' ? 'while you were elsewhere' : 'while you were away');
  asked.missed += 1;
}

/** Says under a message how it came, if it did not come as it should. */
function remark({ asked }, line, { copy, disorder, at, replay }) {
  const remarks = [];
  if (copy) remarks.push('came a second time');
  if (!asked || !replay) {
    const seconds = clock.age(at);
    if (seconds >= LATE) remarks.push(`came ${Math.round(seconds)} s late`);
    if (replay) remarks.push('out of the history');
  }
  if (disorder && !(replay && asked?.earlier)) remarks.push('out of order');
  if (remarks.length) log.note(line, copy ? 'copy' : 'late', remarks.join(', '));
}
