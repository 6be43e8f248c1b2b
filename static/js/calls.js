/* Whom an @ may call: a list below the field of a comment, usable by keys. Without this script the
   sign-in name is typed by hand, and the server finds it just the same. */
(() => {
  "use strict";

  const BEGUN = /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_.+-]{0,40})$/u;
  const WAIT = 200; // ms after the last key
  let asked = 0;
  let timer = 0;
  let open = null; // { field, list, people, at, from }

  const fieldOf = (event) => {
    const field = event.target;
    const fits = field instanceof HTMLTextAreaElement && field.closest("form[data-calls]");
    return fits ? field : null;
  };

  function close() {
    clearTimeout(timer);
    asked += 1; // an answer on its way is too late
    if (!open) return;
    open.list.remove();
    open.field.removeAttribute("aria-controls");
    open.field.removeAttribute("aria-activedescendant");
    open = null;
  }

  function mark(at) {
    open.at = (at + open.people.length) % open.people.length;
    Array.from(open.list.children).forEach((one, number) => {
      one.setAttribute("aria-selected", String(number === open.at));
      if (number === open.at) {
        open.field.setAttribute("aria-activedescendant", one.id);
        one.scrollIntoView({ block: "nearest" });
      }
    });
  }

  function take(at) {
    const { field, people, from } = open;
    const name = `@${people[at].username} `;
    const caret = field.selectionStart;
    field.setRangeText(name, from, caret, "end");
    close();
    field.focus();
  }

  function option(person, number, id) {
    const item = document.createElement("li");
    item.id = `${id}-${number}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.append(person.name, " ");
    const more = document.createElement("span");
    more.textContent = `@${person.username} · ${person.unit}`;
    item.append(more);
    return item;
  }

  function show(field, people, from) {
    close();
    if (!people.length) return;
    const list = document.createElement("ul");
    list.className = "calls";
    list.id = `${field.id}_calls`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.form.dataset.wordFound);
    people.forEach((person, number) => list.append(option(person, number, list.id)));
    field.after(list);
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", list.id);
    open = { field, list, people, at: 0, from };
    mark(0);
  }

  async function ask(field, typed, from) {
    const mine = (asked += 1);
    const address = `${field.form.dataset.calls}?q=${encodeURIComponent(typed)}`;
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok || mine !== asked) return;
      const { people } = await answer.json();
      if (mine === asked) show(field, people, from);
    } catch {
      close(); // no connection: the name can still be typed
    }
  }

  document.addEventListener("input", (event) => {
    const field = fieldOf(event);
    if (!field) return;
    const found = BEGUN.exec(field.value.slice(0, field.selectionStart));
    if (!found) {
      close();
      return;
    }
    clearTimeout(timer);
    const from = field.selectionStart - found[1].length - 1;
    timer = setTimeout(() => ask(field, found[1], from), WAIT);
  });

  document.addEventListener("keydown", (event) => {
    if (!open || event.target !== open.field) return;
    const keys = {
      ArrowDown: () => mark(open.at + 1),
      ArrowUp: () => mark(open.at - 1),
      Enter: () => take(open.at),
      Tab: () => take(open.at),
      Escape: close,
    };
    const act = keys[event.key];
    if (!act || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }, true);

  document.addEventListener("mousedown", (event) => {
    const item = open && event.target.closest(".calls > li");
    if (item) {
      event.preventDefault();
      take(Array.from(open.list.children).indexOf(item));
    }
  });

  document.addEventListener("focusout", (event) => {
    if (open && event.target === open.field) close();
  });
})();
