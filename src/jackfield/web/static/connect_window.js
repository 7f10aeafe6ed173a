/* On the pages of a connect session: closes the window that connect.js opened, else leads back to the product. */
(() => {
  "use strict";
  const opened = window.opener || window.name === "jackfield-connect";
  const part = (id) => document.getElementById(id);
  if (opened) {
    document.querySelectorAll("[data-cancel]").forEach((link) => link.addEventListener("click", (event) => {
      event.preventDefault();
      window.close();
    }));
    if (part("close")) {
      part("close").hidden = false;
      part("close").querySelector("button").addEventListener("click", () => window.close());
      part("back").hidden = true;
    }
  } else if (part("going")) {
    part("going").hidden = false;
    setTimeout(() => window.location.assign(part("back").querySelector("a").href), 2000);
  }
})();
