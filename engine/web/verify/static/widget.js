// Puts the widget where this script stands, and brings its outcome to the page:
//   <script src="https://…/verify/widget.js" data-key="pk_live_…" data-reference="…"></script>
// A hidden field beside it (`phone_verification_token`, or data-field) gets the token; every
// outcome is also a `phoneverification` event that bubbles up from the frame.
(() => {
  const script = document.currentScript;
  const home = new URL(script.src).origin;
  const { key, field, lang, mode, number, reference } = script.dataset;
  const asked = { origin: location.origin, lang, mode, number, reference };
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));

  const frame = document.createElement("iframe");
  frame.src = `${home}/verify/${encodeURIComponent(key)}?${query}`;
  frame.title = lang === "de" ? "Telefonnummer bestätigen" : "Confirm your phone number";
  frame.width = "100%";
  frame.height = "320";
  frame.style.border = "0";
  frame.style.display = "block";
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = field ?? "phone_verification_token";
  script.after(frame, token);

  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== home || source !== frame.contentWindow) return;
    const height = Number(data?.verificationHeight);
    if (height > 0 && height < 10000) frame.height = height;
    if (!data?.verification) return;
    token.value = data.verification.token ?? "";
    const event = new CustomEvent("phoneverification", { bubbles: true, detail: data.verification });
    frame.dispatchEvent(event);
  });
})();
