/* The reading room: a word under the mouse or the keyboard is boxed on the image; the line in hand
   is kept in view. Without it everything works by links. */
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  function boxOf(target) {
    const holder = target.closest && target.closest("#words [data-box], #index-form [data-box]");
    return holder ? holder.dataset.box.split(" ") : null;
  }

  function show(event) {
    const paper = document.querySelector("#paper svg");
    const box = boxOf(event.target);
    if (!paper || !box) return hide();
    const drawn = paper.querySelector("[data-word]") || paper.appendChild(document.createElementNS(SVG, "rect"));
    drawn.setAttribute("class", "line-box");
    drawn.setAttribute("data-word", "");
    ["x", "y", "width", "height"].forEach((name, at) => drawn.setAttribute(name, box[at]));
    return undefined;
  }

  function hide() {
    document.querySelectorAll("#paper [data-word]").forEach((drawn) => drawn.remove());
  }

  function keepInView() {
    const line = document.querySelector("#words .is-here");
    if (line) line.scrollIntoView({ block: "nearest" });
    const drawn = document.querySelector("#paper .line-box");
    const pane = document.querySelector(".paper-pane");
    if (drawn && pane) {
      const inside = drawn.getBoundingClientRect();
      const around = pane.getBoundingClientRect();
      if (inside.top < around.top || inside.bottom > around.bottom) {
        pane.scrollTop += inside.top - around.top - around.height / 3;
      }
    }
    const field = document.querySelector("[data-autofocus]");
    if (field && document.activeElement !== field) field.focus({ preventScroll: true });
    const current = document.querySelector(".thumbs [aria-current]");
    if (current) current.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "room" || document.getElementById("room")) {
      hide();
      keepInView();
    }
  });
  window.addEventListener("load", keepInView);
})();
