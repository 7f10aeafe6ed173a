/*
 * Lets a customer connect a vendor. `url` is what POST /v1/hubs/current/connect-sessions answered. Call it in a click:
 * otherwise browsers open no window.
 *
 *   <script src="https://jackfield.example.com/connect.js"></script>
 *   Jackfield.connect(url, {popup: true}).then(({state, integration_id}) => ..., error => ...)
 *
 * Resolves when it is connected. Rejects with an Error whose `code` is "expired" (the link is no good any more),
 * "failed" (the window was closed after a try that failed; the message is the reason) or "closed"; what fails can be
 * tried again while the window is open. Some vendors part their pages from this one, which looks as if the window had
 * been closed there: `patience` is for how many seconds it is then still waited, 60 unless told.
 *
 * Without `popup`, on a narrow screen, or where no window opens, this page itself goes there, and the customer comes
 * back to `return_url` with ?connect_status=connected&integration_id=..., or =cancelled, or =failed. Ask your server
 * what is connected: anybody can write an address.
 */
window.Jackfield = window.Jackfield || {};
window.Jackfield.connect = function (url, options) {
  "use strict";
  const {popup = false, patience = 60} = options || {};
  const narrow = window.matchMedia("(max-width: 600px)").matches;
  const opened = popup && !narrow && window.open(url, "jackfield-connect", "popup,width=560,height=760");
  if (!opened) {
    window.location.assign(url);
    return new Promise(() => {});
  }
  const place = new URL(url, window.location.href);
  const address = place.origin + place.pathname + "/status";

  function ask() {
    return fetch(address, {credentials: "omit", cache: "no-store"}).then((answer) => {
      if (answer.status === 404) return {state: "expired"};
      return answer.ok ? answer.json() : null;
    }).catch(() => null); // away for a moment
  }

  return new Promise((resolve, reject) => {
    let closedAt = 0;
    function fail(code, message) {
      reject(Object.assign(new Error(message), {code}));
    }
    function look() {
      // looked at before it is asked: what the window did last is in the answer
      const gone = opened.closed;
      if (gone && !closedAt) closedAt = Date.now();
      ask().then((now) => {
        const state = now && now.state;
        if (state === "connected") {
          opened.close();
          return resolve({state, integration_id: now.integration_id});
        }
        if (state === "expired") return fail("expired", "The link has expired");
        const wait = state === "authorising" || !state ? patience : 0;
        if (gone && Date.now() - closedAt >= wait * 1000) {
          if (state === "failed") return fail("failed", now.error || "It could not be connected");
          return fail("closed", "The window was closed");
        }
        setTimeout(look, 1000);
      });
    }
    setTimeout(look, 1000);
  });
};
