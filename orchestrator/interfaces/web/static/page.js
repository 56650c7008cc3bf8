// What every page does: moments in the reader's zone, colours, its live parts.

import { post, warn } from "./actions.js";
import { listen } from "./live.js";
import { onExchange, refresh } from "./regions.js";
import { left, localise, say } from "./wording.js";

const main = document.getElementById("main");
const { watch, id } = main.dataset;
const open = new Map();
const places = new Map(); // by job: where it is shown
const RUNNING = 2;
const ENDED = 4; // and above

localise(document);
colours();
document.getElementById("logout")?.addEventListener("click", signOut);
if (watch || document.querySelector("[data-job]")) follow();
else listen({});

function colours() {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const order = ["auto", "light", "dark"];
  const show = () => { button.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[root.dataset.theme]; };
  button.addEventListener("click", () => {
    root.dataset.theme = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
    show();
  });
  show();
  button.hidden = false;
}

async function signOut() {
  try {
    await post("/logout");
    location.assign("/login");
  } catch (error) {
    warn(error.message);
  }
}

/** Progress goes straight into the page; a change of state fetches the regions anew. */
function follow() {
  listen({
    snapshot(data) {
      open.clear();
      for (const job of data.jobs) open.set(job.id, job);
      moveAll();
      if (watch) refresh();
    },
    delta(data) {
      for (const [jobId, progress, eta = null] of data.progress) {
        const job = open.get(jobId);
        if (job) move(Object.assign(job, { progress, eta }));
      }
      let changed = watch === "slot" && data.slots.some((slot) => String(slot.id) === id);
      for (const job of data.jobs) {
        const before = open.get(job.id);
        open.set(job.id, job);
        if (concerns(job) && (before?.status !== job.status || before?.reason !== job.reason)) changed = true;
        else move(job);
        if (job.status >= ENDED) open.delete(job.id);
      }
      if (watch === "drive" && data.slots.some((slot) => slot.drive?.serial === id)) changed = true;
      if (changed) refresh();
    },
  });
  find();
  onExchange(find);
  setInterval(moveAll, 1000);
}

function concerns(job) {
  switch (watch) {
    case "slot": return String(job.slot_id) === id;
    case "job": return String(job.id) === id || String(job.parent_id) === id;
    case "drive": return job.drive?.serial === id;
    default: return watch === "jobs";
  }
}

function find() {
  places.clear();
  for (const place of document.querySelectorAll("[data-job]")) {
    const jobId = Number(place.dataset.job);
    places.set(jobId, [...(places.get(jobId) ?? []), place]);
  }
  moveAll();
}

function moveAll() {
  for (const jobId of places.keys()) if (open.has(jobId)) move(open.get(jobId));
}

function move(job) {
  for (const place of places.get(job.id) ?? []) fill(place, job);
}

function fill(place, job) {
  const known = job.progress >= 0;
  say(place.querySelector("[data-say=percent]"), known ? `${job.progress} %` : place.matches("tr") ? "" : "…");
  say(place.querySelector("[data-say=eta]"), job.status === RUNNING ? left(job.eta) : "");
  say(place.querySelector("[data-say=message]"), job.message);
  const bar = place.querySelector("progress");
  if (bar && known) bar.value = job.progress;
}
