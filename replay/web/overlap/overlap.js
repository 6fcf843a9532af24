"use strict";
// Draws what /overlap/data hands out once a second. Texts come from scenarios and servers, and stay text.

const EVERY_MS = 1000, FRAME_MS = 100;
const CLASSES = { "client's queue": "queued", "waiting": "waits", "waiting or prefill": "waits", "prefill": "prefill",
  "decode": "decode", "sent to ended": "whole" };
const at = id => document.getElementById(id);
const number = (value, digits = 2) => value === null || value === undefined ? "–" : value.toFixed(digits);
const told = value => value === null ? "–" : value;
const range = e => e ? `${number(e.value)} [${number(e.low)}, ${number(e.high)}]` : "–";

let wanted = "latest";  // run
let shownRun = null;
let latest = null;  // round of that run
let rounds = 0;  // that have ended in it
let fixed = null;  // an earlier round that somebody looks at
let drawn = null;  // lanes on the page: { shown, since, rows }

function add(parent, tag, text, name) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  parent.append(element);
  return element;
}

function table(section, names, rows) {
  const head = section.querySelector("thead"), body = section.querySelector("tbody");
  head.replaceChildren();
  body.replaceChildren();
  const line = add(head, "tr");
  for (const name of names) add(line, "th", name).scope = "col";
  for (const cells of rows) {
    const row = add(body, "tr");
    cells.forEach((cell, i) => { add(row, "td", cell).dataset.name = names[i]; });
  }
}

// ---- lanes

function title(shown) {
  if (shown.index === undefined) {
    const where = shown.round === null ? `${shown.phase}: the last requests` : `${shown.phase}, round ${shown.round + 1}`;
    return shown.alone ? `${shown.phase}: alone` : `${where}, ${shown.open} of ${shown.lanes.length} open`;
  }
  const together = shown.together === null ? "" : `, at most ${shown.together} decoding together`;
  return `${shown.phase}, round ${shown.index} of ${shown.rounds}: ${shown.users} requests in ${number(shown.span_s)} s${together}`;
}

function words(lane) {
  const parts = lane.segments.map(part => `${part.kind} ${number(part.end_s - part.start_s)} s`);
  return parts.concat(lane.failed ? [`failed: ${lane.error}`] : [], lane.open ? ["open"] : []).join("; ") || "not sent yet";
}

function drawLanes(shown) {
  at("lanes").hidden = !shown;
  drawn = null;
  if (!shown) return;
  at("lanes-title").textContent = title(shown);
  const box = at("rows"), rows = [];
  box.replaceChildren();
  let port = null;
  for (const lane of shown.lanes) {
    if (lane.base_url !== port) add(box, "div", port = lane.base_url, "port");
    const row = add(box, "div", undefined, lane.open ? "lane open" : "lane");
    const label = lane.user === null ? lane.target : `${lane.target}, user ${lane.user}`;
    row.dataset.port = lane.base_url;
    add(row, "span", label);
    const took = add(row, "span", undefined, "took");
    const bar = add(row, "span", undefined, "bar");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", `${label}: ${words(lane)}`);
    const pieces = lane.segments.map(part => {
      const piece = add(bar, "i", undefined, CLASSES[part.kind] || "whole");
      piece.title = `${part.kind}: ${number(part.end_s - part.start_s)} s`;
      return piece;
    });
    const cross = lane.failed ? add(bar, "b", "×", "cross") : null;
    if (lane.failed) add(row, "span", lane.error, "error");
    rows.push({ lane, took, pieces, cross });
  }
  const axis = add(box, "div", undefined, "lane");
  axis.setAttribute("aria-hidden", "true");
  add(axis, "span", undefined, "wide");
  add(axis, "span", undefined, "took wide");
  const scale = add(axis, "span", undefined, "scale");
  const legend = at("legend");
  legend.replaceChildren();
  const kinds = new Map(shown.lanes.flatMap(lane => lane.segments.map(part => [CLASSES[part.kind], part.kind])));
  for (const [name, kind] of kinds) {
    add(legend, "i", undefined, name);
    legend.append(kind);
  }
  drawn = { shown, rows, scale, since: performance.now() };
  place();
}

function place() {  // open requests grow between two looks
  if (!drawn) return;
  const { shown, rows, scale, since } = drawn;
  const more = shown.lanes.some(lane => lane.open) ? (performance.now() - since) / 1000 : 0;
  const span = shown.span_s + more || 1;
  for (const { lane, took, pieces, cross } of rows) {
    let end = 0;
    lane.segments.forEach((part, i) => {
      const grows = lane.open && i === lane.segments.length - 1 ? more : 0;
      end = part.end_s + grows;
      pieces[i].style.left = `${100 * part.start_s / span}%`;
      pieces[i].style.width = `${100 * (end - part.start_s) / span}%`;
    });
    if (cross) cross.style.left = `${100 * end / span}%`;
    const lasted = lane.latency_s === null ? null : lane.latency_s + (lane.open ? more : 0);
    took.textContent = lasted === null ? "not sent" : `${number(lasted, lane.open ? 1 : 2)} s`;
  }
  const tenth = 10 ** Math.floor(Math.log10(span / 4)), step = [1, 2, 5, 10].map(n => n * tenth).find(n => n * 5 >= span);
  const ticks = Array.from({ length: Math.floor(span / step) + 1 }, (_, i) => i * step);
  while (scale.children.length > ticks.length) scale.lastChild.remove();
  while (scale.children.length < ticks.length) add(scale, "span");
  ticks.forEach((tick, i) => {
    const words = number(tick, Math.max(0, -Math.floor(Math.log10(step))));
    scale.children[i].textContent = i ? words : `${words} s`;
    scale.children[i].style.left = `${100 * tick / span}%`;
  });
}

function chooseLanes(run) {
  at("pager").hidden = !rounds;
  at("earlier").disabled = !rounds || (fixed || latest || { number: 0 }).number <= 1;
  at("later").disabled = !fixed || fixed.number >= rounds;
  at("live").disabled = !fixed;
  if (fixed) return;
  const now = run.now, isRound = now && !now.alone && (now.open || now.round === null);
  drawLanes(isRound || !latest ? now : latest);
}

async function turnTo(wantedRound) {
  const reply = await fetch(`overlap/rounds/${wanted}/${wantedRound}`);
  if (!reply.ok) return;
  fixed = await reply.json();
  drawLanes(fixed);
  at("earlier").disabled = fixed.number <= 1;
  at("later").disabled = fixed.number >= rounds;
  at("live").disabled = false;
}

// ---- the other parts

function drawSpeedup(run) {
  const s = run.speedup, most = s && s.speedup_max;
  at("speedup").hidden = !s || !run.goes_on;
  if (at("speedup").hidden) return;
  const g = s.speedup, box = at("scale");
  box.replaceChildren();
  const high = Math.max(most || 2, g ? g.value : 1), low = Math.min(g ? g.value : 1, 1);
  const place = value => Math.min(Math.max((value - low) / (high - low || 1), 0), 1) * 100;
  const track = add(box, "div", undefined, "track");
  if (g) {
    const from = place(g.low), to = g.high === null ? 100 : place(g.high);
    const bar = add(track, "span", undefined, "range");
    bar.style.left = `${from}%`;
    bar.style.width = `${to - from}%`;
    add(track, "span", undefined, "value").style.left = `${place(g.value)}%`;
  }
  const ends = add(box, "div", undefined, "track-ends");
  add(ends, "span", `${number(low)}${low === 1 ? ", no gain" : ""}`);
  add(ends, "span", most ? `${number(most)}, the most possible (Gmax)` : "");
  const words = `${s.phase}, after round ${s.rounds} of ${s.of}: ` + (g ? `${range(g)} times as fast as one after another` : "too few rounds for a number");
  at("scale-words").textContent = words;
  box.setAttribute("aria-label", words);
}

function drawTargets(run) {
  at("targets").hidden = !run.targets.length;
  const names = ["target", "server", "model", "first token alone → together, s", "tokens/s alone → together", "answered", "failed"];
  const pair = (t, key, digits) => `${number(t.alone[key], digits)} → ${number(t.together[key], digits)}`;
  table(at("targets"), names, run.targets.map(t => [t.name, t.base_url, t.model || "–", pair(t, "ttft_s", 2),
    pair(t, "tokens_per_s", 1), t.answered, t.failed]));
}

function drawFailures(run) {
  at("failures").hidden = !run.failures.length;
  const list = at("failures").querySelector("ul");
  list.replaceChildren();
  for (const f of run.failures) add(list, "li", `${f.target}: ${f.words}${f.times > 1 ? ` (${f.times} times)` : ""}`);
}

function drawPhases(run) {
  at("phases").hidden = !run.phases.length;
  const names = ["phase", "users", "rounds", "speedup G [95 %]", "of at most", "together", "verdict", "why"];
  table(at("phases"), names, run.phases.map(p => [p.name, told(p.users), told(p.rounds), range(p.speedup),
    number(p.speedup_max), told(p.together), p.verdict, p.sentence]));
}

const SVG = "http://www.w3.org/2000/svg";
function shape(parent, tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent.append(element);
  return element;
}

function curve(points, name) {  // points: [users, value]
  const figure = add(at("charts"), "figure");
  const label = `${name} by requests in flight: ` + points.map(([n, v]) => `${n}: ${number(v, 1)}`).join(", ");
  const svg = shape(figure, "svg", { viewBox: "0 0 400 190", preserveAspectRatio: "xMinYMid meet", role: "img", "aria-label": label });
  const mostX = Math.max(...points.map(p => p[0])), mostY = Math.max(...points.map(p => p[1])) || 1;
  const x = n => 45 + 340 * n / mostX, y = v => 160 - 140 * v / mostY;
  shape(svg, "line", { x1: 45, x2: 385, y1: 160, y2: 160, class: "grid" });
  shape(svg, "polyline", { points: points.map(([n, v]) => `${x(n)},${y(v)}`).join(" "), class: "join" });
  for (const [n, v] of points) {
    shape(svg, "circle", { cx: x(n), cy: y(v), r: 4, class: "mark" });
    shape(svg, "text", { x: x(n), y: 178, "text-anchor": "middle" }, n);
  }
  shape(svg, "text", { x: 40, y: y(mostY) + 4, "text-anchor": "end" }, number(mostY, mostY < 10 ? 2 : 0));
  shape(svg, "text", { x: 40, y: 164, "text-anchor": "end" }, "0");
  add(figure, "figcaption", `${name} by requests in flight`);
}

function drawLevels(run) {
  const found = run.levels && run.levels.how_many;
  at("levels").hidden = !found;
  if (!found) return;
  at("levels-words").textContent = `${run.levels.headline}. ${run.levels.line}`;
  at("charts").replaceChildren();
  const value = e => e && typeof e === "object" ? e.value : e;
  const points = key => found.levels.map(v => [v.users, value(v[key])]).filter(p => typeof p[1] === "number");
  const rate = points("output_tokens_per_s");
  if (rate.length) curve(rate, "Throughput: tokens/s of all together,");
  const solos = run.targets.map(t => t.alone.tokens_per_s_from_send).filter(v => v);
  const one = rate.length && rate[0][0] === 1 ? rate[0][1] : solos.reduce((sum, v) => sum + v, 0) / solos.length;
  if (rate.length && one > 0) curve(rate.map(([n, v]) => [n, v / one]), "Speedup: tokens/s of all over those of one alone,");
  table(at("levels"), ["users", "met", "first token p50, s", "tokens/s of one p50", "tokens/s in all"],
    found.levels.map(v => [v.users, `${v.met} of ${v.answers}`, number(v.ttft_s.p50), number(v.speed.p50, 1),
      number(value(v.output_tokens_per_s), 1)]));
}

function drawEnd(run) {
  const r = run.report;
  at("end").hidden = run.goes_on;
  if (run.goes_on) return;
  at("verdict").textContent = r && r.verdict ? r.verdict.toUpperCase() : r ? "Result" : "No report yet";
  at("answer").textContent = r ? r.answer : "";
  const steps = at("next"), files = at("files");
  steps.replaceChildren();
  files.replaceChildren();
  for (const step of r ? r.next_steps : []) add(steps, "li", step);
  for (const [suffix, words] of Object.entries(run.files)) add(files, "a", words).href = `overlap/files/${run.run}/${suffix}`;
}

function drawRuns(names, shown) {
  at("picker").hidden = names.length < 2;
  const list = at("runs");
  if (list.length !== names.length) {
    list.replaceChildren();
    names.forEach((name, i) => { add(list, "option", name).value = i + 1; });
  }
  list.value = shown;
}

async function findOut() {  // the plan how-many, with its own numbers of users
  at("find").disabled = true;
  const form = new URLSearchParams({ plan: "how-many", user_count: 1, spawn_rate: 1 });
  try {
    const reply = await (await fetch("swarm", { method: "POST", body: form })).json();
    at("said").textContent = reply.success ? "" : reply.message;
  } catch (error) {
    at("said").textContent = "portlap does not answer";
  }
  at("find").disabled = false;
}

async function ask() {
  try {
    const reply = await fetch(`overlap/data?run=${wanted}&have=${latest ? `${shownRun}-${latest.number}` : ""}`);
    if (!reply.ok) throw new Error(reply.status);
    const run = await reply.json();
    at("offer").hidden = run.goes_on === true;
    if (!run.runs.length) {
      at("state").textContent = "No run has begun. Press Start on Locust's page: what is sent shows here at once.";
      return;
    }
    if (run.run !== shownRun) {  // another one has begun, or was picked
      shownRun = run.run;
      latest = fixed = null;
    }
    if (run.round) latest = run.round;
    rounds = run.rounds;
    at("state").textContent = run.status;
    document.title = `${run.goes_on ? "" : "✓ "}Overlap · portlap`;
    at("interim").hidden = !run.interim || !run.goes_on;
    at("interim").textContent = run.interim || "";
    drawRuns(run.runs, run.run);
    chooseLanes(run);
    drawSpeedup(run);
    drawLevels(run);
    drawTargets(run);
    drawFailures(run);
    drawPhases(run);
    drawEnd(run);
  } catch (error) {
    at("state").textContent = "portlap does not answer; below is the last state it sent.";
  } finally {
    setTimeout(ask, EVERY_MS);
  }
}

at("find").onclick = findOut;
at("earlier").onclick = () => turnTo((fixed || latest).number - 1);
at("later").onclick = () => turnTo(fixed.number + 1);
at("live").onclick = () => { fixed = null; };
at("runs").onchange = () => {
  wanted = at("runs").selectedIndex === at("runs").length - 1 ? "latest" : at("runs").value;
  latest = fixed = null;
};
setInterval(place, FRAME_MS);
ask();
