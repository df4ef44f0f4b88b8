// What this page holds of each room: its lines, who is there, and what it has heard there.

import { kept } from './link.js';
import { Log } from './log.js';

/** Rooms that were left and whose lines are kept. */
const ROOMS_HELD = 20;
/** Rooms whose last message is remembered over a reload. */
const ROOMS_REMEMBERED = 50;
const IDS_HELD = 2_000;
/** Clocks of nodes may differ by this much, in milliseconds, before anybody speaks of disorder. */
const TOLERANCE = 100;
/** A replay may begin before what this page was there for. What is older than that by so much is not shown. */
const BEFORE = 5_000;

/** By room: the id of the last message that this page had of it, in this load or an earlier one. */
let last = new Map();
try { last = new Map(JSON.parse(kept.get('last') ?? '[]')); } catch { /* a new beginning */ }

/** By name, the room that was left last at the end. */
const rooms = new Map();

/** One room as this page knows it. */
export class Room {
  log = new Log();
  /** Whether this page wants to be in the room. */
  entered = false;
  /** Whether the node says that it is. */
  joined = false;
  /** The node has no room of this name. */
  impossible = false;
  members = 0;
  /** Who is there, by session: `{name, colour}`; null while nobody said. */
  people = null;
  /** Too many are there to be named. */
  isCrowd = false;
  /** Who types there, by session: `{name, until}`. */
  typing = new Map();
  /** Number of messages that came while the room was not looked at. */
  unread = 0;
  /** Since when, and why, this page does not hear the room: `{since, why}`; null while it does, or never did. */
  away = null;
  /** The question to the history that is under way: `{after, earlier, shown, missed}`; null while there is none. */
  asked = null;
  /** After which message something may be missing, for the history did not answer. */
  owed = '';
  owedTimer = 0;
  /** Since when the broker was away while this page waited for the room, and missed nothing that it was to hear. */
  waited = 0;
  /** Ids that are shown: a replay may begin before what is held. */
  #held = new Set();
  /** When the newest message above was sent. */
  #newest = 0;
  /** When the oldest message was sent, or when this page came, if that was earlier. */
  #begin = Infinity;

  constructor(name) {
    this.name = name;
  }

  get last() {
    return last.get(this.name) ?? '';
  }

  holds(id) {
    return this.#held.has(id);
  }

  /** This page hears the room from now on. */
  hear(now) {
    this.away = null;
    this.#begin = Math.min(this.#begin, now);
  }

  /** Whether a message was sent well before this page was here. */
  precedes(at) {
    return at < this.#begin - BEFORE;
  }

  /** Takes in a message that is shown now. Gives whether a newer one stands above it already. */
  take(id, at) {
    this.#held.add(id);
    if (this.#held.size > IDS_HELD) this.#held.delete(this.#held.values().next().value);
    last.delete(this.name);
    last.set(this.name, id);
    const late = at + TOLERANCE < this.#newest;
    this.#newest = Math.max(this.#newest, at);
    this.#begin = Math.min(this.#begin, at);
    return late;
  }

  /** This page does not hear the room any more. An absence that lasts keeps its begin. */
  leave(since, why) {
    if (this.joined || (this.away && why === 'elsewhere')) this.away = { since: this.away?.since ?? since, why };
    clearTimeout(this.owedTimer);
    Object.assign(this, { joined: false, asked: null, people: null });
    this.typing.clear();
  }
}

/** The room of this name, with what is held of it. */
export function of(name) {
  const room = rooms.get(name) ?? new Room(name);
  rooms.set(name, room);
  return room;
}

/** The room of this name, if this page is in it or wants to be. */
export function entered(name) {
  const room = rooms.get(name);
  return room?.entered ? room : null;
}

/** The rooms in which this page is or wants to be, the one entered first before all others. */
export function all() {
  return [...rooms.values()].filter((room) => room.entered);
}

/** Adds a room to those in which this page wants to be. */
export function enter(room) {
  rooms.delete(room.name);
  rooms.set(room.name, room);
  room.entered = true;
  remember();
}

/** Takes a room out of them. */
export function leave(room) {
  room.entered = false;
  room.unread = 0;
  rooms.delete(room.name);
  rooms.set(room.name, room);
  const left = [...rooms.values()].filter((one) => !one.entered);
  for (const one of left.slice(0, -ROOMS_HELD)) rooms.delete(one.name);
  remember();
}

/** The names of the rooms in which an earlier load of this page was. */
export function before() {
  try { return JSON.parse(kept.get('rooms') ?? '[]').filter((name) => typeof name === 'string'); } catch { return []; }
}

/** Keeps the rooms, and the last message of each, over a reload. */
export function remember() {
  kept.set('rooms', JSON.stringify(all().map((room) => room.name)));
  kept.set('last', JSON.stringify([...last].slice(-ROOMS_REMEMBERED)));
}
