/* The wall of the briefing room turns its pages by itself. Without this all pages stand below each other. */
(() => {
  "use strict";

  const STOPPED = "sauro-wall-stopped";
  let here = 0;
  let turned = Date.now();

  const slides = () => Array.from(document.querySelectorAll(".slide"));
  const stopped = () => sessionStorage.getItem(STOPPED) === "1";

  function show(number) {
    const all = slides();
    if (!all.length) return;
    here = (number + all.length) % all.length;
    all.forEach((slide, i) => { slide.hidden = i !== here; });
    document.querySelector("[data-slide-page]").textContent = `${here + 1}/${all.length}`;
  }

  function turn(step) {
    turned = Date.now();
    show(here + step);
  }

  function showButtons() {
    for (const button of document.querySelectorAll("[data-slide-step]")) button.hidden = false;
    for (const button of document.querySelectorAll("[data-slide-pause]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(stopped()));
      button.textContent = stopped() ? button.dataset.resumeWord : button.dataset.pauseWord;
    }
  }

  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-slide-step]");
    if (step) turn(Number(step.dataset.slideStep));
    if (event.target.closest("[data-slide-pause]")) {
      sessionStorage.setItem(STOPPED, stopped() ? "0" : "1");
      turned = Date.now();
      showButtons();
    }
  });
  document.addEventListener("htmx:afterSwap", () => show(here));
  document.addEventListener("DOMContentLoaded", () => {
    document.body.classList.add("is-turning");
    showButtons();
    show(0);
  });
  setInterval(() => {
    const holder = document.querySelector("[data-slides]");
    if (!holder || document.hidden || stopped()) return;
    if (Date.now() - turned >= Number(holder.dataset.slides) * 1000) turn(1);
  }, 500);
})();
