// What this page holds of each room: its lines while another room is shown, and what it has heard there.

import { kept } from './link.js';

/** Rooms whose lines are kept while another room is shown. */
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
  /** The lines, while another room is shown. */
  lines = [];
  /** Since when, and why, this page does not hear the room: `{since, why}`; null while it does, or never did. */
  away = null;
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
    this.away = { since: this.away?.since ?? since, why };
  }
}

/** The room of this name, with what is held of it. */
export function enter(name) {
  const room = rooms.get(name) ?? new Room(name);
  rooms.delete(name);
  rooms.set(name, room);
  if (rooms.size > ROOMS_HELD) rooms.delete(rooms.keys().next().value);
  return room;
}

/** Keeps the last message of each room over a reload. */
export function remember() {
  kept.set('last', JSON.stringify([...last].slice(-ROOMS_REMEMBERED)));
}
