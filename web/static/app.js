// The page's own script: times in the reader's zone, keyboard, live updates, and what htmx needs to post safely.
(function () {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Times: relative in the text, exact in the title, both in the reader's zone.
  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const thisYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  const otherYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  function relative(moment, now) {
    const minutes = Math.trunc((now - moment) / 60000);
    const size = Math.abs(minutes);
    const put = (text) => (minutes < 0 ? "in " + text : text + " ago");
    if (size < 1) return "now";
    if (size < 60) return put(size + " min");
    if (size < 60 * 24) return put(Math.floor(size / 60) + " h");
    if (size < 60 * 24 * 7) return put(Math.floor(size / 1440) + " d");
    return (moment.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(moment);
  }
  function tellTimes(root = document) {
    const now = new Date();
    for (const element of $$("time[data-when]", root)) {
      const kind = element.dataset.when;
      if (kind === "day") continue;
      const moment = new Date(element.dateTime);
      element.textContent = (kind === "latest" ? "last " : "") + relative(moment, now);
      if (kind === "latest") {
        const first = $(".t time", element.closest(".side"));
        element.parentElement.hidden = Boolean(first) && element.textContent === "last " + first.textContent;
      }
      if (!element.dataset.exact) {
        element.title = exact.format(moment);
        element.dataset.exact = "1";
      }
    }
  }
  tellTimes();
  setInterval(tellTimes, 30000);

  // A note at the edge, read out politely.
  const note = $("[data-note]");
  let noteTimer = 0;
  function say(text, bad = false) {
    note.textContent = text;
    note.classList.toggle("bad", bad);
    note.classList.add("shown");
    clearTimeout(noteTimer);
    noteTimer = setTimeout(() => note.classList.remove("shown"), bad ? 8000 : 3500);
  }

  // htmx: a fresh CSRF token for each change; sentences of answers become notes.
  let token = "";
  document.addEventListener("htmx:confirm", (event) => {
    if (event.detail.verb === "get") return;
    event.preventDefault();
    if (event.detail.question && !window.confirm(event.detail.question)) return;
    fetch("/csrf", { credentials: "same-origin" })
      .then((answer) => answer.json())
      .then((found) => { token = found.csrf; event.detail.issueRequest(true); })
      .catch(() => say("The page cannot be reached. Is the service running?", true));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") { event.detail.headers["X-CSRF-Token"] = token; return; }
    for (const name of Object.keys(event.detail.parameters)) {
      if (event.detail.parameters[name] === "") delete event.detail.parameters[name];
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    // A broken filter answers 400 with the page that says which.
    if (status === 400 && event.detail.target.id === "results") { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { xhr, successful, elt } = event.detail;
    if (successful) {
      const said = xhr.getResponseHeader("X-Message");
      if (said) say(said);
      if (elt.closest("[data-reload]") && !xhr.getResponseHeader("HX-Refresh")) location.reload();
    } else if (xhr.status >= 400 && xhr.status !== 400) {
      const type = xhr.getResponseHeader("Content-Type") || "";
      const text = new DOMParser().parseFromString(xhr.responseText, type.startsWith("text/plain") ? "text/html" : "text/html").body.textContent.trim();
      say(text.slice(0, 300) || "That did not work (" + xhr.status + ").", true);
    }
  });
  document.addEventListener("htmx:sendError", () => say("The page cannot be reached. Is the service running?", true));
  document.addEventListener("htmx:afterSwap", (event) => {
    tellTimes(event.detail.target.isConnected ? event.detail.target : document);
    tellTimes();
    const changed = selected && document.getElementById(selected);
    if (changed && document.activeElement === document.body) mark(changed, false);
  });

  // Plain forms: no empty parameters in the address; some selects send at once.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "get" || event.target.hasAttribute("hx-get")) return;
    for (const field of $$("input[name], select[name]", event.target)) if (field.value === "") field.disabled = true;
    setTimeout(() => $$(":disabled", event.target).forEach((field) => { field.disabled = false; }), 0);
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches || !field.matches("[data-submit]")) return;
    event.stopPropagation();
    for (const one of $$("input[name], select[name]", field.form)) if (one.value === "") one.disabled = true;
    field.form.submit();
  }, true);

  // Archived originals load when they are opened, not before.
  document.addEventListener("toggle", (event) => {
    const frame = event.target.open && $("iframe[data-frame]", event.target);
    if (frame && !frame.src) frame.src = frame.dataset.frame;
  }, true);

  // Light and dark.
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  $("[data-theme-switch]").addEventListener("click", () => {
    const shown = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    const chosen = shown === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    try { localStorage.setItem("theme", chosen); } catch { /* it holds for this page */ }
  });

  // Keyboard.
  let selected = "";
  const cards = () => $$(".story").filter((one) => one.offsetParent !== null);
  function mark(card, scroll = true) {
    $$(".story.on").forEach((one) => one.classList.remove("on"));
    card.classList.add("on");
    selected = card.id;
    card.focus({ preventScroll: true });
    if (scroll) card.scrollIntoView({ block: "nearest" });
  }
  function step(by) {
    const all = cards();
    if (!all.length) return;
    const at = all.findIndex((one) => one.id === selected);
    const next = at < 0 ? (by > 0 ? all.findIndex((one) => one.getBoundingClientRect().bottom > 80) : 0) : at + by;
    if (next >= all.length) { const more = $(".more a"); if (more) more.click(); return; }
    mark(all[Math.max(0, next)]);
  }
  const current = () => document.getElementById(selected) || (document.activeElement && document.activeElement.closest(".story")) || $(".reading[data-story]");
  function press(key) {
    const card = current() || (cards().length === 1 ? cards()[0] : null);
    const scope = card || document;
    const button = $(`[data-key="${key}"]`, scope) || (card ? null : $(`.acts.inline [data-key="${key}"]`));
    if (button) button.click();
    else if (!card) say("Choose a story with j and k first.");
  }
  const help = $("[data-help-dialog]");
  const helpButton = $("[data-help]");
  if (helpButton) helpButton.addEventListener("click", () => help.showModal());
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (help.open) return;
    if (Date.now() - going < 1500) {
      going = 0;
      const target = $(`[data-go="${CSS.escape(event.key)}"]`);
      if (target) { event.preventDefault(); target.click(); }
      return;
    }
    const doing = {
      j: () => step(1), k: () => step(-1), g: () => { going = Date.now(); },
      o: () => { const card = current(); const link = card && $("[data-open]", card); if (link) link.click(); },
      "/": () => { const field = $(".searchline input") || $("[data-quick]"); field.focus(); field.select(); },
      "?": () => help.showModal(), ".": () => showFresh(),
    }[event.key];
    if (doing) { event.preventDefault(); doing(); return; }
    if (event.key === "Enter" && event.target.matches(".story")) { const link = $("[data-open]", event.target); if (link) link.click(); return; }
    if ("rxuhm".includes(event.key)) { event.preventDefault(); press(event.key); }
  });

  // Live: new stories gather in a tray; nothing moves until the reader asks for them (or the tab was away).
  const plainTitle = document.title;
  const light = $("[data-live]");
  let waiting = document.createDocumentFragment();
  let waitingCount = 0;
  let tray = null;
  const results = () => $("[data-list]");
  function tellTitle() { document.title = (waitingCount ? `(${waitingCount}) ` : "") + plainTitle; }
  function showFresh() {
    const list = results();
    const place = list && $("[data-fresh]", list);
    if (!place || !waitingCount) return;
    place.prepend(waiting);
    waiting = document.createDocumentFragment();
    waitingCount = 0;
    if (tray) tray.remove();
    tray = null;
    tellTitle();
    if (window.htmx) window.htmx.process(place);
    tellTimes(place);
    const first = $(".story", place);
    if (first) { mark(first, false); window.scrollTo({ top: Math.max(0, place.getBoundingClientRect().top + window.scrollY - 90) }); }
  }
  function tellTray(fresh) {
    if (!tray) {
      tray = document.createElement("section");
      tray.className = "tray";
      tray.setAttribute("role", "status");
      tray.setAttribute("aria-label", "New stories");
      tray.innerHTML = '<ul></ul><p><button type="button" class="strong"></button></p>';
      $("button", tray).addEventListener("click", showFresh);
      document.body.append(tray);
    }
    const list = $("ul", tray);
    for (const card of fresh.reverse()) {
      const link = $("[data-open]", card);
      const item = document.createElement("li");
      const copy = document.createElement("a");
      copy.href = link.href;
      copy.dir = "auto";
      copy.lang = link.lang;
      copy.textContent = link.textContent;
      item.append(copy);
      list.prepend(item);
    }
    while (list.children.length > 3) list.lastElementChild.remove();
    $("button", tray).textContent = waitingCount === 1 ? "Show the new story" : `Show ${waitingCount} new stories`;
  }
  let asking = false;
  let again = false;
  async function lookForFresh() {
    const list = results();
    if (!list || list.dataset.order !== "new" || !list.dataset.newest) return;
    if (asking) { again = true; return; }
    asking = true;
    try {
      const asked = new URLSearchParams(location.search);
      asked.delete("after");
      asked.set("newest", list.dataset.newest);
      const answer = await fetch("/fresh?" + asked, { credentials: "same-origin", headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const html = await answer.text();
      list.dataset.newest = answer.headers.get("X-Newest") || list.dataset.newest;
      const parsed = new DOMParser().parseFromString(html, "text/html");
      const fresh = $$(".story", parsed).filter((card) => !document.getElementById(card.id) && !waiting.getElementById(card.id)).map((card) => document.adoptNode(card));
      if (!fresh.length) return;
      fresh.forEach((card) => card.classList.add("fresh"));
      const holder = document.createDocumentFragment();
      holder.append(...fresh);
      waiting.prepend(holder);
      waitingCount += fresh.length;
      tellTitle();
      notify(fresh);
      tellTray([...fresh]);
    } catch { /* the next event asks again */ } finally {
      asking = false;
      if (again) { again = false; lookForFresh(); }
    }
  }
  function notify(fresh) {
    let wanted = false;
    try { wanted = localStorage.getItem("notify") === "yes"; } catch { /* not wanted then */ }
    if (!wanted || !document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
    const link = $("[data-open]", fresh[0]);
    const shown = new Notification(fresh.length === 1 ? "New story" : `${fresh.length} new stories`, { body: link.textContent, tag: "borderwatch", dir: "auto" });
    shown.onclick = () => { window.focus(); showFresh(); shown.close(); };
  }
  const notifyButton = $("[data-notify]");
  if (notifyButton) {
    const tell = () => { let on = false; try { on = localStorage.getItem("notify") === "yes"; } catch { /* off */ } notifyButton.textContent = "Desktop notifications: " + (on ? "on" : "off"); notifyButton.setAttribute("aria-pressed", String(on)); return on; };
    tell();
    notifyButton.addEventListener("click", async () => {
      const on = tell();
      if (!on && (!("Notification" in window) || (await Notification.requestPermission()) !== "granted")) { say("The browser does not allow notifications for this page.", true); return; }
      try { localStorage.setItem("notify", on ? "no" : "yes"); } catch { say("This browser keeps no settings.", true); }
      tell();
    });
  }
  if (light && "EventSource" in window) {
    const events = new EventSource("/events");
    const tell = (state, text) => { light.dataset.state = state; $(".live-text", light).textContent = text; };
    events.addEventListener("open", () => { tell("on", "live"); lookForFresh(); });
    events.addEventListener("error", () => tell("off", "not live"));
    events.addEventListener("news", lookForFresh);
    window.addEventListener("pagehide", () => events.close());
  }
})();
