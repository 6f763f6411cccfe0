// What pages do beyond links and forms: parts that change by themselves, times that run, and a
// switch that needs no button. Every page works without this file.

// --- parts that change by themselves ---------------------------------------------------------

// How far the server's clock is ahead of this one, in milliseconds.
let ahead = 0;

const AGAIN_FIRST_MS = 4_000;
const AGAIN_MOST_MS = 60_000;
const BACK_WITHIN_MS = 2_000;

const live = document.querySelectorAll("[data-live]");
const content = document.querySelector("main");
const note = document.createElement("p");
const late = new Set();

if (live.length) {
  note.className = "stale";
  note.setAttribute("aria-live", "polite");
  content.prepend(note);
}
for (const part of live) follow(part);

// A stream that breaks off the browser asks for again by itself; one that is refused (429, 503, a
// proxy's 502) it gives up for good. Then another is asked for, later each time, and not by a
// hundred pages at once. Until events come again the page says that it is not up to date. What is
// over (`data-over`) is followed no more.
function follow(part) {
  let refusals = 0;
  let doubt = 0;
  const goesOn = () => {
    clearTimeout(doubt);
    doubt = 0;
    refusals = 0;
    tellLate(part, false);
  };
  const ask = () => {
    const source = new EventSource(part.dataset.live);
    source.addEventListener("clock", (event) => {
      ahead = Number(event.data) - Date.now();
      goesOn();
    });
    source.addEventListener("part", (event) => {
      const fresh = document.createElement("template");
      fresh.innerHTML = event.data;
      bringChildren(part, fresh.content);
      runTimes();
      goesOn();
      if (part.querySelector("[data-over]")) source.close();
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) {
        doubt ||= setTimeout(tellLate, BACK_WITHIN_MS, part, true);
        return;
      }
      tellLate(part, true);
      const wait = Math.min(AGAIN_FIRST_MS * 2 ** refusals, AGAIN_MOST_MS);
      refusals += 1;
      setTimeout(ask, (wait * (1 + Math.random())) / 2);
    });
  };
  ask();
}

function tellLate(part, isLate) {
  if (isLate) late.add(part);
  else late.delete(part);
  const text = late.size ? content.dataset.stale : "";
  if (note.textContent !== text) note.textContent = text;
}

// Brings what stands there to what is new and touches only what differs: nothing flickers, focus
// and typed text stay, and a screen reader is told of changed words alone. Elements with an id are
// known by it; their order never changes.
function bringChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...old.children]) {
    if (child.id && !wanted.has(child.id)) child.remove();
  }
  const named = new Map([...old.children].map((child) => [child.id, child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const kept = child.id ? named.get(child.id) : undefined;
    if (kept) at = dropUntil(at, kept);
    if (at && at.nodeName === child.nodeName && (at.id ?? "") === (child.id ?? "")) {
      const next = at.nextSibling;
      bring(at, child);
      at = next;
    } else {
      old.insertBefore(child, at);
    }
  }
  dropUntil(at, null);
}

function dropUntil(from, end) {
  let at = from;
  while (at && at !== end) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
  return at;
}

function bring(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  bringChildren(old, fresh);
}

// --- times that run --------------------------------------------------------------------------

const SOON_MS = 120_000;

function runTimes() {
  const now = Date.now() + ahead;
  for (const time of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Number(time.dataset.until) - now);
    show(time, left);
    time.classList.toggle("soon", left < SOON_MS);
  }
  for (const time of document.querySelectorAll("[data-since]")) {
    show(time, Math.max(0, now - Number(time.dataset.since)));
  }
}

function show(time, ms) {
  const s = Math.floor(ms / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(s / 60) % 60;
  const text =
    s < 3600
      ? `${minutes}:${two(s % 60)}`
      : `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}`;
  if (time.textContent !== text) time.textContent = text;
}

runTimes();
setInterval(runTimes, 250);

// --- forms -----------------------------------------------------------------------------------

for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

for (const field of document.querySelectorAll("[data-selects]")) {
  field.addEventListener("focus", () => field.select());
}

// What takes its time says so while it is waited for: `data-waits` are its words.
for (const button of document.querySelectorAll("button[data-waits]")) {
  button.form.addEventListener("submit", (event) => {
    if (event.submitter !== button) return;
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.waits;
  });
}

// What ends at a time (`data-ends`, milliseconds since 1970) counts down to it, and then looks how
// it stands.
for (const part of document.querySelectorAll("[data-ends]")) {
  const ends = Number(part.dataset.ends);
  const tick = () => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (left < -1) {
      clearInterval(timer);
      location.reload();
      return;
    }
    const shown = Math.max(0, left);
    part.textContent = `${Math.floor(shown / 60)}:${String(shown % 60).padStart(2, "0")}`;
  };
  const timer = setInterval(tick, 1000);
  tick();
}
