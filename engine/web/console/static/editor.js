// Puts an editor (Ace, in `ace/`) in the place of text areas marked `data-editor`. What is typed
// goes back into the text area, so that the form is sent as it would be without this file.

const ace = window.ace;
const dark = matchMedia("(prefers-color-scheme: dark)");
const editors = [];

ace.config.set("useStrictCSP", true);
ace.config.set("loadWorkerFromBlob", false);

function theme() {
  const chosen = document.documentElement.dataset.theme;
  const isDark = chosen ? chosen === "dark" : dark.matches;
  return isDark ? "ace/theme/github_dark" : "ace/theme/github_light_default";
}

function replace(area) {
  const place = document.createElement("div");
  place.className = "editor";
  area.after(place);
  area.classList.add("behind");
  area.tabIndex = -1;
  area.setAttribute("aria-hidden", "true");
  const editor = ace.edit(place, {
    mode: `ace/mode/${area.dataset.editor}`,
    theme: theme(),
    useWorker: false,
    showPrintMargin: false,
    showFoldWidgets: false,
    tabSize: 2,
    useSoftTabs: true,
    fontSize: "0.875rem",
    minLines: 8,
    maxLines: 40,
    enableKeyboardAccessibility: true,
    readOnly: area.readOnly,
  });
  editor.commands.removeCommands(["find", "replace", "findnext", "findprevious", "gotoline"]);
  editor.textInput.getElement().setAttribute("aria-label", area.getAttribute("aria-label"));
  editor.setValue(area.value, -1);
  editor.session.on("change", () => {
    area.value = editor.getValue();
  });
  const marks = JSON.parse(area.dataset.problems || "[]");
  editor.session.setAnnotations(
    marks.map(({ line, text }) => ({ row: line - 1, column: 0, text, type: "error" })),
  );
  for (const { line } of marks) {
    editor.session.addMarker(new ace.Range(line - 1, 0, line - 1, 1), "wrong-line", "fullLine");
  }
  if (marks.length) editor.gotoLine(marks[0].line, 0, false);
  editors.push(editor);
}

const areas = document.querySelectorAll("textarea[data-editor]");
for (const area of areas) {
  const fold = area.closest("details");
  if (!fold || fold.open) replace(area);
  else fold.addEventListener("toggle", () => replace(area), { once: true });
}

dark.addEventListener("change", () => editors.forEach((editor) => editor.setTheme(theme())));

// A link to a line opens its file there.
for (const link of document.querySelectorAll("a[data-line]")) {
  link.addEventListener("click", () => {
    const fold = document.querySelector(link.getAttribute("href")).closest("details");
    if (fold) fold.open = true;
    setTimeout(() => {
      const place = fold?.querySelector(".editor");
      const editor = editors.find((one) => one.container === place);
      if (editor) {
        editor.gotoLine(Number(link.dataset.line), 0, false);
        editor.focus();
      }
    });
  });
}
