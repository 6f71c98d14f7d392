// A browser whose user signs in as the first one whom the page offers, and allows everything.
import assert from "node:assert";

/** The parts of a form of a page: where it is sent, and its fields as a user leaves them. */
function firstForm(page) {
  const [head, rest] = page.split("<form")[1].split(/>(.*)/s);
  const form = rest.split("</form>")[0];
  const attribute = (tag, name) => tag.match(new RegExp(`${name}="([^"]*)"`))?.[1];
  const fields = new URLSearchParams({ action: "allow" });
  for (const [, input] of form.matchAll(/<input ([^>]*)>/g)) {
    fields.append(attribute(input, "name"), attribute(input, "value") ?? "anyone");
  }
  for (const [, select, options] of form.matchAll(/<select ([^>]*)>(.*?)<\/select>/gs)) {
    fields.append(attribute(select, "name"), options.match(/value="([^"]+)"/)[1]);
  }
  return { action: attribute(head, "action"), fields };
}

/** Goes the way that begins at a URL, and returns the URL at which the client gets its answer. */
export async function allow(start, redirectUri) {
  const cookies = new Map();
  let [url, body] = [new URL(start), undefined];
  for (let steps = 0; steps < 16; steps += 1) {
    if (url.href.startsWith(`${redirectUri}?`)) return url;
    const headers = { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") };
    if (body) headers.origin = url.origin;
    const response = await fetch(url, { method: body ? "POST" : "GET", body, headers, redirect: "manual" });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(";")[0].split(/=(.*)/s);
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    const location = response.headers.get("location");
    body = undefined;
    if (location) {
      url = new URL(location, url);
      continue;
    }
    const page = await response.text();
    assert.equal(response.status, 200, page);
    const user = page.match(/href="([^"]*sign_in_as=[^"]*)"/);
    if (user) {
      url = new URL(user[1].replaceAll("&amp;", "&"), url);
      continue;
    }
    const form = firstForm(page);
    body = form.fields;
    url = new URL(form.action ?? url, url);
  }
  throw new Error("the flow does not end");
}
