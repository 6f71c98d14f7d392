// A client whose types are generated from openapi.json. It creates an organization, invites a member, who accepts, and writes and lists
// customers.
//
// Usage: client.js <URL of the API> <token of the owner> <token of the invited user> <e-mail address of the invited user>

import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./openapi.js";

const [baseUrl, ownerToken, invitedToken, email] = process.argv.slice(2);
assert(baseUrl && ownerToken && invitedToken && email);

const clientOf = (token: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const owner = clientOf(ownerToken);
const invited = clientOf(invitedToken);

/** Returns the body of a success, and fails with the problem otherwise. */
function body<T>(result: { data?: T; error?: unknown }): T {
  assert(result.data !== undefined, JSON.stringify(result.error));
  return result.data;
}

const slug = `contract-${Date.now()}`;
const organization = body(await owner.POST("/organizations", { body: { name: "Contract", slug } }));
const path = { organizationId: organization.id };

const invitation = body(
  await owner.POST("/organizations/{organizationId}/members/invite", {
    params: { path },
    body: { email, role: "member" },
  }),
);
body(await invited.POST("/invitations/accept", { body: { token: invitation.token } }));
const members = body(await owner.GET("/organizations/{organizationId}/members", { params: { path } }));
assert.deepEqual(members.map((member) => member.role).sort(), ["member", "owner"]);

const names = ["Ñandú Logística", "Volt Nord", "Consultoría Ámbar"];
for (const legalName of names) {
  const created: components["schemas"]["CustomerWithWarnings"] = body(
    await invited.POST("/organizations/{organizationId}/customers", {
      params: { path },
      body: { legalName, type: "Private", addressCountry: "DNK" },
    }),
  );
  assert.equal(created.legalName, legalName);
}
const customers = body(
  await invited.GET("/organizations/{organizationId}/customers", { params: { path, query: { limit: 10 } } }),
);
assert.deepEqual(customers.map((customer) => customer.legalName).sort(), [...names].sort());

const { error, response } = await invited.GET("/organizations/{organizationId}/customers/{customerId}", {
  params: { path: { ...path, customerId: "000000000000000000000000" } },
});
assert.equal(response.status, 404);
assert.equal(error?.code, "customer_not_found");
console.log(`A client in TypeScript created ${organization.slug} with ${members.length} members and ${customers.length} customers.`);
