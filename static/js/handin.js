/* Tells at once that a file will not be taken, before a long way over a weak line loses what was
   chosen. The server decides all the same; without a script it says the same. */
"use strict";
(() => {
  const LARGEST = 40 * 2 ** 20;

  function wrong(file, form) {
    const kind = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
    if (!form.dataset.kinds.split(",").includes(kind)) return form.dataset.wordKind;
    if (file.size === 0) return form.dataset.wordEmpty;
    return file.size > LARGEST ? form.dataset.wordLarge : "";
  }

  function look(input) {
    const said = [...input.files]
      .map((file) => [file.name, wrong(file, input.form)])
      .filter(([, why]) => why)
      .map(([name, why]) => `${name}: ${why}`);
    const id = `${input.id}_refused`;
    document.getElementById(id)?.remove();
    if (said.length) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    input.setCustomValidity(said.join("\n"));
    if (!said.length) return;
    const words = document.createElement("p");
    words.id = id;
    words.className = "late";
    words.setAttribute("role", "alert");
    words.textContent = said.join(" ");
    input.after(words);
  }

  for (const form of document.querySelectorAll("form[data-hand-in]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches('input[type="file"]')) look(event.target);
    });
  }
})();
