// The rack page: one handler for all slots. A delta marks cells; the next frame writes those that look different.
//
// Of cells out of sight only state and verdict are written, the rest when they come into sight. A frame that took long
// is followed by a longer pause: a slow screen shows a thousand slots less often, and never stands still.

import { listen } from "./live.js";
import { onExchange, refresh } from "./regions.js";
import { left, say, words } from "./wording.js";

const TROUBLE = new Set(["unknown", "stuck", "conflict", "quarantined"]);
const STATES = { 2: "running", 3: "paused", [-1]: "unknown" };
const ENDED = 4; // and above
const cells = new Map();
const slots = new Map();
const jobs = new Map();
const dirty = new Set();
const PAUSES = 2; // times as long as the frame took
let frame = 0;
let until = 0;
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const id = Number(target.dataset.slot);
    const cell = cells.get(id);
    if (cell) cell.seen = isIntersecting;
    if (isIntersecting) dirty.add(id);
  }
  mark([]);
}, { rootMargin: "25%" });

take();
onExchange(() => { take(); mark(slots.keys()); });
listen({ snapshot, delta });
setInterval(() => { for (const [id, cell] of cells) if (cell.eta && cell.job) mark([id]); }, 1000);

/** The cells as the server drew them, and what it knows of jobs that have ended. */
function take() {
  cells.clear();
  sight.disconnect();
  for (const element of document.querySelectorAll(".cell")) {
    const find = (name) => element.querySelector(`.${name}`);
    const { slot, running, last, lastWhat, lastWhy, serial } = element.dataset;
    cells.set(Number(slot), {
      element,
      seen: false,
      state: element.dataset.state,
      verdict: element.dataset.verdict,
      job: running ? Number(running) : null,
      last: last ? { verdict: last, what: lastWhat, why: lastWhy, serial } : null,
      eta: "",
      parts: {
        label: find("label"), state: find("state").lastChild, found: find("found").lastChild, percent: find("percent"),
        what: find("what"), eta: find("eta"), model: find("model"), serial: find("serial"),
        heat: find("heat"), bar: element.lastElementChild,
      },
      progress: element.lastElementChild.value,
    });
    sight.observe(element);
  }
}

function snapshot(data) {
  slots.clear();
  jobs.clear();
  for (const slot of data.slots) slots.set(slot.id, slot);
  for (const job of data.jobs) jobs.set(job.id, job);
  const missed = [...cells].some(([id, cell]) => cell.job !== null && slots.get(id)?.job !== cell.job);
  if (missed || slots.size !== cells.size) refresh(); // a job ended unseen, or the rack file changed
  mark(slots.keys());
}

function delta(data) {
  for (const slot of data.slots) {
    slots.set(slot.id, slot);
    if (!cells.has(slot.id)) refresh();
    dirty.add(slot.id);
  }
  for (const job of data.jobs) {
    if (job.status < ENDED) jobs.set(job.id, job);
    else end(job);
    dirty.add(job.slot_id);
  }
  for (const [id, progress, eta] of data.progress) {
    const job = jobs.get(id);
    if (!job) continue;
    job.progress = progress;
    job.eta = eta ?? null;
    dirty.add(job.slot_id);
  }
  mark([]);
}

function end(job) {
  jobs.delete(job.id);
  const verdict = found(job);
  const cell = cells.get(job.slot_id);
  if (!cell || !verdict || job.parent_id !== null || !job.drive) return;
  cell.last = { verdict, what: words(job.name), why: job.error ? words(job.error.code) : "", serial: job.drive.serial };
}

function found(job) {
  if (job.error) return job.error.code === "job_cancelled" ? "cancelled" : "no-answer";
  return job.verdict?.status ?? "";
}

function mark(ids) {
  for (const id of ids) dirty.add(id);
  if (frame || !dirty.size) return;
  frame = 1;
  setTimeout(() => requestAnimationFrame(draw), Math.max(0, until - performance.now()));
}

function draw() {
  const began = performance.now();
  let recount = false;
  for (const id of dirty) {
    const cell = cells.get(id);
    const slot = slots.get(id);
    if (cell && slot) recount = write(cell, slot) || recount;
  }
  dirty.clear();
  if (recount) count();
  setTimeout(() => { // after layout and paint
    const now = performance.now();
    until = now + PAUSES * (now - began);
    frame = 0;
    mark([]);
  });
}

/** As faces.py says it. Returns whether a count may have changed. */
function write(cell, slot) {
  const { element, parts } = cell;
  const job = slot.job === null ? null : jobs.get(slot.job) ?? null;
  const trouble = TROUBLE.has(slot.state);
  const last = cell.last && slot.drive && cell.last.serial === slot.drive.serial ? cell.last : null;
  const state = trouble || (slot.state === "empty" && !job) ? slot.state : job ? STATES[job.status] ?? "waiting" : "ready";
  const verdict = !job && last ? last.verdict : "";
  const changed = state !== cell.state || verdict !== cell.verdict;
  if (changed) {
    cell.state = element.dataset.state = state;
    cell.verdict = element.dataset.verdict = verdict;
    say(parts.state, words(state));
    say(parts.found, words(verdict));
  }
  cell.job = job?.id ?? null;
  if (!cell.seen) return changed;
  const progress = Math.max(job?.progress ?? 0, 0);
  if (progress !== cell.progress) cell.progress = parts.bar.value = progress;
  say(parts.percent, job && job.progress >= 0 ? `${job.progress} %` : "");
  if (parts.what) {
    say(parts.label, slot.label);
    say(parts.what, trouble ? slot.reason : job ? words(job.name) : last?.what ?? "");
    say(parts.model, slot.drive?.model ?? "");
    say(parts.serial, slot.drive?.serial ?? "");
    say(parts.heat, slot.temperature_celsius === null ? "" : `${slot.temperature_celsius} °C`);
    cell.eta = state === "running" ? left(job.eta) : "";
    say(parts.eta, cell.eta || (verdict === "no-answer" ? last.why : ""));
  }
  return changed;
}

// -- the legend: counts, and what is shown

const chassis = () => document.getElementById("chassis");

function count() {
  const counts = new Map();
  const add = (key) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { state, verdict } of cells.values()) {
    add(`state:${TROUBLE.has(state) ? "trouble" : state}`);
    add(`verdict:${verdict}`);
  }
  for (const place of document.querySelectorAll(".legend [data-count]")) {
    if (place.dataset.count) say(place, String(counts.get(place.dataset.count) ?? 0));
  }
}

document.querySelector(".legend").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const show = chassis().dataset.show === button.dataset.show ? "" : button.dataset.show;
  chassis().dataset.show = show;
  for (const other of document.querySelectorAll(".legend button")) {
    other.setAttribute("aria-pressed", String(other.dataset.show === show));
  }
});

// -- arrows move as the slots lie; a tab leaves the grid again

document.addEventListener("keydown", (event) => {
  const here = document.activeElement?.closest?.(".cell");
  if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-Infinity, 0], End: [Infinity, 0] }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...cells.values()].map((cell) => cell.element);
  const at = here.getBoundingClientRect();
  const next = step[1] === 0 ? beside(all, here, at, step[0]) : above(all, at, step[1]);
  if (next) {
    here.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
});

function beside(all, here, at, step) {
  const line = all.filter((cell) => Math.abs(cell.getBoundingClientRect().top - at.top) < 2);
  if (line.length === 1) return all[all.indexOf(here) + Math.sign(step)]; // a phone's single column
  return line[Math.max(0, Math.min(line.length - 1, line.indexOf(here) + step))];
}

function above(all, at, step) {
  let best = null;
  for (const cell of all) {
    const box = cell.getBoundingClientRect();
    const away = (box.top - at.top) * step;
    if (away < 2) continue;
    const cost = away * 1000 + Math.abs(box.left - at.left);
    if (!best || cost < best.cost) best = { cell, cost };
  }
  return best?.cell;
}

function rove() {
  const all = [...cells.values()];
  const kept = all.find(({ element }) => element === document.activeElement) ?? all[0];
  for (const cell of all) cell.element.tabIndex = cell === kept ? 0 : -1;
}
onExchange(rove);
rove();
