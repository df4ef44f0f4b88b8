// Where the page is connected: in words, and the buttons to disconnect, to come back and to go to another node.

import { known } from './link.js';

const $ = (id) => document.getElementById(id);

/** `disconnect()`, `connect()` and `go(place)` do what the buttons say. */
export function begin({ isOpen, disconnect, connect, go }) {
  $('connection').addEventListener('click', () => (isOpen() ? disconnect() : connect()));
  $('node-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const place = read($('address').value);
    if (place === null) {
      $('address').setCustomValidity('A node has an address such as 127.0.0.1:8081');
      $('address').reportValidity();
      return;
    }
    $('places').open = false;
    go(place);
  });
  $('address').addEventListener('input', () => $('address').setCustomValidity(''));
  $('places').addEventListener('toggle', () => {
    $('known-nodes').replaceChildren(...known().map((place) => new Option('', place || location.host)));
  });
}

/** The place that somebody typed: `host:port`, '' for the node that the page came from, null if it is none. */
function read(text) {
  try {
    const { host } = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text.trim()}`);
    if (!host) return null;
    return host === location.host ? '' : host;
  } catch { return null; }
}

/** Says how things stand. `words` is a sentence on each of connection, node and bus. */
export function show(isOpen, words) {
  const label = isOpen ? 'Disconnect' : 'Connect';
  if ($('connection').textContent !== label) $('connection').textContent = label;
  if ($('standing').textContent !== words) $('standing').textContent = words;
}
