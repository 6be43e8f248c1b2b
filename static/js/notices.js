/* The inbox by keyboard; opening a task marks what was said of it as read. Works without it, too. */
(() => {
  "use strict";

  const rows = () => Array.from(document.querySelectorAll("[data-told]"));
  const current = () => document.querySelector("[data-told].is-here");

  function goTo(row) {
    for (const one of rows()) one.classList.toggle("is-here", one === row);
    const link = row.querySelector("a");
    if (link) link.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(current());
    goTo(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  }

  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    const row = current();
    if (event.key === "r" && row) row.querySelector("[data-mark]").click();
  }

  /* Sent beside the click and kept alive: the task opens at once, whatever becomes of it. */
  function opened(event) {
    const link = event.target.closest("a[data-reads]");
    const numbers = link ? link.dataset.reads.trim() : "";
    if (!numbers) return;
    const form = link.closest("[data-told]").querySelector("form");
    fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Quiet": "1" }, keepalive: true });
  }

  document.addEventListener("keydown", press);
  document.addEventListener("click", opened);
  document.addEventListener("auxclick", opened);
})();
