// Words for records, as interfaces/web/wording.py has them.

const skew = Date.parse(document.documentElement.dataset.now) - Date.now();

const ACRONYMS = { lba: "LBA", lbas: "LBAs", mb: "MB", smart: "SMART", wwn: "WWN" };

export function words(name) {
  const parts = name.replace(/^run_/, "").replaceAll("-", "_").split("_");
  const text = parts.map((part) => (Object.hasOwn(ACRONYMS, part) ? ACRONYMS[part] : part)).join(" ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What is left until `eta` (ISO 8601, the server's clock): "3 h 20 min left"; "" when that is past or unknown. */
export function left(eta) {
  if (!eta) return "";
  let seconds = Math.round((Date.parse(eta) - Date.now() - skew) / 1000);
  if (!(seconds > 0)) return "";
  const parts = [];
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    if (seconds >= length && parts.length < 2) {
      parts.push(`${Math.floor(seconds / length)} ${unit}`);
      seconds %= length;
    } else if (parts.length) break;
  }
  return `${parts.join(" ")} left`;
}

/** Writes the text where it differs: a write that changes nothing still costs a layout. */
export function say(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

const two = (number) => String(number).padStart(2, "0");

/** Every moment below `root` in the reader's own zone; the server's stays as the title. */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    const today = new Date().toDateString() === at.toDateString();
    time.title = time.dateTime;
    time.textContent = today ? clock : `${day} ${clock}`;
  }
}
