// A duplicated tab begins with a copy of all that the other one keeps. What is unsent belongs to that one: two tabs that
// say it would say it twice.

import { kept } from './link.js';

/** How long the other tab may take to speak up. */
const PATIENCE = 150;

/** This load of the page, which no other page shares. */
const self = `${Date.now()}.${Math.random()}`;

/** Whether another tab lives that this one is a copy of. A copy has a name of its own from then on. */
export async function isTwin() {
  let tab = kept.get('tab');
  if (!window.BroadcastChannel) return false;
  const channel = new BroadcastChannel('pubsub-lab.tabs');
  const found = tab !== null && await new Promise((resolve) => {
    channel.onmessage = ({ data }) => { if (data.here === tab && data.to === self) resolve(true); };
    channel.postMessage({ who: tab, from: self });
    setTimeout(() => resolve(false), PATIENCE);
  });
  if (found || tab === null) kept.set('tab', tab = self);
  channel.onmessage = ({ data }) => {
    if (data.who === tab && data.from !== self) channel.postMessage({ here: tab, to: data.from });
  };
  return found;
}
