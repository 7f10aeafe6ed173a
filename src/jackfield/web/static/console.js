// What the console's pages do beside being pages. All of them work without it, except that nothing moves by itself.
"use strict";

(() => {
  const SOURCE = "/console/live";
  const AGAIN_MILLISECONDS = 1000;
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

  // Times: as the server words them (web/console/words.py), kept true while the page is open
  const word = (seconds) => {
    const away = Math.abs(seconds);
    if (away < 2) return "just now";
    if (away >= 30 * 86400) return null;
    const [unit, size] = UNITS.find(([, size]) => away >= size);
    const count = Math.floor(away / size);
    const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds > 0 ? `${text} ago` : `in ${text}`;
  };
  const keepTimes = () => {
    for (const one of document.querySelectorAll("main time[datetime]")) {
      const text = word((Date.now() - Date.parse(one.dateTime)) / 1000);
      if (text && one.textContent !== text) one.textContent = text;
    }
  };

  // Live parts: a page marks each with data-live and an id; when something happens they are fetched anew
  let asked = null;
  let isAsking = false;
  const isBusy = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
  const controls = (part) => [...part.querySelectorAll("a, button, summary")];
  // what a control is, wherever it has gone to
  const meaning = (one) => [one.getAttribute("href") || (one.form && one.form.getAttribute("action")), one.textContent].join(" ");
  const swap = (fresh) => {
    for (const part of document.querySelectorAll("[data-live]")) {
      const newer = fresh.getElementById(part.id);
      if (!newer || newer.innerHTML === part.innerHTML || isBusy(part)) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      part.replaceChildren(...document.adoptNode(newer).childNodes);
      if (focused) (controls(part).find((one) => meaning(one) === meaning(focused)) || document.getElementById("main")).focus();
    }
    keepTimes();
  };
  const refresh = async () => {
    asked = null;
    isAsking = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch (_) {
      // the next change, or the next connection, brings it
    }
    isAsking = false;
  };
  const changed = (ids) => {
    const wanted = document.querySelector("[data-live-integration]");
    if (wanted && ids && !ids.includes(wanted.dataset.liveIntegration)) return;
    if (asked === null) asked = setTimeout(refresh, isAsking ? 2 * AGAIN_MILLISECONDS : AGAIN_MILLISECONDS);
  };
  const job = (html) => {
    const row = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
    const list = document.querySelector("[data-live-jobs]");
    if (!row || !list) return;
    const old = document.getElementById(row.id);
    const isFocused = old && old.contains(document.activeElement);
    if (old) old.replaceWith(document.adoptNode(row));
    else if (list.dataset.liveJobs === "all") list.prepend(document.adoptNode(row));
    if (isFocused) row.querySelector("a").focus();
    while (list.children.length > 50) list.lastElementChild.remove();
    const empty = document.querySelector("[data-live-empty]");
    if (empty && list.children.length) empty.remove();
    list.hidden = !list.children.length;
  };
  const watch = () => {
    const live = document.querySelector("[data-live]");
    const list = document.querySelector("[data-live-jobs]");
    if (!live && !list) return;
    const mark = document.querySelector(".live-mark");
    const source = new EventSource(SOURCE + (list ? "?rows=1" : ""));
    let wasLost = false;
    source.addEventListener("open", () => {
      if (mark) { mark.classList.add("on"); mark.textContent = "Updates by itself"; }
      if (wasLost) changed(null);
      wasLost = false;
    });
    source.addEventListener("error", () => {
      wasLost = true;
      if (mark) { mark.classList.remove("on"); mark.textContent = "Connecting"; }
    });
    source.addEventListener("job", (event) => job(JSON.parse(event.data)));
    source.addEventListener("changed", (event) => changed(JSON.parse(event.data)));
    addEventListener("pagehide", () => source.close());
  };

  // Forms
  for (const input of document.querySelectorAll("input[data-confirm]")) {
    const button = input.form.querySelector("button[type=submit]");
    const check = () => { button.disabled = input.value.trim() !== input.dataset.confirm; };
    input.addEventListener("input", check);
    check();
  }
  for (const form of document.querySelectorAll("form.filters")) {
    for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
  document.addEventListener("submit", (event) => {
    // a second click must not send it twice
    const button = event.target.querySelector("button[type=submit]");
    // the answer to data-download is a file, after which the page is still there
    if (button && event.target.method === "post" && !event.target.hasAttribute("data-download")) setTimeout(() => { button.disabled = true; }, 0);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const button of document.querySelectorAll("form:not(.confirm) button")) button.disabled = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    const search = document.querySelector("[data-hotkey='/']");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  });

  // on a narrow screen the places are wider than it
  const here = document.querySelector(".places [aria-current]");
  if (here) {
    const places = here.closest(".places");
    places.scrollLeft = here.offsetLeft - (places.clientWidth - here.offsetWidth) / 2;
  }

  keepTimes();
  setInterval(keepTimes, 15000);
  watch();
})();
