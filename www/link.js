// The connection to a node: says hello, continues the session of this tab, and comes back by itself.

const DIALECT = 'pubsub-lab.v1';
const OPEN_TIMEOUT = 5_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** A connection that lived so long was a good one: the next pause is the first again. */
const GOOD_AFTER = 5_000;
/** How long a connection that another one follows is heard out: what it has under way comes by it. */
const LAST_WORDS = 2_000;
/** What a connection says of itself before it brings what is said in its room. */
const EARLY_WORDS = new Set(['welcome', 'session', 'bus', 'subscribed']);
/** What a connection that another one follows may still bring: messages, and answers to what was sent by it. */
const LATE_WORDS = new Set(['message', 'ack', 'refused', 'unknown']);

/** What this tab keeps over a reload. A browser may forbid it; then nothing is kept. */
export const kept = {
  get(key) {
    try { return sessionStorage.getItem(`pubsub-lab.${key}`); } catch { return null; }
  },
  set(key, value) {
    try { sessionStorage.setItem(`pubsub-lab.${key}`, value); } catch { /* not kept */ }
  },
};

export class Link {
  #onFrame;
  #onState;
  #socket = null;
  #opened = 0;
  #attempt = 0;
  /** Number of connections in a row that never opened. */
  #refused = 0;
  #timer = 0;
  /** The connection that is to follow this one, while it opens: `{socket, timer}`. */
  #next = null;
  /** The connection before, which says its last words: `{socket, timer}`. */
  #former = null;
  /** The token of the session that the node of this connection could not look up; null if it could. */
  #holds = null;

  /**
   * `onFrame(frame)` gets what the node says. `onState(state)` gets `{is: 'connecting'}`, `{is: 'open'}`,
   * `{is: 'closed'}` or `{is: 'waiting', until, why, refused}`: closed, and tried again at that moment; so many
   * connections in a row never opened.
   */
  constructor(onFrame, onState) {
    this.#onFrame = onFrame;
    this.#onState = onState;
    // A machine that finds its network again need not wait for the pause to end.
    addEventListener('online', () => { if (!this.#socket) this.open(); });
  }

  open() {
    clearTimeout(this.#timer);
    this.#opened = 0;
    this.#holds = null;
    // Relative to the page, which may live under a path of a proxy.
    const url = new URL('ws', document.baseURI);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url, DIALECT);
    this.#socket = socket;
    this.#onState({ is: 'connecting' });
    // A host that answers nothing would otherwise keep the browser waiting for minutes.
    this.#timer = setTimeout(() => this.#lost(socket, ''), OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#opened = Date.now();
      this.#refused = 0;
      greet(socket);
      this.#onState({ is: 'open' });
    };
    this.#listen(socket);
  }

  /**
   * Goes over to a new connection, in this room, without missing what is said meanwhile: the old one is heard until the
   * new one is in the room. `onFrame` gets the new one's `welcome` and `subscribed` with `renewed: true`, when it is.
   * `failed({code, reason})` is called if there is no new one; the old one stays then.
   */
  renew(room, failed) {
    this.#abandon();
    const socket = new WebSocket(this.#socket.url, DIALECT);
    const giveUp = (error) => {
      this.#abandon();
      failed(error);
    };
    const timer = setTimeout(() => giveUp({}), OPEN_TIMEOUT);
    this.#next = { socket, timer };
    const first = [];
    socket.onopen = () => greet(socket);
    socket.onclose = () => giveUp({});
    socket.onmessage = ({ data }) => {
      const frame = read(data);
      if (frame?.type === 'error') giveUp(frame);
      else if (EARLY_WORDS.has(frame?.type)) first.push(frame);
      if (frame?.type === 'welcome') socket.send(JSON.stringify({ type: 'subscribe', room }));
      if (frame?.type === 'subscribed') this.#goOver(socket, first);
    };
  }

  #goOver(socket, frames) {
    clearTimeout(this.#next.timer);
    this.#next = null;
    this.#dismiss();
    const former = this.#socket;
    this.#former = { socket: former, timer: setTimeout(() => this.#dismiss(), LAST_WORDS) };
    former.onclose = null;
    // Of what the room says, the new connection brings all from now on.
    former.onmessage = ({ data }) => {
      const frame = read(data);
      if (frame && LATE_WORDS.has(frame.type)) this.#onFrame(frame);
    };
    this.#socket = socket;
    this.#opened = Date.now();
    this.#listen(socket);
    for (const frame of frames) this.#take({ ...frame, renewed: true });
  }

  /** Whether a new connection is about to follow. */
  get isOpening() {
    return this.#next !== null;
  }

  /** Whether a new connection is about to follow, or has just done so: a message may come by both. */
  get isRenewing() {
    return this.#next !== null || this.#former !== null;
  }

  #listen(socket) {
    socket.onmessage = ({ data }) => {
      const frame = read(data);
      if (frame) this.#take(frame);
    };
    socket.onclose = (event) => this.#lost(socket, event.reason);
  }

  #abandon() {
    if (!this.#next) return;
    clearTimeout(this.#next.timer);
    close(this.#next.socket);
    this.#next = null;
  }

  #dismiss() {
    if (!this.#former) return;
    clearTimeout(this.#former.timer);
    close(this.#former.socket);
    this.#former = null;
  }

  /** Whether the frame went into the socket. That it arrives is another matter. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connects anew at once. */
  restart() {
    this.#leave();
    this.#attempt = 0;
    this.open();
  }

  /** Closes the connection, until it is opened again. */
  close() {
    this.#leave();
    this.#attempt = 0;
    this.#onState({ is: 'closed' });
  }

  #take(frame) {
    if (frame.type === 'error' && frame.code === 'bad_session') kept.set('session', '');
    // The node cannot look up who this tab is: what it was called before is good again later.
    if (frame.type === 'error' && frame.code === 'sessions_away') this.#holds = kept.get('session');
    if (frame.type === 'welcome' || frame.type === 'session') {
      if (!this.#holds) kept.set('session', frame.session);
    }
    this.#onFrame(frame);
  }

  #lost(socket, why) {
    if (socket !== this.#socket) return;
    this.#leave();
    if (!this.#opened) this.#refused += 1;
    if (this.#opened && Date.now() - this.#opened > GOOD_AFTER) this.#attempt = 0;
    // Jitter: pages that lost the same node do not all come back in the same moment.
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#attempt) * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#onState({ is: 'waiting', until: Date.now() + pause, why, refused: this.#refused });
  }

  #leave() {
    clearTimeout(this.#timer);
    this.#abandon();
    this.#dismiss();
    if (this.#socket) close(this.#socket);
    this.#socket = null;
  }
}

/**
 * Says who this tab is: the first frame of a connection. The page enters its one room by itself, because it names the last
 * message that it holds of it; in others it would be counted without showing them.
 */
function greet(socket) {
  const hello = { type: 'hello', rooms: false };
  if (kept.get('name')) hello.name = kept.get('name');
  if (kept.get('session')) hello.session = kept.get('session');
  socket.send(JSON.stringify(hello));
}

function read(data) {
  try { return JSON.parse(data); } catch { return null; }
}

function close(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}
