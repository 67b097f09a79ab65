// The search page. No build step, nothing from elsewhere; text of repositories is only ever set as text, never as HTML.

const byId = (id) => document.getElementById(id);
const status = byId("status");

/** An element with a class, attributes and children. */
function element(name, options = {}, ...children) {
  const { svg, ...attributes } = options;
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Calls the server; asks for a token once it wants one. */
async function call(path, options = {}) {
  const headers = { "content-type": "application/json" };
  const token = sessionStorage.getItem("token");
  if (token) headers.authorization = `Bearer ${token}`;
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) {
    const given = prompt("This server wants a token:");
    if (given) {
      sessionStorage.setItem("token", given);
      return call(path, options);
    }
  }
  const contentType = response.headers.get("content-type") ?? "";
  if (!response.ok) {
    const { error } = contentType.includes("json") ? await response.json() : { error: { message: response.statusText } };
    throw new Error([error.message, error.hint].filter(Boolean).join(". "));
  }
  return response;
}

/** The events of a stream, as they come. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => block.split("\n").filter((line) => line.startsWith(name + ":"))
        .map((line) => line.slice(name.length + 1).trimStart()).join("\n");
      if (field("data")) yield { name: field("event"), data: JSON.parse(field("data")) };
    }
  }
}

let running = new AbortController();

async function search() {
  const query = byId("query").value.trim();
  running.abort();
  running = new AbortController();
  const { signal } = running;
  if (!query) {
    byId("hits").replaceChildren();
    return;
  }
  const request = { query, limit: 20, explain: true, mode: byId("mode").value, unit: byId("unit").value };
  if (byId("repository").value) request.repositories = [byId("repository").value];
  if (byId("language").value.trim()) request.languages = [byId("language").value.trim()];
  if (byId("path").value.trim()) request.paths = [byId("path").value.trim()];
  const address = new URLSearchParams({ q: query });
  history.replaceState(null, "", `?${address}`);
  try {
    const response = await call("/v1/search/stream", { method: "POST", body: JSON.stringify(request), signal });
    let isFirst = true;
    for await (const { name, data } of events(response)) {
      if (name === "error") throw new Error(data.error.message);
      // What the first retriever finds is shown at once, and replaced by the final ranking.
      if (name === "hits" && !isFirst) continue;
      isFirst = false;
      show(data.hits, query);
      const count = `${data.hits.length} ${data.hits.length === 1 ? "hit" : "hits"}`;
      status.className = "";
      status.textContent = name === "final" ? `${count} in ${(data.took_us / 1000).toFixed(1)} ms` : `${count} so far`;
    }
  } catch (error) {
    if (error.name === "AbortError") return;
    status.className = "error";
    status.textContent = error.message;
  }
}

/** Parts of words that a query and a text may share. */
function stems(text) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length > 2)
    .map((word) => (word.length > 5 ? word.slice(0, -2) : word));
}

/** A line of code, with the words of the query marked. */
function marked(line, wanted) {
  const parts = [];
  let last = 0;
  for (const match of line.matchAll(/[\p{L}\p{N}]+/gu)) {
    const word = match[0].toLowerCase();
    if (wanted.some((stem) => word.startsWith(stem))) {
      parts.push(line.slice(last, match.index), element("mark", {}, match[0]));
      last = match.index + match[0].length;
    }
  }
  return [...parts, line.slice(last)];
}

function show(hits, query) {
  const wanted = stems(query);
  byId("hits").replaceChildren(...hits.map((hit) => article(hit, wanted)));
}

function article(hit, wanted) {
  const lines = hit.snippet.replace(/\n$/, "").split("\n");
  const code = lines.flatMap((line, index) => [
    element("span", { class: "n" }, String(hit.start_line + index)), ...marked(line, wanted), "\n",
  ]);
  const below = element("div");
  const tool = (title, open) => {
    const button = element("button", { type: "button" }, title);
    button.addEventListener("click", async () => {
      if (below.dataset.open === title) {
        below.replaceChildren();
        delete below.dataset.open;
        return;
      }
      below.dataset.open = title;
      try {
        below.replaceChildren(await open());
      } catch (error) {
        below.replaceChildren(element("p", { class: "error" }, error.message));
      }
    });
    return button;
  };
  const repository = byId("repository").options.length > 2 ? `${hit.repository}: ` : "";
  return element("article", {},
    element("header", {},
      element("h2", {}, `${repository}${hit.path}:${hit.start_line}-${hit.end_line}`),
      element("span", { class: "symbol" }, [hit.kind, hit.symbol].filter(Boolean).join(" ")),
      element("span", { class: "tools" }, tool("why", async () => why(hit)), tool("neighbours", () => neighbours(hit)))),
    element("pre", {}, element("code", {}, ...code)), below);
}

/** How the score came about. */
function why(hit) {
  const terms = (hit.terms ?? []).filter((term) => term.contribution !== 0)
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const most = Math.max(...terms.map((term) => Math.abs(term.contribution)), 1e-9);
  const row = (term) => {
    const bar = element("span", { class: "bar" });
    bar.style.width = `${(10 * Math.abs(term.contribution)) / most}em`;
    return element("tr", {}, element("th", {}, term.name), element("td", { class: "number" }, term.contribution.toFixed(3)),
      element("td", {}, bar));
  };
  return element("table", {}, ...terms.map(row));
}

/** What a hit hangs together with, as a picture: what it uses on the right, who uses it on the left. */
async function neighbours(hit) {
  const ask = async (symbol) => {
    const parameters = new URLSearchParams({ symbol, repository: hit.repository, limit: 12 });
    return (await call(`/v1/graph/neighbors?${parameters}`)).json();
  };
  // A name that several definitions share is told apart by its place.
  const answer = await ask(hit.symbol ?? hit.path).catch(() => ask(`${hit.path}:${hit.start_line}`));
  const columns = [answer.used_by, answer.uses];
  const height = 24 * Math.max(1, ...columns.map((column) => column.length)) + 40;
  const picture = element("svg", { svg: true, viewBox: `0 0 900 ${height}`, role: "img", "aria-label": "neighbours" });
  const middle = [450, height / 2];
  columns.forEach((column, side) => column.forEach((other, index) => {
    const x = side === 0 ? 290 : 610;
    const y = 30 + (height - 40) * ((index + 0.5) / column.length) - 10;
    const line = element("line", { svg: true, x1: middle[0], y1: middle[1], x2: x, y2: y, class: other.link.tier });
    const name = other.name.length > 38 ? `…${other.name.slice(-37)}` : other.name;
    const text = element("text", {
      svg: true, x: side === 0 ? x - 8 : x + 8, y: y + 4, "text-anchor": side === 0 ? "end" : "start",
    }, `${name}`, element("title", { svg: true }, `${other.link.kind}, ${other.link.tier}: ${other.path ?? other.name}`));
    picture.append(line, element("circle", { svg: true, cx: x, cy: y, r: 4 }), text);
  }));
  picture.append(element("circle", { svg: true, cx: middle[0], cy: middle[1], r: 6, class: "centre" }),
    element("text", { svg: true, x: middle[0], y: middle[1] - 12, "text-anchor": "middle" }, answer.node.name),
    element("text", { svg: true, x: 290, y: 12, "text-anchor": "end" }, "used by"),
    element("text", { svg: true, x: 610, y: 12 }, "uses"));
  return picture;
}

async function start() {
  try {
    const repositories = await (await call("/v1/repositories")).json();
    byId("repository").append(...repositories.map((one) => element("option", { value: one.name }, one.name)));
    const waiting = repositories.filter((one) => !one.ready).map((one) => one.name);
    if (waiting.length) status.textContent = `being indexed: ${waiting.join(", ")}`;
  } catch (error) {
    status.className = "error";
    status.textContent = error.message;
  }
  byId("query").value = new URLSearchParams(location.search).get("q") ?? "";
  if (byId("query").value) search();
}

let later;
for (const form of ["ask", "filters"]) {
  byId(form).addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  byId(form).addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(search, 150);
  });
}
start();
