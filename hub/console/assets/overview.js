"use strict";

// Asks the hub for its numbers once a second and writes them into the page, always as text.
const EVERY_MS = 1000;
const GIVE_UP_MS = 4000;

const number = new Intl.NumberFormat("vi-VN");
const clock = new Intl.DateTimeFormat("vi-VN", { timeStyle: "medium", timeZone: "Asia/Ho_Chi_Minh" });
const table = document.getElementById("platforms");
const columns = table.dataset.columns.split(" ");
const names = JSON.parse(table.dataset.names);

// What is being sent right now is still waited for.
const counts = (platform) => ({ ...platform, waiting: platform.waiting + platform.in_flight });

function cell(tag, text, className) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function nameCell(platform) {
  const words = names[platform];
  const made = cell("th", words ? words.vi + " " : platform, "");
  made.scope = "row";
  if (words) {
    const english = cell("span", words.en, "en");
    english.lang = "en";
    made.append(english);
  }
  return made;
}

function row(platform) {
  const made = document.createElement("tr");
  made.append(nameCell(platform.platform));
  for (const column of columns) {
    const some = platform[column] > 0 ? " some" : "";
    made.append(cell("td", number.format(platform[column]), `figure ${column}${some}`));
  }
  return made;
}

function show(overview) {
  const platforms = overview.platforms.map(counts);
  document.getElementById("accepted").textContent = number.format(overview.accepted);
  for (const column of columns) {
    const total = platforms.reduce((sum, platform) => sum + platform[column], 0);
    document.querySelector(`[data-total="${column}"]`).textContent = number.format(total);
  }
  if (platforms.length) {
    table.tBodies[0].replaceChildren(...platforms.map(row));
  }
}

function setLink(on) {
  document.getElementById("link").classList.toggle("off", !on);
  if (on) {
    document.getElementById("updated").textContent = clock.format(new Date());
  }
}

async function refresh() {
  try {
    const answer = await fetch("/v1/overview", { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    show(await answer.json());
    setLink(true);
  } catch {
    setLink(false);
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
