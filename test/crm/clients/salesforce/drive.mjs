// SPDX-License-Identifier: Apache-2.0
//
// jsforce makes every call that the adapter makes, and some more, of the fake at FAKE, and is not content with anything but what Salesforce would answer.

import assert from "node:assert/strict";
import { createSign } from "node:crypto";
import { createRequire } from "node:module";

const jsforce = createRequire(`${process.env.CLIENT}/`)("jsforce");
const fake = process.env.FAKE;
const app = { clientId: process.env.ID, clientSecret: process.env.SECRET };
const user = process.env.USERNAME_OF_APP;
const version = "65.0";
const quiet = { "Sforce-Auto-Assign": "FALSE" };
const [rep1] = process.env.REPS.split(",");

async function control(method, path, body) {
  const answer = await fetch(`${fake}/_control/${path}`, { method, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}
const act = (what, type, more) => control("POST", "act", { as: rep1, do: what, type, ...more });
const set = (settings) => control("POST", "set", settings);
const state = () => control("GET", "state");

// refused calls and gives back the error, which has to be one with that code.
async function refused(code, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.errorCode ?? error.name, code, error.message);
    return error;
  }
  assert.fail(`taken, and not refused with ${code}`);
}

async function credentials() {
  const conn = new jsforce.Connection({ loginUrl: fake, version, oauth2: { loginUrl: fake, ...app } });
  await conn.authorize({ grant_type: "client_credentials" });
  return conn;
}

function assertion(key, claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key).toString("base64url")}`;
}

const conn = await credentials();
const leads = conn.sobject("Lead");
const person = (n, more) => ({ LastName: `Drive${n}`, Company: `Drive ${n}`, Email: `drive${n}@drive.example`, ...more });

const step = (name, run) => ({ name, run });
const steps = [
  step("logins", async () => {
    assert.equal(conn.instanceUrl, fake);
    const identity = await conn.identity();
    assert.equal(identity.username, user);
    assert.equal(identity.user_id, conn.userInfo.id);
    assert.match(conn.userInfo.organizationId, /^00D[0-9A-Za-z]{15}$/);

    const claims = { iss: app.clientId, sub: user, aud: "https://login.salesforce.com", exp: Math.floor(Date.now() / 1000) + 120 };
    const bearer = (changed) => {
      const jwt = new jsforce.Connection({ loginUrl: fake, version, oauth2: { loginUrl: fake } });
      const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(process.env.KEY, { ...claims, ...changed }) };
      return jwt.authorize(grant).then(() => jwt);
    };
    assert.equal((await (await bearer()).query("SELECT Id FROM Organization")).totalSize, 1);
    assert.match((await refused("invalid_grant", () => bearer({ aud: "https://drive.example" }))).message, /audience is invalid/);
    await refused("invalid_client_id", () => bearer({ iss: "else" }));

    const password = new jsforce.Connection({ loginUrl: fake, version, oauth2: { loginUrl: fake, ...app } });
    await password.login(user, process.env.PASSWORD);
    assert.equal((await password.limits()).DailyApiRequests.Max, 100000);
    await password.logout();
    await refused("invalid_grant", () => password.login(user, "wrong"));
  }),

  step("versions, limits and schema", async () => {
    const versions = await conn.request("/services/data");
    assert.ok(versions.some((v) => v.version === version && v.url === `/services/data/v${version}`));
    const limits = await conn.limits();
    assert.equal(limits.DailyApiRequests.Max, 100000);
    assert.equal(conn.limitInfo.apiUsage.limit, 100000);
    const before = conn.limitInfo.apiUsage.used;
    await conn.limits();
    assert.equal(conn.limitInfo.apiUsage.used, before + 1);

    const all = await conn.describeGlobal();
    for (const name of ["Lead", "Task", "Event", "User", "Opportunity", "Note", "LeadStatus", "LeadHistory", "Organization", "EmailMessage"]) {
      assert.ok(all.sobjects.some((o) => o.name === name && o.queryable), name);
      const described = await conn.describe(name);
      assert.equal(described.name, name);
      assert.ok(described.fields.every((f) => f.name && f.type && Array.isArray(f.picklistValues) && Array.isArray(f.referenceTo)));
    }
    const lead = await leads.describe();
    const field = (name) => lead.fields.find((f) => f.name === name);
    assert.equal(field("Company").nillable, false);
    assert.equal(field("FirstCallDateTime").updateable, false);
    assert.equal(field("Handoff_Id__c").externalId, true);
    assert.deepEqual(field("Handoff_Reason__c").picklistValues.map((p) => p.value).slice(0, 2), ["AcceptAsSQL", "BadTiming"]);
    assert.deepEqual(field("OwnerId").referenceTo, ["Group", "User"]);
    await refused("NOT_FOUND", () => conn.describe("Leed"));
    const statuses = await conn.query("SELECT ApiName, MasterLabel, IsConverted, IsDefault FROM LeadStatus ORDER BY SortOrder");
    assert.equal(statuses.records.filter((s) => s.IsConverted).length, 1);
  }),

  step("one record", async () => {
    const made = await leads.create(person(1, { NumberOfEmployees: 12, Handoff_Due_At__c: "2026-11-22T10:00:00.500Z" }), { headers: quiet });
    assert.ok(made.success && /^00Q[0-9A-Za-z]{15}$/.test(made.id));
    const lead = await leads.retrieve(made.id);
    assert.equal(lead.attributes.type, "Lead");
    assert.equal(lead.Handoff_Due_At__c, "2026-11-22T10:00:00.000+0000");
    assert.equal(lead.NumberOfEmployees, 12);
    assert.equal((await leads.retrieve(made.id.slice(0, 15))).Id, made.id);
    assert.ok((await leads.update({ Id: made.id, Title: "VP" }, { headers: quiet })).success);
    assert.deepEqual(Object.keys(await leads.retrieve(made.id, { fields: ["Title"] })).sort(), ["Id", "Title", "attributes"]);
    const missing = await refused("REQUIRED_FIELD_MISSING", () => leads.create({ FirstName: "x" }, { headers: quiet }));
    assert.deepEqual(missing.data.fields, ["LastName", "Company"]);
    await refused("INVALID_FIELD", () => leads.update({ Id: made.id, Nope__c: 1 }, { headers: quiet }));
    await refused("JSON_PARSER_ERROR", () => leads.update({ Id: made.id, NumberOfEmployees: "many" }, { headers: quiet }));
    await refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", () => leads.update({ Id: made.id, Handoff_Reason__c: "Whim" }, { headers: quiet }));
    await refused("INVALID_FIELD_FOR_INSERT_UPDATE", () => leads.update({ Id: made.id, FirstCallDateTime: new Date() }, { headers: quiet }));
    await leads.destroy(made.id);
    await refused("ENTITY_IS_DELETED", () => leads.retrieve(made.id));
    await refused("ENTITY_IS_DELETED", () => leads.update({ Id: made.id, Title: "x" }, { headers: quiet }));
    await refused("NOT_FOUND", () => leads.retrieve("00QHd000000zzzzMAA"));
    const since = new Date(Date.now() - 60_000);
    assert.ok((await leads.deleted(since, new Date(Date.now() + 60_000))).deletedRecords.some((r) => r.id === made.id));
    assert.equal((await conn.query(`SELECT Id FROM Lead WHERE Id = '${made.id}'`)).totalSize, 0);
    assert.equal((await conn.query(`SELECT IsDeleted FROM Lead WHERE Id = '${made.id}'`, { scanAll: true })).records[0].IsDeleted, true);
  }),

  step("collections", async () => {
    const made = await leads.create([1, 2, 3].map((n) => person(`c${n}`)), { headers: quiet });
    assert.equal(made.filter((m) => m.success).length, 3);
    const [a, b, c] = made.map((m) => m.id);
    const mixed = await leads.update([{ Id: a, Title: "A" }, { Id: b, Email: "wrong" }, { Id: c, Title: "C" }], { headers: quiet });
    assert.deepEqual(mixed.map((m) => m.success), [true, false, true]);
    assert.equal(mixed[1].errors[0].statusCode, "INVALID_EMAIL_ADDRESS");
    assert.deepEqual(mixed[1].errors[0].fields, ["Email"]);
    const none = await leads.update([{ Id: a, Title: "Z" }, { Id: b, Email: "wrong" }], { headers: quiet, allOrNone: true });
    assert.equal(none[0].errors[0].statusCode, "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    await refused("INVALID_FIELD", () => leads.update([{ Id: a, Title: "Z" }, { Id: b, Nope__c: "x" }], { headers: quiet }));
    const read = await leads.retrieve([a, "00QHd000000zzzzMAA", c], { fields: ["Id", "Title"] });
    assert.deepEqual(read.map((r) => r && r.Title), ["A", null, "C"]);
    await refused("EXCEEDED_ID_LIMIT", () => leads.update(Array.from({ length: 201 }, () => ({ Id: a, Title: "x" })), { headers: quiet }));
    const many = await leads.update(Array.from({ length: 201 }, () => ({ Id: a, Title: "x" })), { headers: quiet, allowRecursive: true });
    assert.equal(many.length, 201);
    assert.ok((await leads.destroy([a, b])).every((d) => d.success));
    assert.equal((await leads.destroy([a, c])).map((d) => d.success).join(), "false,true");
  }),

  step("upsert", async () => {
    const one = await leads.upsert({ ...person("u"), Handoff_Id__c: "u/1" }, "Handoff_Id__c", { headers: quiet }).catch((error) => error);
    assert.equal(one.errorCode, "NOT_FOUND", "jsforce does not escape a slash");
    const first = await leads.upsert({ ...person("u"), Handoff_Id__c: "u 1" }, "Handoff_Id__c", { headers: quiet });
    assert.equal(first.created, true);
    const again = await leads.upsert({ Title: "VP", Handoff_Id__c: "U 1" }, "Handoff_Id__c", { headers: quiet });
    assert.equal(again.created, false);
    assert.equal(again.id, first.id);
    const many = await leads.upsert(
      [{ ...person("u"), Handoff_Id__c: "u 1" }, { ...person("v"), Handoff_Id__c: "v 1" }, { ...person("v"), Handoff_Id__c: "v 1" }],
      "Handoff_Id__c",
      { headers: quiet },
    );
    assert.deepEqual(many.map((m) => m.created), [false, true, undefined]);
    assert.equal(many[2].errors[0].statusCode, "DUPLICATE_VALUE");
    await refused("NOT_FOUND", () => leads.upsert({ Title: "VP" }, "Title", { headers: quiet }));
  }),

  step("composite", async () => {
    const at = `/services/data/v${version}`;
    const lead = { method: "POST", url: `${at}/sobjects/Lead`, referenceId: "lead", httpHeaders: quiet, body: person("composite") };
    const note = { method: "POST", url: `${at}/sobjects/Note`, referenceId: "note", body: { ParentId: "@{lead.id}", Title: "Handoff" } };
    const done = await conn.requestPost("/composite", { allOrNone: true, compositeRequest: [lead, note] });
    assert.deepEqual(done.compositeResponse.map((r) => r.httpStatusCode), [201, 201]);
    const notes = await conn.query(`SELECT Id, Title, Parent.Name FROM Note WHERE ParentId = '${done.compositeResponse[0].body.id}' AND Title = 'Handoff'`);
    assert.equal(notes.records[0].Parent.Name, "Drivecomposite");
    const wrong = { ...note, body: { Title: "Handoff" } };
    const undone = await conn.requestPost("/composite", { allOrNone: true, compositeRequest: [lead, wrong] });
    assert.deepEqual(undone.compositeResponse.map((r) => r.body[0].errorCode), ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]);
  }),

  step("queries", async () => {
    await control("POST", "seed", { leads: 4500 });
    const all = await conn.query("SELECT Id, SystemModstamp FROM Lead WHERE Email LIKE 'lead%' ORDER BY SystemModstamp, Id", { autoFetch: true, maxFetch: 10000 });
    assert.equal(all.records.length, 4500);
    assert.ok(all.done && all.totalSize === 4500);
    assert.equal(new Set(all.records.map((r) => r.Id)).size, 4500);
    for (let i = 1; i < 4500; i++) {
      const [x, y] = [all.records[i - 1], all.records[i]];
      assert.ok(x.SystemModstamp < y.SystemModstamp || (x.SystemModstamp === y.SystemModstamp && x.Id < y.Id));
    }
    const page = await conn.query("SELECT Id FROM Lead WHERE Email LIKE 'lead%'", { headers: { "Sforce-Query-Options": "batchSize=500" } });
    assert.equal(page.records.length, 500);
    assert.ok(!page.done && page.nextRecordsUrl);
    assert.equal((await conn.queryMore(page.nextRecordsUrl)).records.length, 500);
    await set({ dropLocators: true });
    await refused("INVALID_QUERY_LOCATOR", () => conn.queryMore(page.nextRecordsUrl));

    // What jsforce's own builder makes: nested conditions, dates, lists, patterns.
    const last = all.records.at(-1).SystemModstamp;
    const built = await leads
      .find({
        $or: [{ Last_Form__c: "demo" }, { $and: [{ NumberOfEmployees: { $gte: 50, $lte: 500 } }, { Industry: { $in: ["saas", "it's"] } }] }],
        Email: { $like: "lead%" },
        SystemModstamp: { $lte: jsforce.SfDate.toDateTimeLiteral(last) },
        Title: { $nlike: "Nobody%" },
        Phone: { $exists: true },
      }, "Id, Name, Owner.Name, CreatedBy.Email, MasterRecordId")
      .sort({ NumberOfEmployees: -1, Id: 1 })
      .limit(50)
      .skip(10);
    assert.equal(built.length, 50);
    assert.equal(built[0].Owner.Name, "Unassigned Leads");
    assert.equal(built[0].Owner.attributes.type, "Name");
    assert.equal(built[0].CreatedBy.attributes.type, "User");
    assert.equal(built[0].MasterRecordId, null);
    assert.equal(await leads.count({ Email: { $like: "lead0000_@%" } }), 10);
    const star = await leads.find({ Email: "lead00001@company00001.example" }, "*").limit(1);
    assert.equal(star[0].LastName, "Sample00001");
    const joined = await conn.query("SELECT Id FROM Lead WHERE OwnerId IN (SELECT Id FROM User WHERE IsActive = true) AND Email LIKE 'lead%'");
    assert.equal(joined.totalSize, 0);

    for (const [soql, code, words] of [
      ["SELECT Nope FROM Lead", "INVALID_FIELD", /No such column 'Nope' on entity 'Lead'/],
      ["SELECT Id FROM Leed", "INVALID_TYPE", /sObject type 'Leed' is not supported/],
      ["SELECT Id FROM Lead WHERE Company = 'a' AND Company = 'b' OR Company = 'c'", "MALFORMED_QUERY", /unexpected token/],
      ["SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD", /should not be enclosed in quotes/],
      ["SELECT Id FROM LeadHistory WHERE NewValue = 'x'", "INVALID_FIELD", /can not be filtered in a query call/],
    ]) {
      assert.match((await refused(code, () => conn.query(soql))).message, words);
    }
    await refused("ERROR_HTTP_414", () => conn.query(`SELECT Id FROM Lead WHERE Company = '${"x".repeat(17000)}'`));
  }),

  step("assignment rules", async () => {
    const before = (await state()).reassigned.length;
    const [owner] = Object.entries((await state()).owners).find(([, email]) => email === rep1);
    const made = await leads.create(person("rule", { OwnerId: owner }), { headers: quiet });
    assert.equal((await state()).reassigned.length, before);
    assert.equal((await conn.query(`SELECT Owner.Email FROM Lead WHERE Id = '${made.id}'`)).records[0].Owner.Email, rep1);
    await leads.update([{ Id: made.id, Title: "x" }]); // jsforce says nothing of rules by itself
    const after = await state();
    assert.equal(after.reassigned.length, before + 1);
    assert.equal(after.reassigned.at(-1).lead, made.id);
    assert.equal((await conn.query(`SELECT Owner.Type FROM Lead WHERE Id = '${made.id}'`)).records[0].Owner.Type, "Queue");
  }),

  step("activities, history and conversion", async () => {
    const { id } = await leads.create(person("work"), { headers: quiet });
    await act("log", "Task", { of: [`Lead/${id}`], values: { TaskSubtype: "Call", CallType: "Outbound", CallDisposition: "Connected" } });
    await act("log", "Task", { of: [`Lead/${id}`], values: { TaskSubtype: "Email", Subject: "Hello" } });
    const tasks = await conn.query(
      `SELECT Id, TaskSubtype, CompletedDateTime, Who.Type, Owner.Email FROM Task WHERE IsClosed = true AND Who.Type = 'Lead' AND WhoId = '${id}' ORDER BY TaskSubtype`,
    );
    assert.deepEqual(tasks.records.map((t) => t.TaskSubtype), ["Call", "Email"]);
    const lead = await leads.retrieve(id, { fields: ["FirstCallDateTime", "FirstEmailDateTime"] });
    assert.equal(lead.FirstCallDateTime, tasks.records[0].CompletedDateTime);
    assert.equal(lead.FirstEmailDateTime, tasks.records[1].CompletedDateTime);
    await act("set", "Lead", { id, values: { Status: "Nurture" } });
    const history = await conn.query(`SELECT Field, NewValue, CreatedBy.Email FROM LeadHistory WHERE LeadId = '${id}' AND Field = 'Status'`);
    assert.deepEqual(history.records.map((h) => [h.NewValue, h.CreatedBy.Email]), [["Nurture", rep1]]);
    await act("convert", "Lead", { id, values: { Amount: "5000" } });
    const converted = await leads.retrieve(id);
    assert.ok(converted.IsConverted && /^\d{4}-\d{2}-\d{2}$/.test(converted.ConvertedDate));
    assert.equal((await conn.sobject("Opportunity").retrieve(converted.ConvertedOpportunityId)).Amount, 5000);
    await refused("CANNOT_UPDATE_CONVERTED_LEAD", () => leads.update({ Id: id, Title: "x" }, { headers: quiet }));
  }),

  step("sessions that end, limits and faults", async () => {
    let refreshed = 0;
    const other = new jsforce.Connection({
      instanceUrl: fake, accessToken: "expired", version,
      refreshFn: (c, done) => {
        refreshed++;
        credentials().then((fresh) => done(null, fresh.accessToken), done);
      },
    });
    assert.equal((await other.query("SELECT Id FROM Organization")).totalSize, 1);
    await set({ expireTokens: true });
    assert.equal((await other.query("SELECT Id FROM Organization")).totalSize, 1);
    assert.equal(refreshed, 2);

    await set({ used: 100000 });
    assert.match((await refused("REQUEST_LIMIT_EXCEEDED", () => other.query("SELECT Id FROM Organization"))).message, /TotalRequests Limit exceeded/);
    await set({ used: 0 });
    await control("POST", "faults", [{ kind: "Status", status: 503, times: 1 }]);
    assert.equal((await other.query("SELECT Id FROM Organization")).totalSize, 1); // jsforce tries again what only reads
    await control("POST", "faults", [{ kind: "Status", status: 503, method: "POST", times: 1 }]);
    await refused("SERVER_UNAVAILABLE", () => other.sobject("Lead").create(person("down")));
    await set({ remove: ["Handoff_Score__c"] });
    await refused("INVALID_FIELD", () => other.query("SELECT Handoff_Score__c FROM Lead LIMIT 1"));
  }),
];

for (const { name, run } of steps) {
  try {
    await run();
  } catch (error) {
    console.error(`jsforce is not content with: ${name}`);
    throw error;
  }
  console.log(`ok: ${name}`);
}
