// Why no connection opens: a browser does not tell a page how the server answered its WebSocket.

const CAUSES = 'A proxy on the way may not pass on `Upgrade`, `Connection` or `Host`; or the node is full; or it '
  + 'wants a token: then open this page with `?access_token=TOKEN` at the end of its address.';

/** Asks by plain HTTP who is there. Gives a sentence, or '' if nobody is. */
export async function diagnosis() {
  const answer = await fetch(new URL('healthz', document.baseURI), { cache: 'no-store' }).catch(() => null);
  if (!answer) return '';
  if (answer.ok) {
    return `The node answers, but refuses the WebSocket: see its log for \`turned away\`. ${CAUSES}`;
  }
  return `The server answers with status ${answer.status}, and opens no WebSocket. If it is a proxy, the node behind `
    + 'it may be away; if it is a node, see its log for `turned away`.';
}
