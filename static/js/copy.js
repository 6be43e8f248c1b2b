/* data-copies="id" on a hidden button: copies that field's text; without a clipboard it selects it. */
(() => {
  "use strict";

  async function copy(button) {
    const field = document.getElementById(button.dataset.copies);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.wordDone;
    } catch {
      field.focus(); // no clipboard over plain HTTP: the text stands selected for Ctrl+C
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (button) copy(button);
  });
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-copies]")) button.hidden = false;
  });
})();
