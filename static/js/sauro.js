/* Small manners of every page; each page works without them. See static/css/README.md, "Script". */
(() => {
  "use strict";

  const PAUSED = "sauro-paused";
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const paused = () => sessionStorage.getItem(PAUSED) === "1";

  /* Refresh: regions with data-refresh="seconds" get the event "refresh", only while somebody looks. */
  const asked = new Map();

  function due(region, now) {
    if (!asked.has(region.id)) asked.set(region.id, now);
    const busy = region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    return !busy && now - asked.get(region.id) >= Number(region.dataset.refresh) * 1000;
  }

  function refreshDue() {
    if (document.hidden || paused() || !window.htmx) return;
    const now = Date.now();
    for (const region of all("[data-refresh][id]")) {
      if (due(region, now)) {
        asked.set(region.id, now);
        window.htmx.trigger(region, "refresh");
      }
    }
  }

  /* A refresh leaves alone what the reader opened or began to write. */
  function changed(field) {
    if (field.matches("select")) {
      const preset = Array.from(field.options).findIndex((one) => one.defaultSelected);
      return field.selectedIndex !== Math.max(preset, 0);
    }
    return field.value !== field.defaultValue || Boolean(field.checked) !== Boolean(field.defaultChecked);
  }

  function keepWhatIsMine() {
    if (!window.Idiomorph) return;
    Object.assign(window.Idiomorph.defaults.callbacks, {
      beforeNodeMorphed: (old) => !(old instanceof Element && old.matches("input, select, textarea") && changed(old)),
      beforeAttributeUpdated: (name, node) => !(name === "open" && node.matches("details")),
    });
  }

  function showPause() {
    for (const button of all("[data-pause]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", String(paused()));
      button.textContent = paused() ? button.dataset.resumeWord : button.dataset.pauseWord;
    }
  }

  /* Offline: keep what is shown and say how old it is. */
  function setStale(stale) {
    for (const banner of all("[data-stale]")) {
      const moment = document.querySelector("[data-as-of]");
      const place = banner.querySelector("[data-stale-at]");
      if (place && moment) place.textContent = moment.textContent;
      banner.hidden = !stale;
    }
  }

  function setFailed(failed) {
    for (const banner of all("[data-failed]")) {
      banner.hidden = !failed;
      if (failed) banner.scrollIntoView({ block: "nearest" });
    }
  }

  /* Links of pictures last for minutes: one that comes into view after an hour no longer loads. */
  function pictureLost(event) {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !picture.src.includes("?link=")) return;
    for (const notice of all("[data-link-over]")) notice.hidden = false;
    // The others of this page ran out with it: asking for each would only be refused.
    for (const other of all("img[loading=lazy]")) {
      if (!other.complete && other.src.includes("?link=")) other.removeAttribute("src");
    }
  }

  /* A page that asks by itself does not keep its reader signed in: the server is told. */
  function markRefresh(event) {
    const { triggeringEvent, headers } = event.detail;
    if (triggeringEvent && triggeringEvent.type === "refresh") headers["X-Refresh"] = "1";
  }

  function afterRequest(event) {
    const { elt, successful, xhr, requestConfig } = event.detail;
    const good = successful || xhr.status === 304 || xhr.status === 422;
    if (elt.closest("[data-refresh]") && requestConfig.verb === "get") setStale(!good);
    if (requestConfig.verb !== "get" || xhr.status === 503) setFailed(!good);
  }

  /* A session that ended answers with the sign-in page: go there instead of putting it into a region. */
  function beforeSwap(event) {
    const login = document.body.dataset.login;
    const answered = event.detail.xhr.responseURL;
    if (login && answered && new URL(answered).pathname === login && location.pathname !== login) {
      event.detail.shouldSwap = false;
      location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
    }
  }

  /* The week in hand comes into view on a narrow screen. */
  function showThisWeek() {
    for (const wrap of all(".matrix-wrap")) {
      const week = wrap.querySelector("thead .is-now");
      const name = wrap.querySelector("thead th");
      if (week && name && wrap.scrollLeft === 0) {
        wrap.scrollLeft = Math.max(0, week.offsetLeft - name.offsetWidth);
      }
    }
  }

  /* Where tabs scroll sideways, the one that is open is in view. */
  function showThisTab() {
    for (const tab of all(".tabs [aria-current]")) {
      const bar = tab.closest(".tabs");
      bar.scrollLeft = Math.max(0, tab.offsetLeft - bar.offsetLeft - 24);
    }
  }

  function closeMenus(event) {
    for (const menu of all("details[data-closes][open]")) {
      const outside = event.type === "click" && !menu.contains(event.target);
      if (outside || event.key === "Escape") {
        menu.open = false;
        if (event.key === "Escape") menu.querySelector("summary").focus();
      }
    }
  }

  /* data-key="PageDown" or "Ctrl+Enter" on a link or button: the key presses it. */
  function pressKey(event) {
    const name = `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.key}`;
    const writing = event.target.matches("input, select, textarea, [contenteditable]");
    if (writing && event.key.length === 1 && !event.ctrlKey) return;
    const target = all("[data-key]").find((one) => one.dataset.key === name);
    if (target) {
      event.preventDefault();
      target.click();
    }
  }

  function onClick(event) {
    closeMenus(event);
    if (event.target.closest("[data-pause]")) {
      sessionStorage.setItem(PAUSED, paused() ? "0" : "1");
      showPause();
    }
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    const printer = event.target.closest("[data-print]");
    if (printer) window.print();
  }

  keepWhatIsMine();
  document.addEventListener("click", onClick);
  document.addEventListener("error", pictureLost, true);
  document.addEventListener("keydown", (event) => {
    closeMenus(event);
    pressKey(event);
  });
  document.addEventListener("visibilitychange", refreshDue);
  document.addEventListener("htmx:configRequest", markRefresh);
  document.addEventListener("htmx:afterRequest", afterRequest);
  document.addEventListener("htmx:beforeSwap", beforeSwap);
  document.addEventListener("htmx:afterSwap", showPause);
  window.addEventListener("offline", () => { if (document.querySelector("[data-refresh]")) setStale(true); });
  document.addEventListener("DOMContentLoaded", () => {
    showPause();
    for (const button of all("[data-print]")) button.hidden = false;
  });
  window.addEventListener("load", () => document.fonts.ready.then(() => {
    showThisWeek();
    showThisTab();
  }));
  setInterval(refreshDue, 1000);
})();
