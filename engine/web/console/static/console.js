// What pages do beyond links and forms: parts that change by themselves, and a switch that needs no
// button. Every page works without this file.

for (const part of document.querySelectorAll("[data-live]")) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("part", (event) => {
    part.innerHTML = event.data;
  });
}

for (const field of document.querySelectorAll("[data-submits]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}

for (const field of document.querySelectorAll("[data-selects]")) {
  field.addEventListener("focus", () => field.select());
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
