// The connection to a node: says hello, continues the session of this tab, and comes back by itself.

const DIALECT = 'pubsub-lab.v1';
const OPEN_TIMEOUT = 5_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;
/** A connection that lived so long was a good one: the next pause is the first again. */
const GOOD_AFTER = 5_000;

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
      const hello = { type: 'hello' };
      if (kept.get('name')) hello.name = kept.get('name');
      if (kept.get('session')) hello.session = kept.get('session');
      socket.send(JSON.stringify(hello));
      this.#onState({ is: 'open' });
    };
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => this.#lost(socket, event.reason);
  }

  /** Whether the frame went into the socket. That it arrives is another matter. */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Connects anew at once: a name can only be told at the beginning. */
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

  #received(data) {
    let frame;
    try { frame = JSON.parse(data); } catch { return; }
    if (frame.type === 'welcome') kept.set('session', frame.session);
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
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }
}
