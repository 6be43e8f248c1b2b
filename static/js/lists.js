/* Keys and choosing in lists of tasks; the page works without it. Help: the key ? */
(() => {
  "use strict";

  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const list = () => document.querySelector("[data-list]");
  const rows = () => all("[data-row]");
  const boxes = () => all("[data-row] input[name=task]");
  const writing = (one) => one.matches("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");

  /* The row in hand is the one that holds the focus: a reader of the screen follows it, too. */
  const current = () => document.activeElement.closest("[data-row]");

  function move(step) {
    const known = rows();
    if (!known.length) return;
    const here = known.indexOf(current());
    const next = here < 0 ? (step > 0 ? 0 : known.length - 1) : Math.min(Math.max(here + step, 0), known.length - 1);
    known[next].querySelector(".ledger-title").focus();
    known[next].scrollIntoView({ block: "nearest" });
  }

  function choose() {
    const box = current() && current().querySelector("input[name=task]");
    if (!box) return;
    box.checked = !box.checked;
    tell();
  }

  /* How many are chosen; the bar stays in view while some are. */
  function tell() {
    const place = document.querySelector("[data-picked]");
    if (!place) return;
    if (!place.dataset.empty) place.dataset.empty = place.textContent;
    const known = boxes();
    const chosen = known.filter((box) => box.checked).length;
    place.textContent = chosen ? `${place.dataset.word} ${chosen}` : place.dataset.empty;
    place.parentElement.classList.toggle("is-on", chosen > 0);
    for (const none of all("[data-pick-none]")) none.hidden = !chosen;
    for (const go of all("[data-pick-go]")) go.hidden = !chosen;
    const page = document.querySelector("[data-pick-page]");
    page.checked = chosen > 0 && chosen === known.length;
    page.indeterminate = chosen > 0 && chosen < known.length;
  }

  function change() {
    if (list() && boxes().some((box) => box.checked)) list().requestSubmit();
  }

  function search() {
    const field = document.querySelector(".list-filters input[type=search]");
    if (field) field.select();
  }

  function help() {
    const dialog = document.getElementById("list-keys");
    if (dialog) dialog.showModal();
  }

  const KEYS = { j: () => move(1), k: () => move(-1), x: choose, b: change, "/": search, "?": help };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const field = event.target.closest("input, select, textarea, [contenteditable]");
    if (field && writing(field)) {
      if (event.key === "Escape") field.blur();
      return;
    }
    const deed = KEYS[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  function onChange(event) {
    if (event.target.matches("[data-pick-page]")) {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    if (event.target.closest("[data-list]")) tell();
  }

  function prepare() {
    for (const hidden of all("[data-pick-page-label], [data-list-help]")) hidden.hidden = false;
    for (const go of all("[data-list-go]")) go.hidden = true; // the list follows by itself
    tell();
  }

  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("reset", () => setTimeout(tell));
  document.addEventListener("htmx:afterSettle", prepare);
  document.addEventListener("DOMContentLoaded", prepare);
  window.addEventListener("pageshow", prepare);
})();
