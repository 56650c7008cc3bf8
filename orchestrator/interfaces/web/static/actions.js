// Buttons and forms that change something: they call the REST API, and say what came of it.

const csrf = document.querySelector("meta[name=csrf]").content;
const toast = document.getElementById("toast");
const sure = document.getElementById("sure");
let hide = 0;

/** The answer's JSON; throws an Error whose message is for the person at the page. */
export async function post(url, body, key) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf };
  if (key) headers["Idempotency-Key"] = key;
  let answer;
  try {
    answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
  } catch {
    throw new Error("The service does not answer. Nothing may have been started; try again.");
  }
  if (answer.status === 401) location.assign("/login");
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const text = said.detail || `The service answered ${answer.status}.`;
  throw new Error(said.remedy ? `${text} What to do: ${said.remedy}.` : text);
}

export function warn(text) {
  clearTimeout(hide);
  toast.textContent = text;
  toast.hidden = false;
  hide = setTimeout(() => { toast.hidden = true; }, 12000);
}

/** 128 random bits: a retry of the same start gives the same job. Works without a secure context too. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function confirmed(question) {
  if (!question) return Promise.resolve(true);
  sure.querySelector("p").textContent = question;
  sure.returnValue = "";
  sure.showModal();
  return new Promise((done) => {
    sure.addEventListener("close", () => done(sure.returnValue === "yes"), { once: true });
  });
}

async function press(button) {
  if (!(await confirmed(button.dataset.confirm))) return;
  button.disabled = true;
  try {
    if (button.dataset.start) {
      await post(`/api/v1/operations/${button.dataset.start}`, { client_ref: 0, slot_id: Number(button.dataset.slot), options: {} }, newKey());
    } else {
      await post(button.dataset.post);
    }
  } catch (error) {
    warn(error.message);
  } finally {
    button.disabled = false;
  }
}

async function start(form) {
  const button = form.querySelector("button[type=submit]");
  const answer = form.querySelector("output");
  form.dataset.key ||= newKey();
  button.disabled = true;
  answer.replaceChildren();
  answer.classList.remove("wrong");
  try {
    const body = { client_ref: Number(form.elements.client_ref.value), slot_id: Number(form.dataset.slot), options: options(form) };
    const said = await post(`/api/v1/operations/${form.dataset.start}`, body, form.dataset.key);
    const link = document.createElement("a");
    link.href = `/jobs/${said.id}`;
    link.textContent = `job ${said.id}`;
    answer.append("Accepted as ", link);
  } catch (error) {
    answer.classList.add("wrong");
    answer.textContent = error.message;
  } finally {
    delete form.dataset.key;
    button.disabled = false;
  }
}

/** By the fields' types; what is left empty is left to the operation. */
function options(form) {
  const given = {};
  for (const field of form.querySelectorAll("[data-type]")) {
    const type = field.dataset.type;
    if (type === "boolean") given[field.name] = field.checked;
    else if (field.value === "" && !field.required) continue;
    else if (type === "integer" || type === "number") given[field.name] = Number(field.value);
    else if (type === "json") given[field.name] = parsed(field);
    else given[field.name] = field.value;
  }
  return given;
}

function parsed(field) {
  try {
    return JSON.parse(field.value);
  } catch {
    throw new Error(`${field.name} takes JSON, such as "text", 5 or [1, 2].`);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post], button[data-start]");
  if (button) press(button);
});
document.addEventListener("submit", (event) => {
  if (!event.target.dataset.start) return;
  event.preventDefault();
  start(event.target);
});
