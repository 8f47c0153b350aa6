// SPDX-License-Identifier: Apache-2.0
//
// HubSpot's own client makes every call that the adapter makes, of the fake at FAKE, and is not content with anything but what HubSpot would answer.
// The dated paths, which the client has no methods for, are called through its apiRequest.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { Client, Signature } = createRequire(`${process.env.CLIENT}/`)("@hubspot/api-client");
const fake = process.env.FAKE;
const token = process.env.TOKEN;
const secret = process.env.SECRET;
const client = new Client({ accessToken: token, basePath: fake });
const { contacts, deals, objects, properties, owners, pipelines, associations } = client.crm;

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function control(method, path, body) {
  const answer = await fetch(`${fake}/_control/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}
const act = (as, what, type, more) => control("POST", "act", { as, do: what, type, ...more });
const set = (settings) => control("POST", "set", settings);
// clock of the account: "stop" it, past every limit that was used, or "start" it again. How many are refused is no matter of how fast this machine is.
const clock = async (what) => assert.ok((await fetch(`${fake}/_clock/${what}`, { method: "POST" })).ok);

// refused calls and gives back the error, which has to be one with that status.
async function refused(status, promise) {
  try {
    await promise;
  } catch (error) {
    assert.equal(error.code, status, error.message);
    assert.ok(error.body === undefined || typeof error.body !== "string", "the error has a body that is JSON");
    return error;
  }
  assert.fail(`taken, and not refused with ${status}`);
}

async function dated(method, path, body) {
  const answer = await client.apiRequest({ method, path, body });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
}

const step = (name, run) => ({ name, run });
const steps = [
  step("account, owners and pipelines", async () => {
    const account = await dated("GET", "/account-info/2026-09/details");
    assert.equal(account.body.portalId, 62515);
    for (const header of ["max", "remaining", "interval-milliseconds", "daily", "daily-remaining"]) {
      assert.match(account.headers.get(`x-hubspot-ratelimit-${header}`), /^\d+$/);
    }
    const first = await owners.ownersApi.getPage(undefined, undefined, 2);
    assert.equal(first.results.length, 2);
    assert.ok(first.results[0].createdAt instanceof Date && first.results[0].type === "PERSON");
    const second = await owners.ownersApi.getPage(undefined, first.paging.next.after, 2);
    assert.equal(second.results.length, 1);
    assert.equal(second.paging, undefined);
    const one = await owners.ownersApi.getPage("rep2@acme.example");
    assert.deepEqual(one.results.map((o) => o.email), ["rep2@acme.example"]);
    assert.equal((await owners.ownersApi.getById(Number(one.results[0].id))).email, "rep2@acme.example");
    await act("admin@acme.example", "delete", "owners", { id: "leaver@acme.example" });
    assert.ok((await owners.ownersApi.getPage(undefined, undefined, 100, true)).results.some((o) => o.archived && o.email === "leaver@acme.example"));
    const pipeline = (await pipelines.pipelinesApi.getAll("deals")).results[0];
    assert.equal(pipeline.stages.find((s) => s.id === "closedwon").metadata.isClosed, "true");
  }),

  step("properties", async () => {
    const all = (await properties.coreApi.getAll("contacts", false)).results;
    const named = Object.fromEntries(all.map((p) => [p.name, p]));
    assert.deepEqual(named.lifecyclestage.options.slice(0, 3).map((o) => o.value), ["subscriber", "lead", "marketingqualifiedlead"]);
    assert.equal(named.lastmodifieddate.modificationMetadata.readOnlyValue, true);
    assert.equal(named.email.hasUniqueValue, true);
    assert.equal(named.hubspot_owner_id.externalOptions, true);
    await properties.groupsApi.create("contacts", { name: "handoff", label: "Handoff", displayOrder: -1 });
    const make = (name, type, fieldType, more) => ({ name, label: name, type, fieldType, groupName: "handoff", ...more });
    const made = await properties.batchApi.create("contacts", {
      inputs: [
        make("handoff_score", "number", "number"),
        make("handoff_reason", "enumeration", "select", { options: [{ label: "Wrong fit", value: "FIT", displayOrder: 0, hidden: false }] }),
        make("handoff_due_at", "datetime", "date"),
        make("handoff_day", "date", "date"),
        make("handoff_key", "string", "text", { hasUniqueValue: true }),
      ],
    });
    assert.equal(made.status, "COMPLETE");
    assert.equal(made.results.length, 5);
    const again = await properties.batchApi.create("contacts", { inputs: [make("handoff_score", "number", "number")] });
    assert.equal(again.numErrors, 1);
    assert.equal((await refused(409, properties.coreApi.create("contacts", make("handoff_score", "number", "number")))).body.category, "CONFLICT");
    await refused(400, properties.coreApi.create("contacts", make("x_y", "string", "text", { groupName: "nowhere" })));
    await refused(404, properties.coreApi.getByName("contacts", "nothing"));
    assert.equal((await properties.coreApi.getByName("contacts", "handoff_key")).hasUniqueValue, true);
    assert.equal((await dated("GET", "/crm/properties/2026-09/contacts/handoff_day")).body.type, "date");
  }),

  step("one contact: create, get, history, update, archive", async () => {
    const owner = (await owners.ownersApi.getPage("rep1@acme.example")).results[0];
    const made = await contacts.basicApi.create({ properties: { email: "One@Example.com", firstname: "One" }, associations: [] });
    assert.equal(made.properties.email, "one@example.com");
    assert.equal(made.archived, false);
    const conflict = await refused(409, contacts.basicApi.create({ properties: { email: "one@example.com" }, associations: [] }));
    assert.match(conflict.body.message, new RegExp(`Existing ID: ${made.id}$`));
    const by = await contacts.basicApi.getById("one@example.com", ["firstname", "handoff_score"], undefined, ["notes"], false, "email");
    assert.equal(by.id, made.id);
    assert.equal(by.properties.handoff_score, null);
    assert.ok(by.updatedAt instanceof Date && by.createdAt instanceof Date);

    const changed = await contacts.basicApi.update(made.id, { properties: { hubspot_owner_id: owner.id, handoff_score: "41", handoff_due_at: "1767225600000" } });
    assert.equal(changed.properties.handoff_due_at, "2026-01-01T00:00:00.000Z");
    assert.ok(changed.updatedAt >= made.updatedAt);
    await act("rep2@acme.example", "set", "contacts", { id: made.id, values: { hs_lead_status: "OPEN", hubspot_owner_id: "rep2@acme.example" } });
    await contacts.basicApi.update(made.id, { properties: { handoff_score: "41" } });
    const whole = await contacts.basicApi.getById(made.id, ["hubspot_owner_assigneddate"], ["hubspot_owner_id", "hs_lead_status", "handoff_score"]);
    const history = whole.propertiesWithHistory;
    assert.deepEqual(history.hubspot_owner_id.map((v) => v.sourceType), ["CRM_UI", "INTEGRATION"]);
    assert.equal(history.hs_lead_status[0].sourceId, `userId:${history.hs_lead_status[0].updatedByUserId}`);
    assert.ok(history.hubspot_owner_id[0].timestamp instanceof Date);
    assert.equal(history.handoff_score.length, 1, "the same value is no change");
    assert.ok(whole.properties.hubspot_owner_assigneddate);

    const wrong = await refused(400, contacts.basicApi.update(made.id, {
      properties: { lastmodifieddate: "1", nothing: "x", hs_lead_status: "MAYBE", handoff_score: "many", hubspot_owner_id: "1", handoff_day: "2026-01-01T10:00:00Z" },
    }));
    assert.equal(wrong.body.category, "VALIDATION_ERROR");
    assert.match(wrong.body.message, /^Property values were not valid: \[\{/);
    assert.deepEqual(Object.fromEntries(wrong.body.errors.map((e) => [e.context.propertyName[0], e.code])), {
      lastmodifieddate: "READ_ONLY_VALUE", nothing: "PROPERTY_DOESNT_EXIST", hs_lead_status: "INVALID_OPTION", handoff_score: "INVALID_DOUBLE",
      hubspot_owner_id: "INVALID_OWNER_ID", handoff_day: "INVALID_DATE",
    });

    for (const [to, is] of [["salesqualifiedlead", "salesqualifiedlead"], ["lead", "salesqualifiedlead"], ["", null], ["lead", "lead"]]) {
      const moved = await contacts.basicApi.update(made.id, { properties: { lifecyclestage: to } });
      assert.equal(moved.properties.lifecyclestage ?? null, is, `lifecyclestage set to ${JSON.stringify(to)}`);
    }
    await contacts.basicApi.archive(made.id);
    await refused(404, contacts.basicApi.getById(made.id));
    assert.equal((await contacts.basicApi.getById(made.id, undefined, undefined, undefined, true)).archived, true);
    assert.ok((await contacts.getAll(100, undefined, undefined, undefined, undefined, true)).some((c) => c.id === made.id));
  }),

  step("batches and their 207", async () => {
    const made = await contacts.batchApi.create({
      inputs: [1, 2, 3].map((n) => ({ properties: { email: `b${n}@example.com`, handoff_key: `k${n}` }, associations: [] })),
    });
    assert.equal(made.status, "COMPLETE");
    const ids = made.results.map((r) => r.id);
    const read = await contacts.batchApi.read({ inputs: [{ id: ids[0] }, { id: "999999" }, { id: "999998" }], properties: ["email"], propertiesWithHistory: ["email"] });
    assert.deepEqual(read.results.map((r) => r.id), [ids[0]]);
    assert.equal(read.numErrors, 1);
    assert.equal(read.errors[0].category, "OBJECT_NOT_FOUND");
    assert.deepEqual(read.errors[0].context.ids, ["999999", "999998"]);
    assert.equal(read.results[0].propertiesWithHistory.email.length, 1);
    const byKey = await contacts.batchApi.read({ inputs: [{ id: "k2" }], idProperty: "handoff_key", properties: ["handoff_key"], propertiesWithHistory: [] });
    assert.equal(byKey.results[0].id, ids[1]);

    const updated = await contacts.batchApi.update({
      inputs: [...ids, "999999"].map((id, n) => ({ id, objectWriteTraceId: `t${n}`, properties: { handoff_score: String(n) } })),
    });
    assert.equal(updated.results.length, 3);
    assert.deepEqual(updated.errors[0].context, { ids: ["999999"], objectWriteTraceId: ["t3"] });
    assert.equal(updated.results.find((r) => r.id === ids[2]).objectWriteTraceId, "t2");
    const spoiled = await refused(400, contacts.batchApi.update({
      inputs: [{ id: ids[0], properties: { handoff_score: "77" } }, { id: ids[1], properties: { handoff_reason: "NONE" } }],
    }));
    assert.equal(spoiled.body.errors[0].code, "INVALID_OPTION");
    assert.equal((await contacts.basicApi.getById(ids[0], ["handoff_score"])).properties.handoff_score, "0", "nothing of a refused batch is written");
    assert.match((await refused(400, contacts.batchApi.update({ inputs: [1, 2].map(() => ({ id: ids[0], properties: { handoff_score: "1" } })) }))).body.message, /Duplicate IDs/);
    const many = (n) => Array.from({ length: n }, (_, i) => ({ id: String(i + 1) }));
    await refused(400, contacts.batchApi.read({ inputs: many(101), properties: [], propertiesWithHistory: [] }));
    await refused(400, contacts.batchApi.read({ inputs: many(51), properties: [], propertiesWithHistory: ["email"] }));

    const upserted = await contacts.batchApi.upsert({
      inputs: [{ id: "k1", idProperty: "handoff_key", properties: { firstname: "Kay" } }, { id: "k9", idProperty: "handoff_key", properties: { firstname: "New" } }],
    });
    assert.deepEqual(upserted.results.map((r) => r._new ?? r.new), [false, true]);
    assert.match((await refused(400, contacts.batchApi.upsert({ inputs: [{ id: "1", idProperty: "firstname", properties: {} }] }))).body.message, /non-unique 0-1 property firstname/);
    const partly = await contacts.batchApi.create({
      inputs: [{ email: "b1@example.com" }, { email: "b8@example.com" }, { missing: "1" }].map((values, n) => ({ properties: values, objectWriteTraceId: `c${n}`, associations: [] })),
    });
    assert.deepEqual(partly.results.map((r) => r.objectWriteTraceId), ["c1"]);
    assert.deepEqual(partly.errors.map((e) => [e.category, e.context.objectWriteTraceId[0]]), [["CONFLICT", "c0"], ["VALIDATION_ERROR", "c2"]]);
    await contacts.batchApi.archive({ inputs: [{ id: ids[2] }] });
    await refused(404, contacts.basicApi.getById(ids[2]));
    const same = await dated("POST", "/crm/objects/2026-09/contacts/batch/update", { inputs: [{ id: ids[0], properties: { handoff_score: "5" } }] });
    assert.equal(same.status, 200);
    assert.equal(same.body.results[0].properties.handoff_score, "5");
  }),

  step("merges", async () => {
    const [a, b] = await Promise.all(["m1@example.com", "m2@example.com"].map((email) => contacts.basicApi.create({ properties: { email, firstname: email }, associations: [] })));
    const merged = await contacts.basicApi.merge({ primaryObjectId: a.id, objectIdToMerge: b.id });
    assert.notEqual(merged.id, a.id, "a merged record has an id of its own");
    const found = await contacts.batchApi.read({ inputs: [{ id: a.id }, { id: b.id }], properties: ["hs_merged_object_ids", "hs_calculated_merged_vids", "hs_additional_emails", "firstname"], propertiesWithHistory: [] });
    assert.deepEqual(found.results.map((r) => r.id), [merged.id], "both old ids lead to it");
    assert.equal(found.results[0].properties.hs_merged_object_ids, `${a.id};${b.id}`);
    assert.match(found.results[0].properties.hs_calculated_merged_vids, new RegExp(`^${a.id}:\\d{13};${b.id}:\\d{13}$`));
    assert.equal(found.results[0].properties.firstname, "m1@example.com");
    assert.equal(found.results[0].properties.hs_additional_emails, "m2@example.com");
    assert.equal((await contacts.basicApi.getById("m2@example.com", undefined, undefined, undefined, false, "email")).id, merged.id);
  }),

  step("notes, calls, deals and their associations", async () => {
    const who = await contacts.basicApi.create({ properties: { email: "talk@example.com" }, associations: [] });
    const to = (type) => [{ to: { id: who.id }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: type }] }];
    const note = await objects.notes.basicApi.create({ properties: { hs_timestamp: "2026-01-02T03:04:05Z", hs_note_body: "set back" }, associations: to(202) });
    await refused(400, objects.notes.basicApi.create({ properties: { hs_note_body: "when?" }, associations: [] }));
    await refused(400, objects.notes.basicApi.create({ properties: { hs_timestamp: "1" }, associations: to(203) }));
    const before = (await contacts.basicApi.getById(who.id)).updatedAt;
    await later(5);
    const call = await act("rep1@acme.example", "log", "calls", { of: [`contacts/${who.id}`], values: { hs_call_status: "COMPLETED", hs_call_direction: "OUTBOUND", hs_call_disposition: "f240bbac-87c9-4f6e-bf70-924b57d47db7" } });
    assert.ok((await contacts.basicApi.getById(who.id)).updatedAt > before, "what is logged at a contact modifies it");
    const deal = await deals.basicApi.create({ properties: { dealname: "A deal", dealstage: "closedwon", pipeline: "default", amount: "100" }, associations: to(3) });
    assert.equal((await deals.basicApi.getById(deal.id, ["hs_is_closed_won"])).properties.hs_is_closed_won, "true");
    const linked = await associations.v4.batchApi.getPage("calls", "contacts", { inputs: [{ id: call.id }, { id: "999999" }] });
    assert.deepEqual(linked.results[0].to.map((t) => String(t.toObjectId)), [who.id]);
    assert.equal(linked.results[0].to[0].associationTypes[0].typeId, 194);
    assert.equal(linked.errors[0].subCategory, "crm.associations.NO_ASSOCIATIONS_FOUND");
    assert.deepEqual(linked.errors[0].context.fromObjectId, ["999999"]);
    const other = await contacts.basicApi.create({ properties: { email: "other@example.com" }, associations: [] });
    await associations.v4.batchApi.create("notes", "contacts", { inputs: [{ _from: { id: note.id }, to: { id: other.id }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 202 }] }] });
    const notes = await dated("POST", "/crm/associations/2026-09/notes/contacts/batch/read", { inputs: [{ id: note.id }] });
    assert.deepEqual(notes.body.results[0].to.map((t) => t.toObjectId), [who.id, other.id]);
    const withThem = await contacts.basicApi.getById(who.id, [], undefined, ["notes", "calls", "deals"]);
    assert.equal(withThem.associations.calls.results[0].id, call.id);
    assert.equal((await objects.calls.searchApi.doSearch({ filterGroups: [], sorts: [], properties: ["hs_call_status"], limit: 5, after: "0" })).results[0].properties.hs_call_status, "COMPLETED");
  }),

  step("search: operators, limits, the ceiling", async () => {
    await set({ unlimited: true });
    await control("POST", "seed", { contacts: 10050, atMs: 1750000000000, values: { company: "Bulk {n}" } });
    const search = (filters, more) => contacts.searchApi.doSearch({ filterGroups: [{ filters }], sorts: [], properties: ["company"], limit: 200, after: "0", ...more });
    const at = { propertyName: "lastmodifieddate", operator: "BETWEEN", value: "1750000000000", highValue: "1750000000000" };
    const byId = { sorts: [{ propertyName: "hs_object_id", direction: "ASCENDING" }] };
    const seen = [];
    let after = "0";
    for (;;) {
      const page = await search([at], { ...byId, after });
      assert.equal(page.total, 10050);
      seen.push(...page.results.map((r) => Number(r.id)));
      if (seen.length === 10000) break;
      after = page.paging.next.after;
    }
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b), "by number, and not by letter");
    const past = await refused(400, search([at], { ...byId, after: "10000" }));
    assert.equal(past.body.category, "VALIDATION_ERROR");
    const rest = await search([at, { propertyName: "hs_object_id", operator: "GT", value: String(seen.at(-1)) }], byId);
    assert.equal(rest.results.length, 50);
    assert.equal(rest.paging, undefined);
    assert.equal(new Set([...seen, ...rest.results.map((r) => Number(r.id))]).size, 10050, "each once");

    const count = async (property, operator, more) => (await search([{ propertyName: property, operator, ...more }], { limit: 1 })).total;
    assert.equal(await count("company", "EQ", { value: "Bulk 0" }), 0);
    assert.equal(await count("email", "IN", { values: ["talk@example.com", "other@example.com"] }), 2);
    assert.equal(await count("email", "CONTAINS_TOKEN", { value: "talk*" }), 1);
    assert.equal(await count("handoff_key", "HAS_PROPERTY"), 3);
    assert.equal(await count("handoff_score", "GTE", { value: "5" }), 1);
    assert.ok((await count("company", "NOT_HAS_PROPERTY")) > 0 && (await count("lastmodifieddate", "GT", { value: "1750000000000" })) > 0);
    await refused(400, search([{ propertyName: "nothing", operator: "EQ", value: "1" }]));
    await refused(400, search([at], { limit: 201 }));
    await refused(400, search([at], { limit: 1, properties: Array.from({ length: 200 }, (_, i) => `a_long_name_${i}`) }));
    await refused(400, search([at], { sorts: [{ propertyName: "email", direction: "ASCENDING" }, { propertyName: "company", direction: "ASCENDING" }] }));
    await refused(400, contacts.searchApi.doSearch({ filterGroups: Array.from({ length: 6 }, () => ({ filters: [at] })), sorts: [], properties: [], limit: 1, after: "0" }));
    await set({ unlimited: false });
  }),

  step("search: the index is behind", async () => {
    const one = await contacts.basicApi.create({ properties: { email: "lag@example.com", company: "old" }, associations: [] });
    await set({ indexLagMs: 60000, unlimited: true });
    await contacts.basicApi.update(one.id, { properties: { company: "new" } });
    const seen = await contacts.searchApi.doSearch({ filterGroups: [{ filters: [{ propertyName: "email", operator: "EQ", value: "lag@example.com" }] }], sorts: [], properties: ["company"], limit: 1, after: "0" });
    assert.equal(seen.results[0].properties.company, "old");
    assert.equal((await contacts.basicApi.getById(one.id, ["company"])).properties.company, "new");
    await set({ indexLagMs: 0, unlimited: false });
  }),

  step("limits, and the client's own way with them", async () => {
    await set({ searchBurst: 3, burst: 40, windowMs: 1500 });
    await clock("stop");
    const query = { filterGroups: [], sorts: [], properties: [], limit: 1, after: "0" };
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => contacts.searchApi.doSearchWithHttpInfo?.(query) ?? contacts.searchApi.doSearch(query)));
    const failed = results.filter((r) => r.status === "rejected").map((r) => r.reason);
    assert.equal(failed.length, 3);
    assert.deepEqual(new Set(failed.map((e) => e.code)), new Set([429]));
    assert.equal(failed[0].body.message, "You have reached your secondly limit.");
    assert.ok(!Object.keys(failed[0].headers).some((h) => h.startsWith("x-hubspot-ratelimit")), "searches do not say what is left");
    await clock("start");
    // Asked for retries, it waits a second and comes through: it knows the message.
    const patient = new Client({ accessToken: token, basePath: fake, numberOfApiCallRetries: 4, limiterOptions: { maxConcurrent: 6 } });
    await Promise.all(Array.from({ length: 6 }, () => patient.crm.contacts.searchApi.doSearch(query)));
    await clock("stop");
    const many = await Promise.allSettled(Array.from({ length: 60 }, () => client.apiRequest({ path: "/account-info/v3/details" })));
    const answers = many.map((r) => r.value);
    const blocked = answers.filter((a) => a.status === 429);
    assert.equal(blocked.length, 20);
    const body = await blocked[0].json();
    assert.deepEqual([body.status, body.errorType, body.policyName], ["error", "RATE_LIMIT", "TEN_SECONDLY_ROLLING"]);
    assert.equal(blocked[0].headers.get("x-hubspot-ratelimit-remaining"), "0");
    await clock("start");
    await set({ searchBurst: 0, burst: 0, windowMs: 0 });
    await control("POST", "faults", [{ name: "down", path: "/contacts", kind: "Status", status: 502, times: 2 }]);
    await patient.crm.contacts.basicApi.getPage(1);
    assert.equal((await control("GET", "faults")).down, 2);
    await control("DELETE", "faults");
  }),

  step("credentials and scopes", async () => {
    const stranger = new Client({ accessToken: "pat-na1-other", basePath: fake });
    assert.equal((await refused(401, stranger.crm.contacts.basicApi.getPage(1))).body.category, "INVALID_AUTHENTICATION");
    await set({ expired: true });
    await refused(401, contacts.basicApi.getPage(1));
    await set({ expired: false, scopes: ["crm.objects.contacts.read"] });
    await contacts.basicApi.getPage(1);
    const lacking = await refused(403, contacts.basicApi.create({ properties: {}, associations: [] }));
    assert.equal(lacking.body.category, "MISSING_SCOPES");
    assert.deepEqual(lacking.body.errors[0].context.requiredGranularScopes, ["crm.objects.contacts.write"]);
    await set({ scopes: null });
    assert.equal((await dated("GET", "/crm/objects/2020-01/contacts")).status, 404, "a version that there is none of");
  }),

  step("webhooks, as the client checks their signatures", async () => {
    const got = [];
    let answers = [500];
    const server = createServer((request, response) => {
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        got.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(answers.shift() ?? 200).end();
      });
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = "https://ingest.acme.example/v1/crm/hubspot?tenant=acme";
    await set({ webhooks: { target: url, via: `http://127.0.0.1:${server.address().port}/`, retryMs: 20 } });
    const one = await contacts.basicApi.create({ properties: { email: "hook@example.com" }, associations: [] });
    await act("rep1@acme.example", "set", "contacts", { id: one.id, values: { hubspot_owner_id: "rep1@acme.example", hs_lead_status: "OPEN" } });
    const two = await contacts.basicApi.create({ properties: { email: "hook2@example.com" }, associations: [] });
    await contacts.basicApi.merge({ primaryObjectId: one.id, objectIdToMerge: two.id });
    for (let waited = 0; (await control("GET", "state")).webhooks > 0; waited++) {
      assert.ok(waited < 2400, "webhooks are never sent");
      await later(25);
    }
    const valid = (hook, more) => Signature.isValid({
      signatureVersion: "v3", method: hook.method, clientSecret: secret, url, requestBody: hook.body, signature: hook.headers["x-hubspot-signature-v3"],
      timestamp: Number(hook.headers["x-hubspot-request-timestamp"]), ...more,
    });
    for (const hook of got) {
      assert.ok(valid(hook), "signed, v3");
      assert.ok(Signature.isValid({ signatureVersion: "v1", clientSecret: secret, requestBody: hook.body, signature: hook.headers["x-hubspot-signature"] }), "signed, v1");
      assert.ok(!valid(hook, { requestBody: hook.body.replace("hook", "hack") + " " }), "changed");
      assert.ok(!valid(hook, { clientSecret: "other" }) && !valid(hook, { url: url + "&x=1" }) && !valid(hook, { method: "PUT" }), "of another");
    }
    const old = Date.now() - 300_001;
    const signature = createHmac("sha256", secret).update(`POST${url}[]${old}`).digest("base64");
    assert.throws(() => valid({ method: "POST", headers: {}, body: "[]" }, { signature, timestamp: old }), /Timestamp is invalid/);
    const batches = got.map((hook) => JSON.parse(hook.body));
    assert.deepEqual([batches[0][0].attemptNumber, batches[1][0].attemptNumber], [0, 1], "what was answered with 500 comes again");
    const events = batches.slice(1).flat();
    assert.deepEqual([...new Set(events.map((e) => e.subscriptionType))].sort(), ["contact.creation", "contact.merge", "contact.propertyChange"]);
    const owned = events.find((e) => e.propertyName === "hubspot_owner_id");
    assert.deepEqual([owned.objectId, owned.changeSource, owned.portalId], [Number(one.id), "CRM_UI", 62515]);
    const merge = events.find((e) => e.subscriptionType === "contact.merge");
    assert.deepEqual([merge.primaryObjectId, merge.mergedObjectIds], [Number(one.id), [Number(two.id)]]);
    assert.ok(merge.newObjectId > 0);
    await set({ webhooks: {} });
    server.close();
  }),
];

for (const { name, run } of steps) {
  try {
    await run();
    console.log(`content: ${name}`);
  } catch (error) {
    console.error(`NOT CONTENT: ${name}\n${error.stack}`);
    process.exit(1);
  }
}
