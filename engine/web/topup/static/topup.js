// The top-up page and the page to return to. All words come from the server; the page's own are
// in its data attributes. Nothing is kept in the browser.

const CHECK_AFTER_MS = 350;
const POLL_EVERY_MS = 4000;

const byId = (id) => document.getElementById(id);
const form = byId("form");
const panel = byId("panel");
const lang = document.documentElement.lang;

// --- how an order stands ------------------------------------------------------------------

const put = (id, text) => {
  const place = byId(id);
  if (place.textContent !== text) place.textContent = text;
};

function show(told) {
  panel.hidden = false;
  panel.dataset.tone = told.tone;
  panel.dataset.status = told.status;
  put("status", told.title);
  put("status-text", told.text);
  put("summary", told.summary);
  if (told.status !== "open") byId("fallback").hidden = true;
  byId("balance").hidden = !told.balance;
  if (told.balance) {
    const { text, minutes, held } = told.balance;
    put("available", text);
    put("reach", minutes && byId("reach").dataset.text.replace("%", minutes));
    put("held", held);
  }
  byId("receipt").hidden = !told.receipt;
  if (told.receipt) byId("receipt").href = told.receipt;
  byId("transfer").hidden = !told.transfer;
  if (told.transfer) {
    for (const name of ["holder", "iban", "reference"]) {
      put(name, told.transfer[name]);
      byId(name).parentElement.hidden = !told.transfer[name];
    }
    put("transfer-amount", told.amount);
  }
  const again = byId("again");
  if (again) put("again", told.tone === "waiting" ? again.dataset.choose : again.dataset.again);
}

let watching = null;

function stopWatching() {
  watching?.close();
  watching = null;
}

// Listens to the order's events; where a stream is refused, it asks now and then.
function watch(path) {
  stopWatching();
  const source = new EventSource(`${path}/events`);
  let timer = 0;
  const poll = async () => {
    try {
      const answer = await fetch(path);
      const told = answer.ok ? await answer.json() : null;
      if (told) show(told);
      if (told && told.tone !== "waiting" && !told.transfer && !told.balance) return;
    } catch {
      // The network is away: ask again.
    }
    timer = setTimeout(poll, POLL_EVERY_MS);
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

// --- the form -----------------------------------------------------------------------------

async function post(path, content) {
  const answer = await fetch(`/topup/${form.dataset.profile}/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(content),
  });
  return { status: answer.status, content: await answer.json() };
}

function fault(text, place) {
  put("fault", text);
  place?.focus();
}

// Not every system draws flags; where it does, two letters of one are as wide as one of them.
function flag(region) {
  const pen = document.createElement("canvas").getContext("2d");
  const drawn = pen.measureText("\u{1f1e9}\u{1f1ea}").width < 1.5 * pen.measureText("\u{1f1e9}").width;
  if (!drawn || !/^[A-Z]{2}$/.test(region)) return "";
  return String.fromCodePoint(...[...region].map((letter) => letter.charCodeAt(0) + 0x1f1a5));
}

function country(region) {
  if (!/^[A-Z]{2}$/.test(region)) return "";
  return new Intl.DisplayNames([lang], { type: "region" }).of(region);
}

function tellChecked(told) {
  const field = byId("number");
  const meant = byId("meant");
  const check = byId("check");
  delete form.dataset.line;
  meant.hidden = !told?.meant;
  meant.value = told?.meant ?? "";
  meant.textContent = told?.meant ? form.dataset.meant.replace("%", told.meant) : "";
  check.className = told ? (told.ok ? "good" : "bad") : "";
  if (told?.ok) {
    field.removeAttribute("aria-invalid");
    form.dataset.line = told.line;
    const place = [flag(told.region), country(told.region)].filter(Boolean).join(" ");
    const number = told.number.replaceAll(" ", "\u00a0");
    put("check", [place, told.text, number].filter(Boolean).join(" · "));
  } else {
    if (told) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    put("check", told?.text ?? "");
  }
}

let checks = 0;

// While somebody types, only what helps is said; what is wrong, when the field is left.
async function checkNumber(isTyping) {
  const mine = ++checks;
  const number = byId("number").value.trim();
  if (!number) return tellChecked(null);
  try {
    const { status, content } = await post(`number?lang=${lang}`, { number });
    if (mine !== checks) return;
    const helps = status === 200 && (content.ok || content.meant || !isTyping);
    tellChecked(helps ? content : null);
  } catch {
    // Without an answer nothing is said; the order checks the number once more.
  }
}

const chosen = (name) => form.querySelector(`input[name=${name}]:checked`);

function labelButton() {
  const amount = chosen("amount");
  const provider = chosen("provider");
  if (!amount || !provider) return put("pay", form.dataset.pay);
  const text = "transfer" in provider.dataset ? form.dataset.payTransfer : form.dataset.payWith;
  const named = text.replace("%provider", provider.dataset.text);
  put("pay", named.replace("%amount", amount.dataset.text));
}

// The provider's window opens with the click, before the order is begun: later it would count
// as a pop-up that nobody asked for. It never gets a hold of this page.
function openWindow(transfer) {
  const opened = transfer ? null : window.open("about:blank", "_blank");
  if (opened) {
    opened.opener = null;
    opened.document.title = form.dataset.paying;
    opened.document.body.textContent = form.dataset.paying;
  }
  return opened;
}

async function order(wish) {
  const transfer = "transfer" in chosen("provider").dataset;
  const opened = openWindow(transfer);
  const { status, content } = await post("orders", wish).catch(() => ({ status: 503 }));
  if (status !== 201) {
    opened?.close();
    if (status === 422 && content.field === "number") return fault(content.detail, byId("number"));
    const { tooMany, refused, unreachable } = form.dataset;
    return fault({ 429: tooMany, 422: refused }[status] ?? unreachable, byId("pay"));
  }
  if (opened) opened.location.replace(content.url);
  byId("to-provider").href = content.url;
  byId("fallback").hidden = transfer;
  form.hidden = true;
  panel.hidden = false;
  put("status", form.dataset.paying);
  byId("status").focus();
  watch(`/pay/${content.order_id}/${content.watch}`);
}

async function submit(event) {
  event.preventDefault();
  put("fault", "");
  const { missing, chooseAmount, chooseProvider, paying } = form.dataset;
  const number = byId("number").value.trim();
  if (!number) return fault(missing, byId("number"));
  if (!chosen("amount")) return fault(chooseAmount, form.querySelector("input[name=amount]"));
  if (!chosen("provider")) return fault(chooseProvider, form.querySelector("input[name=provider]"));
  const button = byId("pay");
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  put("pay", paying);
  try {
    const [amount, provider] = [chosen("amount").value, chosen("provider").value];
    await order({ number, amount, provider, lang });
  } finally {
    button.removeAttribute("aria-disabled");
    labelButton();
  }
}

function beginAgain() {
  stopWatching();
  for (const name of ["status", "status-text", "summary"]) put(name, "");
  for (const name of ["balance", "receipt", "transfer"]) byId(name).hidden = true;
  panel.dataset.tone = "waiting";
  panel.hidden = true;
  form.hidden = false;
  byId("number").focus();
}

if (form) {
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
  form.addEventListener("change", labelButton);
  form.addEventListener("submit", submit);
  byId("again").addEventListener("click", beginAgain);
  labelButton();
  checkNumber(false);
}
if (panel.dataset.watch) watch(panel.dataset.watch);

// --- the frame's height -------------------------------------------------------------------

// Who may frame this page is said by its policy; how high it is may be known to whoever does.
if (window.parent !== window) {
  new ResizeObserver(() => {
    const topupHeight = Math.ceil(document.documentElement.getBoundingClientRect().height);
    window.parent.postMessage({ topupHeight }, "*");
  }).observe(document.documentElement);
}
