// The connection to a node: says hello, continues the session of this tab, and comes back by itself.

const DIALECT = 'pubsub-lab.v1';
const OPEN_TIMEOUT = 5_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** A connection that lived so long was a good one: the next pause is the first again. */
const GOOD_AFTER = 5_000;
/** After so many connections in a row that never opened another node is tried, if the page knows one. */
const STAYS_AWAY = 3;
/** Nodes that the page remembers. */
const NODES = 20;

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
  /** Somebody closed the connection, and it stays so until somebody opens it. */
  #isClosed = false;
  /** Where the node is: `host:port`, or '' for the node that the page came from. */
  #place = kept.get('place') ?? '';
  /** The token of the session that the node of this connection could not look up; null if it could. */
  #holds = null;

  /**
   * `onFrame(frame)` gets what the node says. `onState(state)` gets `{is: 'connecting'}`, `{is: 'open'}`,
   * `{is: 'closed'}` or `{is: 'waiting', until, why, refused, moves}`: closed, and tried again at that moment, at
   * another node if it `moves`; so many connections in a row never opened.
   */
  constructor(onFrame, onState) {
    this.#onFrame = onFrame;
    this.#onState = onState;
    // A machine that finds its network again need not wait for the pause to end.
    addEventListener('online', () => { if (!this.#socket && !this.#isClosed) this.open(); });
  }

  open() {
    clearTimeout(this.#timer);
    this.#opened = 0;
    this.#isClosed = false;
    this.#holds = null;
    const socket = new WebSocket(address(this.#place), DIALECT);
    this.#socket = socket;
    this.#onState({ is: 'connecting' });
    // A host that answers nothing would otherwise keep the browser waiting for minutes.
    this.#timer = setTimeout(() => this.#lost(socket, ''), OPEN_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#opened = Date.now();
      this.#refused = 0;
      remember(this.#place);
      greet(socket);
      this.#onState({ is: 'open' });
    };
    this.#listen(socket);
  }

  #listen(socket) {
    socket.onmessage = ({ data }) => {
      const frame = read(data);
      if (frame) this.#take(frame);
    };
    socket.onclose = (event) => this.#lost(socket, event.reason);
  }

  /** Whether the frame went into the socket. That it arrives is another matter. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Where the node is: `host:port`, or '' for the node that the page came from. */
  get place() {
    return this.#place;
  }

  /** Goes to another node at once: `host:port`, or '' for the node that the page came from. */
  moveTo(place) {
    this.#place = place;
    kept.set('place', place);
    this.#refused = 0;
    this.restart();
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
    this.#isClosed = true;
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
    const others = known().filter((place) => place !== this.#place);
    const moves = this.#refused > 0 && this.#refused % STAYS_AWAY === 0 && others.length > 0;
    if (moves) {
      // Of several, another one each time.
      this.#place = others[(this.#refused / STAYS_AWAY - 1) % others.length];
      kept.set('place', this.#place);
    }
    if (this.#opened && Date.now() - this.#opened > GOOD_AFTER) this.#attempt = 0;
    // Jitter: pages that lost the same node do not all come back in the same moment.
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#attempt) * (0.5 + Math.random() / 2);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.open(), pause);
    this.#onState({ is: 'waiting', until: Date.now() + pause, why, refused: this.#refused, moves });
  }

  #leave() {
    clearTimeout(this.#timer);
    if (this.#socket) close(this.#socket);
    this.#socket = null;
  }
}

/** The nodes to which this tab was connected, and the one that the page came from. */
export function known() {
  try { return ['', ...JSON.parse(kept.get('nodes') ?? '[]')]; } catch { return ['']; }
}

function remember(place) {
  const places = known().filter((one) => one && one !== place);
  if (place) places.push(place);
  kept.set('nodes', JSON.stringify(places.slice(-NODES)));
}

/** The URL of a node's WebSocket. */
function address(place) {
  // Relative to the page, which may live under a path of a proxy.
  const url = place ? new URL(`${location.protocol}//${place}/ws`) : new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  // A token that came with the page's address goes on to nodes of the same host, and to no other.
  const token = new URLSearchParams(location.search).get('access_token');
  if (token && url.hostname === location.hostname) url.searchParams.set('access_token', token);
  return url;
}

/**
 * Says who this tab is: the first frame of a connection. The page enters its rooms by itself, because it names the last
 * message that it holds of each.
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
