"use strict";

// Asks the hub for its numbers once a second and writes them into the page, always as text.
const EVERY_MS = 1000;
const WINDOWS_EVERY_MS = 5000;
const GIVE_UP_MS = 4000;

const main = document.getElementById("content");
const table = document.getElementById("platforms");
const { locale, platforms: titles, states, texts, windows: measured } = JSON.parse(main.dataset.facts);
const names = Object.keys(states);
const NEEDS_PERSON = ["dead", "expired"];
const NEEDS_CARE = ["in_doubt"];

const number = new Intl.NumberFormat(locale);
const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium", timeZone: "Asia/Ho_Chi_Minh" });

let windows = {};
let answeredAt = null;

const byId = (id) => document.getElementById(id);

// Only what has changed is written, so that a screen reader hears nothing twice.
function write(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function made(tag, role, className, text) {
  const element = document.createElement(tag);
  if (role) {
    element.setAttribute("role", role);
  }
  element.className = className;
  element.textContent = text;
  return element;
}

function figure(label, text, tone, some) {
  const cell = made("td", "cell", `figure ${tone}${some ? " some" : ""}`, "");
  const caption = made("span", "", "label", label);
  caption.setAttribute("aria-hidden", "true");
  cell.append(caption, made("span", "", "value", text));
  return cell;
}

// How the deliveries of a platform are spread over the states, as a bar. The numbers beside it say the same.
function bar(platform) {
  const all = names.reduce((sum, name) => sum + platform[name], 0);
  const whole = made("span", "", "bar", "");
  whole.setAttribute("aria-hidden", "true");
  for (const name of names.filter((each) => platform[each] > 0)) {
    const share = made("span", "", states[name].tone, "");
    share.style.flexGrow = String(platform[name] / all);
    whole.append(share);
  }
  return whole;
}

function nameCell(platform) {
  const cell = made("th", "rowheader", "", "");
  cell.scope = "row";
  cell.append(made("span", "", "name", titles[platform.platform] ?? platform.platform), bar(platform));
  if (platform.possibly_doubled > 0) {
    const text = `${texts.doubled}: ${number.format(platform.possibly_doubled)}`;
    cell.append(made("span", "", "badge doubt", text));
  }
  return cell;
}

function windowCells(name) {
  const found = windows[name];
  const seconds = (value) => (value === null ? "–" : decimal.format(value));
  const rate = found ? decimal.format(found.per_minute) : "–";
  const latency = found ? `${seconds(found.p50_s)} · ${seconds(found.p95_s)} ${texts.seconds}` : "–";
  return [figure(texts.rate, rate, "plain", false), figure(texts.latency, latency, "plain", false)];
}

function row(platform) {
  const line = made("tr", "row", "", "");
  line.dataset.platform = platform.platform;
  line.append(nameCell(platform));
  for (const name of names) {
    const { word, tone } = states[name];
    const cell = figure(word, number.format(platform[name]), tone, platform[name] > 0);
    cell.dataset.state = name;
    line.append(cell);
  }
  if (measured) {
    line.append(...windowCells(platform.platform));
  }
  return line;
}

// The gravest thing first: what only a person can end, what has to be asked, what the hub is repeating by itself.
function attention(overview, totals) {
  const listed = (wanted) =>
    wanted.filter((name) => totals[name] > 0).map((name) => `${states[name].word} ${number.format(totals[name])}`);
  const stuck = listed(NEEDS_PERSON);
  const doubtful = listed(NEEDS_CARE);
  const repeated = overview.platforms
    .filter((platform) => platform.parked > 0)
    .map((platform) => `${titles[platform.platform] ?? platform.platform} ${number.format(platform.parked)}`);
  if (stuck.length) {
    return ["bad", `${texts.needs_person} ${[...stuck, ...doubtful].join(" · ")}`];
  }
  if (doubtful.length) {
    return ["doubt", `${texts.needs_care} ${doubtful.join(" · ")}`];
  }
  return repeated.length ? ["held", `${texts.repeating} ${repeated.join(" · ")}`] : ["good", texts.all_well];
}

function showAttention(overview, totals) {
  const shown = byId("attention");
  const [tone, text] = attention(overview, totals);
  shown.hidden = false;
  shown.className = `alarm ${tone}`;
  write(shown, text);
}

function show(overview) {
  const totals = Object.fromEntries(names.map((name) => [name, 0]));
  for (const platform of overview.platforms) {
    names.forEach((name) => (totals[name] += platform[name]));
  }
  write(byId("accepted"), number.format(overview.accepted));
  for (const name of names) {
    const total = document.querySelector(`[data-total="${name}"]`);
    write(total, number.format(totals[name]));
    total.parentElement.classList.toggle("some", totals[name] > 0);
  }
  if (overview.platforms.length) {
    table.tBodies[0].replaceChildren(...overview.platforms.map(row));
  } else {
    write(byId("none") ?? table.tBodies[0], texts.no_deliveries);
  }
  showAttention(overview, totals);
}

function setLink(state, text, when) {
  main.dataset.link = state;
  write(byId("link"), text);
  write(byId("updated"), when);
}

function connected() {
  answeredAt = new Date();
  setLink("live", texts.connected, `${texts.updated} ${clock.format(answeredAt)}`);
}

function lost() {
  if (answeredAt) {
    setLink("stale", `${texts.lost}. ${texts.stale}:`, `${texts.numbers_of} ${clock.format(answeredAt)}`);
  } else {
    setLink("lost", texts.lost, texts.never);
  }
}

async function ask(address) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return answer.json();
}

async function refresh() {
  try {
    show(await ask("/v1/overview"));
    connected();
  } catch {
    lost();
  }
  setTimeout(refresh, EVERY_MS);
}

async function refreshWindows() {
  try {
    windows = await ask("/console/windows");
  } catch {
    windows = {};
  }
  setTimeout(refreshWindows, WINDOWS_EVERY_MS);
}

if (measured) {
  refreshWindows();
}
refresh();
