import assert from 'node:assert/strict';
import * as fetch from './fetch.js';
import * as heyApi from './heyApi.js';

// node call.js http://127.0.0.1:5080 KEY
const [baseUrl, key] = process.argv.slice(2);
assert(baseUrl && key);
const expected = [
    'report draft submitted approved, due 2022-06-20',
    'completion 2022-H1 1.85, target 33.33 noData',
    'line 120 of 200, 60 atLeast 50, met true',
    'refused 422 request.invalid /values/0/numerator',
    'communes 141 in 3 pages',
    'import completed, created 1',
];
assert.deepEqual(await fetch.call(baseUrl, key), expected);

// The report is approved by now: it is put anew once it is reopened.
const reopened = await globalThis.fetch(`${baseUrl}/v1/plans/cchc-2022/reports/2022-H1/SNV/reopen`, {
    method: 'POST', headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }, body: '{"reason":"again"}',
});
assert.equal(reopened.status, 200);
assert.deepEqual(await heyApi.call(baseUrl, key), [...expected, 'template unit']);
console.log('openapi-typescript with openapi-fetch and openapi-ts: the clients work.');
