// Whispers: how they are addressed in the box, and how they look.

import * as log from './log.js';
import { kept } from './link.js';

/** Ids of whispers that were shown: one that comes a second time is not shown again. */
const SHOWN = 500;
const shown = new Set();

/** The words before a whisper's text that name its addressee. */
export function addressed(to) {
  return /\s/.test(to) ? `@"${to}" ` : `@${to} `;
}

/**
 * To whom a text is, if it begins with `@`: `{to, text}`, or null if it is for the room. `people` are those who are known, by
 * session: names may have spaces, so the longest name that fits is meant.
 */
export function read(text, people) {
  if (!text.startsWith('@')) return null;
  const quoted = /^@"([^"]+)"\s+([\s\S]+)$/.exec(text);
  if (quoted) return { to: quoted[1], text: quoted[2] };
  const names = [...people.values()].map(({ name }) => name).sort((one, other) => other.length - one.length);
  for (const name of names) {
    if (text.startsWith(`@${name}`) && /^\s+\S/.test(text.slice(name.length + 1))) {
      return { to: name, text: text.slice(name.length + 1).trimStart() };
    }
  }
  const word = /^@(\S+)\s+([\s\S]+)$/.exec(text);
  return word && { to: word[1], text: word[2] };
}

/** Shows a whisper; gives its line, or null if it is shown already. */
export function received({ id, from, from_id: fromId, to, to_id: toId, colour, text, sent_at: at }, echoOf) {
  if (shown.has(id)) return null;
  shown.add(id);
  if (shown.size > SHOWN) shown.delete(shown.values().next().value);
  const own = fromId === kept.get('self');
  const echo = own ? echoOf(id.slice(fromId.length + 1), at) : null;
  const aside = !own ? 'to you alone' : fromId === toId ? 'to yourself' : `to ${to} alone`;
  const line = echo ?? log.message({ from, colour, text, at, own, aside });
  line.classList.add('whisper');
  log.append(line);
  return line;
}
