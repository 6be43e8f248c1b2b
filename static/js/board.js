/* The board asked and nothing had changed: say from when that is known, without touching the page. */
(() => {
  "use strict";

  document.addEventListener("boardCurrent", (event) => {
    for (const moment of document.querySelectorAll("[data-as-of]")) {
      moment.dateTime = event.detail.at;
      moment.textContent = event.detail.words;
    }
  });
})();
