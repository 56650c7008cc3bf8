// The event stream, once per page: who listens, and since when what is shown is old.
//
//   connecting ──open──▶ live ──error, or silence that a probe does not explain──▶ stale ──▶ tries again, for ever

const SILENCE_MS = 20000; // the server beats every 15 s, but a page does not see that: so it asks
const listeners = [];
const link = document.getElementById("link");
const banner = document.getElementById("stale");
let source = null;
let proven = Date.now();
let stale = false;
let tries = 0;
let retry = 0;

/** Calls `snapshot(data, first)` and `delta(data)`; either may be left out. */
export function listen(listener) {
  listeners.push(listener);
  if (link && source === null) connect();
}

function connect() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource("/api/v1/events");
  source.addEventListener("open", alive);
  source.addEventListener("snapshot", (event) => tell("snapshot", event));
  source.addEventListener("delta", (event) => tell("delta", event));
  source.addEventListener("error", () => {
    lost();
    if (source.readyState === EventSource.CLOSED) again();
  });
}

function again() {
  tries += 1;
  clearTimeout(retry);
  retry = setTimeout(connect, Math.min(500 * 2 ** tries, 10000));
}

function tell(kind, event) {
  alive();
  const data = JSON.parse(event.data);
  for (const listener of listeners) listener[kind]?.(data);
}

function alive() {
  proven = Date.now();
  if (!stale && link.dataset.link === "live") return;
  stale = false;
  tries = 0;
  show("live", "Live");
  banner.hidden = true;
  document.body.classList.remove("is-stale");
}

function lost() {
  if (stale) return;
  stale = true;
  show("stale", "Not live");
  const since = new Date(proven).toLocaleTimeString();
  banner.textContent = `No connection since ${since}. What is shown is from then; it may be different now. Trying again.`;
  banner.hidden = false;
  document.body.classList.add("is-stale");
}

function show(state, word) {
  link.dataset.link = state;
  link.querySelector(".word").textContent = word;
}

async function probe() {
  if (Date.now() - proven < SILENCE_MS && !stale) return;
  try {
    const answer = await fetch("/api/v1/version", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    if (!stale) proven = Date.now();
    else if (source.readyState === EventSource.CLOSED) connect();
  } catch {
    lost();
  }
}

if (link) {
  setInterval(probe, 5000);
  addEventListener("online", connect);
  addEventListener("offline", lost);
}
