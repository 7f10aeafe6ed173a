// Adds and removes rows of a form's lists in place, so that what is typed in other fields stays.
// Without it, the same buttons send the form, and the page comes back with the rows.
"use strict";

const form = document.querySelector("form[data-rows]");

async function pageWith(button) {
  const filled = new FormData(form);
  filled.append(button.name, button.value);
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(filled),
    credentials: "same-origin",
    redirect: "error",
  });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function listOf(root, name) {
  return [...root.querySelectorAll("[data-list]")].find((one) => one.dataset.list === name);
}

// rows are numbered as they stand; one that was removed leaves no gap
function renumber(list) {
  const rows = [...list.querySelector(":scope > .list-rows").children];
  rows.forEach((row, index) => {
    const number = row.querySelector(".row-number");
    if (number) number.textContent = String(index + 1);
    const remove = row.querySelector(":scope > .row-deed > button");
    remove.setAttribute("aria-label", `${remove.dataset.label} ${index + 1}`);
  });
}

function focusIn(row) {
  const control = row.querySelector("input:not([type=hidden]), select, textarea");
  if (control) control.focus();
}

async function addRow(button) {
  const list = listOf(document, button.value);
  const page = await pageWith(button);
  const row = listOf(page, button.value).querySelector(":scope > .list-rows").lastElementChild;
  const index = row.querySelector("input[type=hidden]").value;
  const rows = list.querySelector(":scope > .list-rows");
  const known = [...rows.children].map((one) => one.querySelector("input[type=hidden]").value);
  if (known.includes(index)) return; // the list is full
  rows.append(document.importNode(row, true));
  renumber(list);
  focusIn(rows.lastElementChild);
}

function removeRow(button) {
  const row = button.closest("[data-row]");
  const list = row.closest("[data-list]");
  const neighbour = row.nextElementSibling || row.previousElementSibling;
  row.remove();
  renumber(list);
  if (neighbour) focusIn(neighbour);
  else list.querySelector(":scope > .list-deed > button").focus();
}

if (form) {
  let busy = false;
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !(button.name === "add_row" || button.name === "remove_row")) return;
    event.preventDefault();
    if (button.name === "remove_row") {
      removeRow(button);
      return;
    }
    if (busy) return;
    busy = true;
    addRow(button)
      .catch(() => {
        // as without this script
        const field = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
        form.append(field);
        form.submit();
      })
      .finally(() => {
        busy = false;
      });
  });
}
