// Parts of a page that are fetched anew when the records behind them change: the templates stay the one place that
// says how things look. The answer is parsed as an inert document; nothing in it runs.

import { localise } from "./wording.js";

const PAUSE_MS = 400;
let timer = 0;
let running = false;
let wanted = false;
const after = [];

/** Called with nothing after each exchange of regions. */
export function onExchange(call) {
  after.push(call);
}

/** Soon, and at most every PAUSE_MS however often it is asked for. */
export function refresh() {
  wanted = true;
  if (!running && !timer) timer = setTimeout(exchange, PAUSE_MS / 4);
}

async function exchange() {
  timer = 0;
  wanted = false;
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/login") location.assign(answer.url);
    if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // no connection: live.js says so, and the next snapshot asks again
  } finally {
    running = false;
    if (wanted) timer = setTimeout(exchange, PAUSE_MS);
  }
}

function replace(fresh) {
  localise(fresh);
  for (const region of document.querySelectorAll("[data-region]")) {
    const other = fresh.getElementById(region.id);
    if (!other || same(region, other)) continue;
    const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
    for (const open of region.querySelectorAll("details[open][id]")) {
      other.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    region.replaceWith(document.adoptNode(other));
    if (focused) (document.getElementById(focused) ?? document.getElementById("main")).focus();
  }
  for (const call of after) call();
}

/** Alike but for what is live in it: an opened <details>, a remaining time. */
function same(now, fresh) {
  const [a, b] = [now.cloneNode(true), fresh.cloneNode(true)];
  for (const copy of [a, b]) {
    for (const open of copy.querySelectorAll("details")) open.removeAttribute("open");
    for (const live of copy.querySelectorAll("[data-say=eta], output")) live.textContent = "";
  }
  return a.isEqualNode(b);
}
