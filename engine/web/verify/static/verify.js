// The widget. All words come from the server; nothing is kept in the browser, and only the
// merchant's own page is told the outcome.

const CHECK_AFTER_MS = 350;
const POLL_EVERY_MS = 2000;

const byId = (id) => document.getElementById(id);
const terms = document.querySelector("main").dataset;
const lang = document.documentElement.lang;
const base = `/verify/${terms.key}`;
const correctionsMost = Number(terms.corrections);

const put = (id, text) => {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
};

async function post(path, content = {}) {
  const answer = await fetch(`${base}/${path}?lang=${lang}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
  return { status: answer.status, content: await answer.json() };
}

const asFault = { status: 503, content: {} };
const saying = ({ status }) => ({ 429: terms.tooMany, 422: terms.refused }[status] ?? terms.unreachable);

// --- the outcome --------------------------------------------------------------------------

function tell(message) {
  if (window.parent !== window && terms.target) window.parent.postMessage(message, terms.target);
}

let told = "";

function tellOutcome({ id = null, status, reason, number = "", test, token }) {
  const verification = { id, status, reason, number, test, token, reference: terms.reference };
  const text = JSON.stringify(verification);
  if (text === told) return;
  told = text;
  tell({ verification });
}

// --- the number ---------------------------------------------------------------------------

let corrections = 0;

function tellChecked(checked) {
  const meant = byId("meant");
  meant.hidden = !checked?.meant;
  meant.value = checked?.meant ?? "";
  meant.textContent = checked?.meant ? terms.meant.replace("%", checked.meant) : "";
  byId("check").className = checked ? (checked.ok ? "good" : "bad") : "";
  if (checked && !checked.ok) byId("number").setAttribute("aria-invalid", "true");
  else byId("number").removeAttribute("aria-invalid");
  put("check", checked?.text ?? "");
}

let checks = 0;

// While somebody types, only what helps is said; what is wrong, when the field is left.
async function checkNumber(isTyping) {
  const mine = ++checks;
  const number = byId("number").value.trim();
  if (!number || !correctionsMost) return tellChecked(null);
  const { status, content } = await post("number", { number }).catch(() => asFault);
  if (mine !== checks) return;
  const helps = status === 200 && (content.ok || content.meant || !isTyping);
  tellChecked(helps ? content : null);
}

// A wrong number may be corrected so often; then that is the outcome.
function mayCorrect() {
  corrections += 1;
  if (corrections <= correctionsMost) return true;
  byId("form").hidden = true;
  byId("panel").hidden = true;
  byId("gave-up").hidden = false;
  return false;
}

async function begin() {
  const wish = { to: byId("number").value.trim(), mode: terms.mode, lang: terms.callLang };
  const answer = await post("sessions", { ...wish, reference: terms.reference }).catch(() => asFault);
  checks += 1;
  const { status, content } = answer;
  if (status === 201) {
    byId("form").hidden = true;
    byId("panel").hidden = false;
    show(content);
    byId("title").focus();
    if (!content.final) watch();
    return;
  }
  if (status === 422 && content.field === "to" && content.type?.endsWith("invalid_number")) {
    if (mayCorrect()) {
      tellChecked({ ok: false, text: content.detail, meant: content.did_you_mean });
      byId("number").focus();
    } else {
      tellOutcome({ status: "rejected", reason: "invalid", test: terms.key.startsWith("pk_test_") });
    }
    return;
  }
  put("fault", saying(answer));
}

async function submit(event) {
  event.preventDefault();
  put("fault", "");
  if (!byId("number").value.trim()) {
    put("fault", terms.missing);
    byId("number").focus();
    return;
  }
  const button = byId("call");
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  put("call", terms.calling);
  try {
    await begin();
  } finally {
    button.removeAttribute("aria-disabled");
    put("call", terms.call);
  }
}

// --- the session --------------------------------------------------------------------------

let session = null;

function show(now) {
  session = now;
  const panel = byId("panel");
  panel.dataset.tone = now.tone;
  panel.dataset.status = now.status;
  panel.dataset.step = now.step ?? "";
  put("title", now.title);
  put("text", now.text);
  put("called", now.number);
  byId("shown").hidden = !now.code;
  put("code-to-key", now.code ? now.code.replace(/(...)(?=.)/g, "$1\u00a0") : "");
  const entry = byId("entry");
  const appears = entry.hidden && now.takes_code;
  entry.hidden = !now.takes_code;
  if (appears) byId("code").focus();
  byId("call-again").hidden = !now.can_call_again;
  byId("begin-again").hidden = !now.can_begin_again;
  byId("cancel").hidden = now.final;
  if (!now.final) return;
  stopWatching();
  tellOutcome(now);
}

const place = () => `sessions/${session.id}/${session.seal}`;

let watching = null;

function stopWatching() {
  watching?.close();
  watching = null;
}

// Listens to the session's events; where a stream is refused, it asks now and then.
function watch() {
  stopWatching();
  const source = new EventSource(`${base}/${place()}/events?lang=${lang}`);
  let timer = 0;
  const poll = async () => {
    try {
      const answer = await fetch(`${base}/${place()}?lang=${lang}`);
      if (answer.ok) show(await answer.json());
    } catch {
      // The network is away: ask again.
    }
    if (!session.final) timer = setTimeout(poll, POLL_EVERY_MS);
  };
  source.addEventListener("status", (event) => show(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED && !timer) poll();
  });
  watching = {
    close() {
      source.close();
      clearTimeout(timer);
    },
  };
}

async function checkCode(event) {
  event.preventDefault();
  const code = byId("code").value.trim();
  put("wrong", "");
  if (!code) {
    put("wrong", terms.codeMissing);
    byId("code").focus();
    return;
  }
  const answer = await post(`${place()}/check`, { code }).catch(() => asFault);
  if (answer.status !== 200) {
    put("wrong", saying(answer));
    return;
  }
  show(answer.content);
  put("wrong", answer.content.message);
  if (answer.content.message) byId("code").select();
  else byId("title").focus();
}

async function wish(what) {
  const answer = await post(`${place()}/${what}`).catch(() => asFault);
  if (answer.status === 200) show(answer.content);
  byId("title").focus();
}

function beginAgain() {
  if (session.wrong_number && !mayCorrect()) return;
  stopWatching();
  put("wrong", "");
  byId("code").value = "";
  byId("panel").hidden = true;
  byId("form").hidden = false;
  tellChecked(null);
  byId("number").focus();
}

let typing = 0;
byId("number").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(checkNumber, CHECK_AFTER_MS, true);
});
byId("number").addEventListener("change", () => {
  clearTimeout(typing);
  checkNumber(false);
});
byId("meant").addEventListener("click", () => {
  byId("number").value = byId("meant").value;
  byId("number").focus();
  checkNumber(false);
});
byId("form").addEventListener("submit", submit);
byId("entry").addEventListener("submit", checkCode);
byId("call-again").addEventListener("click", () => wish("calls"));
byId("cancel").addEventListener("click", () => wish("cancel"));
byId("begin-again").addEventListener("click", beginAgain);
checkNumber(false);

// --- the frame's height -------------------------------------------------------------------

new ResizeObserver(() => {
  tell({ verificationHeight: Math.ceil(document.documentElement.getBoundingClientRect().height) });
}).observe(document.documentElement);
