"use strict";
// Renders openapi.json. Nothing is written as HTML: every element is created, and every text is a text node.

const $ = (id) => document.getElementById(id);

/** Creates an element. Members of `attributes` that are functions listen to events. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Returns the nodes of a text in which `code` stands between backticks. */
function prose(text) {
  return String(text ?? "").split("`").map((part, index) => (index % 2 ? el("code", null, part) : part));
}

let api;
const operations = new Map();

/** Follows a reference within the document. */
function resolve(value) {
  if (!value?.$ref) return value ?? {};
  const found = value.$ref.slice(2).split("/").reduce((at, name) => at?.[name], api);
  const { $ref, ...more } = value;
  return { ...resolve(found), ...more, name: $ref.split("/").pop() };
}

/** Joins the parts of `allOf`, and of an alternative to `null`. */
function flatten(schema) {
  let all = resolve(schema);
  for (const part of all.allOf ?? []) {
    const other = flatten(part);
    all = { ...all, ...other, properties: mergeProperties(all.properties, other.properties) };
  }
  for (const kind of ["anyOf", "oneOf"]) {
    const alternatives = (all[kind] ?? []).filter((one) => one.type !== "null");
    if (alternatives.length === 1 && all[kind]) {
      const { [kind]: all_, ...rest } = all;
      all = { ...flatten(alternatives[0]), ...rest, nullable: all_.length > 1 };
    }
  }
  return all;
}

function mergeProperties(one, other) {
  if (!one || !other) return one ?? other;
  const merged = { ...one };
  for (const [name, schema] of Object.entries(other)) merged[name] = { ...resolve(merged[name]), ...resolve(schema) };
  return merged;
}

/** Describes the type and the limits of a schema in one line. */
function typeOf(schema) {
  const flat = flatten(schema);
  const words = [];
  const types = [flat.type ?? (flat.properties ? "object" : [])].flat();
  const kinds = types.filter((type) => type !== "null");
  if (flat.enum) words.push(flat.enum.filter((value) => value !== null).map((value) => JSON.stringify(value)).join(" | "));
  else if (flat.const !== undefined) words.push(JSON.stringify(flat.const));
  else if (flat.anyOf || flat.oneOf) words.push((flat.anyOf ?? flat.oneOf).map(typeOf).join(" or "));
  else if (kinds.includes("array")) words.push(`list of ${flat.items ? typeOf(flat.items) : "anything"}`);
  else words.push(kinds.join(" or ") || "anything");
  if (flat.format) words.push(flat.format);
  const range = (low, high, unit) => {
    if (low == null && high == null) return;
    if (low != null && high != null) words.push(`${low} to ${high}${unit}`);
    else words.push(low != null ? `at least ${low}${unit}` : `at most ${high}${unit}`);
  };
  range(flat.minLength, flat.maxLength, " characters");
  range(flat.minimum, flat.maximum, "");
  range(flat.minItems, flat.maxItems, " items");
  range(flat.minProperties, flat.maxProperties, " members");
  if (flat.pattern?.startsWith("^[^")) words.push("without control characters");
  else if (flat.pattern && !flat.enum) words.push(`matches ${flat.pattern}`);
  if (types.includes("null") || flat.nullable) words.push("or null");
  if (flat.default !== undefined && flat.default !== null) words.push(`default ${JSON.stringify(flat.default)}`);
  return words.join(", ").replace(/(^|, )anything, /, "$1");
}

/** Returns the schema of the members below a schema, through lists. */
function below(schema) {
  const flat = flatten(schema);
  if (flat.properties) return flat;
  if (flat.items) return below(flat.items);
  return null;
}

/** Lists the members of an object. Objects within are opened on demand, so that a schema may contain itself. */
function fields(schema, isRequest) {
  const required = new Set(schema.required ?? []);
  const list = el("dl", { class: "fields" });
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const flat = flatten(property);
    if (isRequest && flat.readOnly) continue;
    const inner = below(property);
    const more = inner && el("details", { class: "more" }, el("summary", null, inner.name ?? "Members"));
    more?.addEventListener("toggle", () => more.childElementCount === 1 && more.append(fields(inner, isRequest)));
    list.append(
      el("dt", null, el("code", null, name), el("span", { class: "type" }, typeOf(property)),
        isRequest && required.has(name) && el("span", { class: "required" }, "required")),
      el("dd", null, flat.description && el("p", null, prose(flat.description)), more),
    );
  }
  return list;
}

/** Shows the schema of a body, with all alternatives. */
function body(schema, isRequest) {
  const flat = flatten(schema);
  const alternatives = flat.oneOf ?? flat.anyOf;
  if (alternatives) {
    return alternatives.map((one, index) => [el("h3", null, index ? "or" : "Either"), body(one, isRequest)]).flat(2);
  }
  const inner = below(flat);
  return [
    flat.description && el("p", null, prose(flat.description)),
    !flat.properties && el("p", { class: "type" }, typeOf(flat)),
    inner && fields(inner, isRequest),
  ];
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));

function example(content) {
  const first = content.example ?? resolve(Object.values(content.examples ?? {})[0]).value;
  return first === undefined ? null : el("pre", { tabindex: 0 }, text(first));
}

/** The value of an input, or its example. */
const exampleOf = (parameter) => parameter.example ?? parameter.schema?.examples?.[0] ?? "";

function serverOf(operation) {
  const url = (operation.servers ?? api.servers)[0].url;
  return new URL(url.endsWith("/") ? url : `${url}/`, new URL("openapi.json", location.href)).href.replace(/\/$/, "");
}

/** Builds a request from the values of parameters. */
function request({ method, path, operation }, values, bodyText, mediaType, token) {
  const query = new URLSearchParams();
  const headers = {};
  let target = path;
  for (const parameter of operation.parameters ?? []) {
    const value = String(values(parameter) ?? "");
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (parameter.in === "query") query.set(parameter.name, value);
    else headers[parameter.name] = value;
  }
  const security = operation.security ?? [];
  if (security.some((one) => one.bearer)) headers.Authorization = `Bearer ${token}`;
  else if (security.length) headers["X-API-Key"] = token;
  if (bodyText) headers["Content-Type"] = mediaType;
  const suffix = query.size ? `?${query}` : "";
  return { method: method.toUpperCase(), url: serverOf(operation) + target + suffix, headers, body: bodyText || undefined };
}

const quote = (value) => `'${value.replaceAll("'", `'\\''`)}'`;

function curl({ method, url, headers, body: sent }) {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${quote(url)}`];
  for (const [name, value] of Object.entries(headers)) {
    // A variable of the shell is to be replaced by the shell.
    lines.push(value.includes("$") ? `-H "${name}: ${value}"` : `-H ${quote(`${name}: ${value}`)}`);
  }
  if (sent) lines.push(`--data ${quote(sent)}`);
  return lines.join(" \\\n  ");
}

/** Returns the text and the media type of the example of a request's body. */
function exampleBody(operation) {
  const content = operation.requestBody?.content ?? {};
  const mediaType = Object.keys(content).find((type) => content[type].example !== undefined) ?? Object.keys(content)[0];
  const value = content[mediaType]?.example;
  if (mediaType === "application/x-www-form-urlencoded") return [String(new URLSearchParams(value)), mediaType];
  return [value === undefined ? "" : text(value), mediaType];
}

function tryIt(known) {
  const { operation } = known;
  const inputs = new Map();
  const grid = el("div", { class: "inputs" });
  for (const parameter of operation.parameters ?? []) {
    const id = `input-${parameter.in}-${parameter.name}`;
    const input = el("input", { id, class: "mono", spellcheck: "false", autocomplete: "off" });
    const isSent = parameter.required || parameter.in === "path";
    input.value = isSent ? exampleOf(parameter) : "";
    input.placeholder = isSent ? "" : String(exampleOf(parameter));
    inputs.set(parameter, input);
    grid.append(el("label", { for: id }, el("code", null, parameter.name)), input);
  }
  const [bodyText, mediaType] = exampleBody(operation);
  const area = mediaType && el("textarea", { id: "input-body", spellcheck: "false" });
  if (area) area.value = bodyText;
  const line = el("pre", { tabindex: 0 });
  const answer = el("div", { "aria-live": "polite" });
  const withToken = (token) => request(known, (parameter) => inputs.get(parameter).value.trim(), area?.value, mediaType, token);
  // The line may be shown to others, and is to be copied: it has no credential.
  const update = () => { line.textContent = curl(withToken("$TOKEN")); };
  const copy = el("button", { type: "button", click: async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(line);
      copy.textContent = "Selected";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } }, "Copy");
  const isFile = mediaType === "multipart/form-data";
  const send = async (event) => {
    event.preventDefault();
    const token = $("token").value.trim();
    if ((operation.security ?? []).length > 0 && !token) {
      answer.replaceChildren(el("p", { class: "notice" }, "Paste an access token or an API key above first."));
      $("token").focus();
      return;
    }
    answer.replaceChildren(el("p", null, "Sending…"));
    const { url, ...options } = withToken(token);
    const start = performance.now();
    try {
      const response = await fetch(url, { ...options, credentials: "omit", cache: "no-store" });
      const sent = await response.text();
      let shown = sent;
      try { shown = JSON.stringify(JSON.parse(sent), null, 2); } catch { /* It is no JSON. */ }
      const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      answer.replaceChildren(
        el("h3", null, `${response.status} ${response.statusText}`, el("span", { class: "type" }, ` in ${Math.round(performance.now() - start)} ms`)),
        el("details", { class: "more" }, el("summary", null, "Headers"), el("pre", { tabindex: 0 }, headers)),
        shown && el("pre", { tabindex: 0 }, shown),
      );
    } catch (error) {
      answer.replaceChildren(el("p", { class: "notice" }, `No answer: ${error.message}`));
    }
  };
  const form = el("form", { class: "try", submit: send, input: update },
    el("h2", null, "Try it"),
    (operation.parameters ?? []).length > 0 && grid,
    area && !isFile && [el("label", { for: "input-body" }, `Body, ${mediaType}`), area],
    isFile && el("p", { class: "notice" }, "Send files with the curl line: -F for each part of the form."),
    el("div", { class: "curl" }, line, copy),
    !isFile && el("button", { class: "main", type: "submit" }, "Send"),
    answer,
  );
  if (isFile) {
    const parts = Object.entries(flatten(operation.requestBody.content[mediaType].schema).properties ?? {});
    area.value = "";
    const withParts = () => {
      const files = parts.map(([name, part]) => `-F ${quote(part.contentMediaType ? `${name}=@file` : `${name}=…`)}`);
      line.textContent = [curl(withToken("$TOKEN")), ...files].join(" \\\n  ");
    };
    form.addEventListener("input", withParts);
    withParts();
  } else {
    update();
  }
  return form;
}

function securityOf(operation) {
  const all = operation.security ?? [];
  if (!all.length) return "Needs no credential.";
  const scope = all.map((one) => Object.values(one)[0][0]).find(Boolean);
  const names = { bearer: "an access token", oauth2: "a token of an OAuth app", apiKey: "an API key" };
  const kinds = all.map((one) => names[Object.keys(one)[0]]);
  const list = kinds.length > 1 ? `${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}` : kinds[0];
  return ["Takes ", list, scope && [". Scope: ", el("code", null, scope)], "."].flat();
}

function parameters(operation) {
  const all = operation.parameters ?? [];
  if (!all.length) return null;
  const list = el("dl", { class: "fields" });
  for (const parameter of all) {
    list.append(
      el("dt", null, el("code", null, parameter.name), el("span", { class: "type" }, `${parameter.in}, ${typeOf(parameter.schema)}`),
        parameter.required && el("span", { class: "required" }, "required")),
      el("dd", null, el("p", null, prose(parameter.description))),
    );
  }
  return [el("h2", null, "Parameters"), list];
}

function responses(operation) {
  return Object.entries(operation.responses).map(([status, described]) => {
    const response = resolve(described);
    const isSuccess = status < "400";
    const content = Object.entries(response.content ?? {})[0];
    const codes = isSuccess ? [] : response.description.split("\n");
    const headers = Object.entries(response.headers ?? {});
    const links = Object.values(response.links ?? {});
    const details = el("details", { class: "status", open: isSuccess && status !== "304" },
      el("summary", null, el("strong", null, status), " ", el("span", { class: "type" }, content?.[0] ?? "")),
      isSuccess ? el("p", null, prose(response.description)) : el("ul", { class: "codes" }, codes.map((line) => el("li", null, prose(line)))),
      headers.length > 0 && el("dl", { class: "fields" }, headers.map(([name, header]) => [
        el("dt", null, el("code", null, name)), el("dd", null, el("p", null, prose(header.description))),
      ]).flat()),
      content && isSuccess && body(content[1].schema ?? {}, false),
      content && example(content[1]),
      links.length > 0 && el("p", null, "What is created here is used by ", links.map((link, index) => [index ? ", " : "", el("a", { href: `#${link.operationId}` }, link.operationId)]).flat(), "."),
    );
    return details;
  });
}

function showOperation(known) {
  const { method, path, operation } = known;
  const content = Object.entries(operation.requestBody?.content ?? {});
  $("content").replaceChildren(...[
    el("h1", null, prose(operation.summary)),
    el("div", { class: "route" }, el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", null, path)),
    el("p", { class: "facts" }, prose(operation.description), " ", securityOf(operation)),
    parameters(operation),
    content.map(([mediaType, { schema, ...more }], index) => [
      el("h2", null, index ? "Or, " : "Body, ", el("span", { class: "type" }, mediaType)), body(schema, true), example({ ...more }),
    ]),
    tryIt(known),
    el("h2", null, "Responses"),
    responses(operation),
  ].flat(9).filter(Boolean));
}

function showStart() {
  const schemes = Object.entries(api.components.securitySchemes);
  $("content").replaceChildren(
    el("h1", null, `${api.info.title} API`),
    el("p", null, api.info.description, " ", el("a", { href: "openapi.json" }, "openapi.json"), " describes it for programs (OpenAPI 3.1)."),
    el("h2", null, "Credentials"),
    el("dl", { class: "fields" }, schemes.map(([name, scheme]) => [
      el("dt", null, el("code", null, name)), el("dd", null, el("p", null, prose(scheme.description))),
    ]).flat()),
    el("p", null, "A token that is pasted above stays in this page: it is sent to this API only, and forgotten when the page is closed."),
    el("h2", null, "Errors"),
    el("p", null, "A failure has a stable ", el("code", null, "code"), " and says what to do in ", el("code", null, "detail"), " (RFC 9457). Each operation lists its codes by status."),
    example(resolve(api.components.responses.BadRequest ?? {}).content?.["application/problem+json"] ?? {}) ?? "",
  );
}

/** Folds case and accents, so that `Padrón` is found by `padron`. */
const fold = (value) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function list() {
  const words = fold($("search").value).split(/\s+/).filter(Boolean);
  const tags = new Map();
  for (const known of operations.values()) {
    if (words.every((word) => known.words.includes(word))) {
      const tag = known.operation.tags?.[0] ?? "api";
      if (!tags.has(tag)) tags.set(tag, []);
      tags.get(tag).push(known);
    }
  }
  const current = location.hash.slice(1);
  const groups = [...tags].map(([tag, all]) => [
    el("h2", null, tag),
    el("ul", null, all.map(({ id, method, operation }) => el("li", null,
      el("a", { href: `#${id}`, title: operation.summary, "aria-current": id === current ? "page" : null },
        el("span", { class: `method ${method}` }, method.toUpperCase()), el("span", null, id))))),
  ]);
  $("operations").replaceChildren(...(groups.length ? groups.flat() : [el("p", null, "No operation has these words.")]));
}

function show() {
  const known = operations.get(decodeURIComponent(location.hash.slice(1)));
  if (known) showOperation(known);
  else showStart();
  document.title = `${known ? `${known.operation.summary} · ` : ""}Padrón API`;
  list();
  $("operations").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  scrollTo(0, 0);
}

const isNarrow = matchMedia("(max-width: 52rem)");

async function start() {
  try {
    const response = await fetch("openapi.json");
    if (!response.ok) throw new Error(`status ${response.status}`);
    api = await response.json();
  } catch (error) {
    $("content").replaceChildren(el("p", { class: "notice" }, `openapi.json cannot be read: ${error.message}`));
    return;
  }
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const id = operation.operationId;
      const words = fold([id, method, path, operation.summary, operation.description, ...(operation.parameters ?? []).map(({ name }) => name)].join(" "));
      operations.set(id, { id, method, path, operation, words });
    }
  }
  $("version").textContent = api.info.version;
  $("menu").open = !isNarrow.matches;
  $("search").addEventListener("input", () => { $("menu").open = true; list(); });
  $("search").addEventListener("keydown", (event) => {
    const first = $("operations").querySelector("a");
    if (event.key === "Enter" && first) location.hash = first.hash;
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      $("search").focus();
    }
  });
  addEventListener("hashchange", () => {
    if (isNarrow.matches) $("menu").open = false;
    show();
    $("content").focus({ preventScroll: true });
  });
  show();
}

start();
