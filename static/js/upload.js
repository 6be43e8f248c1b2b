/* Sends each chosen file in a request of its own, with a progress row. See static/css/README.md. */
(() => {
  "use strict";

  const AT_ONCE = 2;

  function row(list, file) {
    const item = document.createElement("li");
    const name = Object.assign(document.createElement("span"), { className: "file-name", textContent: file.name });
    const meter = Object.assign(document.createElement("progress"), { className: "meter", max: 100, value: 0 });
    meter.setAttribute("aria-label", file.name);
    const state = Object.assign(document.createElement("span"), { textContent: "0 %" });
    item.append(name, meter, state);
    list.append(item);
    return { item, name, meter, state };
  }

  function fail(shown, text) {
    shown.meter.remove();
    shown.state.textContent = "";
    shown.item.append(Object.assign(document.createElement("span"), { className: "file-error", textContent: text }));
  }

  function settle(shown, request, words) {
    let answer = null;
    try {
      answer = JSON.parse(request.responseText).files[0];
    } catch {
      answer = null;
    }
    if (!answer) return fail(shown, words.failed);
    if (answer.error) return fail(shown, answer.error);
    shown.meter.value = 100;
    shown.state.textContent = answer.text || words.received;
    if (answer.url) {
      const link = Object.assign(document.createElement("a"), { href: answer.url, textContent: shown.name.textContent });
      shown.name.replaceChildren(link);
    }
    return undefined;
  }

  function send(form, input, file, shown) {
    const words = { failed: document.body.dataset.wordFailed, received: document.body.dataset.wordReceived };
    const body = new FormData(form);
    body.delete(input.name);
    body.append(input.name, file, file.name);
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => {
        const percent = Math.floor((100 * event.loaded) / (event.total || 1));
        shown.meter.value = percent;
        shown.state.textContent = `${percent} %`;
      };
      request.onload = () => {
        if (request.status === 401) location.reload(); // the session ended: to the sign-in
        settle(shown, request, words);
        done();
      };
      request.onerror = () => { fail(shown, words.failed); done(); };
      request.send(body);
    });
  }

  async function sendAll(form, input, files) {
    const list = form.querySelector("[data-upload-rows]");
    const waiting = files.map((file) => ({ file, shown: row(list, file) }));
    const button = form.querySelector("[type=submit], button:not([type])");
    button.disabled = true;
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await send(form, input, next.file, next.shown);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    button.disabled = false;
    input.value = "";
    document.body.dispatchEvent(new CustomEvent("uploaded", { bubbles: true }));
  }

  function enhance(form) {
    if (form.dataset.upload === "ready") return;
    form.dataset.upload = "ready";
    const input = form.querySelector("input[type=file]");
    const drop = form.querySelector(".drop");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.files.length) sendAll(form, input, Array.from(input.files));
    });
    if (!drop) return;
    for (const name of ["dragover", "dragenter"]) {
      drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
    }
    drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("is-over");
      if (event.dataTransfer.files.length) sendAll(form, input, Array.from(event.dataTransfer.files));
    });
  }

  const enhanceAll = () => document.querySelectorAll("form[data-upload]").forEach(enhance);
  enhanceAll();
  document.addEventListener("htmx:afterSettle", enhanceAll);
})();
