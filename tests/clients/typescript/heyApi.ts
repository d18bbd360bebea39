import { createClient } from './generated/hey-api/client/index.js';
import {
    approveReport, getCompletion, getReportTemplate, importReports, listUnits, putReport, submitReport,
} from './generated/hey-api/sdk.gen.js';

/** Uses the client that Hey API's openapi-ts makes of the contract, and says what it got. */
export async function call(baseUrl: string, key: string): Promise<string[]> {
    const open = createClient({ baseUrl });
    const keyed = createClient({ baseUrl, auth: key });
    const path = { plan: 'cchc-2022', period: '2022-H1', unit: 'SNV' };
    const said: string[] = [];

    const draft = await putReport({
        client: keyed, path, headers: { 'If-Match': '*' }, throwOnError: true,
        body: { values: [{ target: 'II.3.a', level: 'province', numerator: 120, total: 200 }] },
    });
    const submitted = await submitReport({ client: keyed, path, throwOnError: true });
    const approved = await approveReport({
        client: keyed, path, headers: { 'Idempotency-Key': crypto.randomUUID() }, body: { reason: 'Khớp biên bản' }, throwOnError: true,
    });
    said.push(`report ${draft.data.status} ${submitted.data.status} ${approved.data.status}, due ${approved.data.dueOn}`);

    const { data: completion } = await getCompletion({ client: open, path: { plan: path.plan }, query: { lens: 'published' }, throwOnError: true });
    const target = completion.targets.find((each) => each.target === 'II.3.a');
    const line = target?.lines.find((each) => each.level === 'province');
    said.push(`completion ${completion.period} ${completion.completion}, target ${target?.completion} ${target?.status}`);
    said.push(`line ${line?.numerator} of ${line?.total}, ${line?.rate} ${line?.operator} ${line?.threshold}, met ${line?.met}`);

    const { error: refusal, response } = await putReport({
        client: keyed, path: { ...path, unit: 'STP' },
        body: { values: [{ target: 'II.3.a', numerator: 5, total: 3 }] },
    });
    said.push(`refused ${response?.status} ${refusal?.code} ${refusal?.errors?.[0]?.pointer}`);

    const units = new Set<string>();
    let pages = 0;
    for (let cursor: string | null | undefined; cursor !== null; pages++) {
        const { data: page } = await listUnits({
            client: open, query: { asOf: '2022-06-14', level: 'commune', limit: 50, ...(cursor ? { cursor } : {}) }, throwOnError: true,
        });
        page.items.forEach((unit) => units.add(unit.code));
        cursor = page.nextCursor;
    }

    said.push(`communes ${units.size} in ${pages} pages`);

    const { data: imported } = await importReports({
        client: keyed, path: { plan: path.plan }, query: { dryRun: true, mode: 'partial' }, throwOnError: true,
        body: [{ unit: 'STP', period: path.period, target: 'II.3.a', numerator: 30, total: 100 }],
    });
    said.push(`import ${imported.status}, created ${imported.result?.rows.created}`);

    const { data: template } = await getReportTemplate({
        client: keyed, path: { plan: path.plan }, query: { period: path.period, unit: 'STP', format: 'csv' }, parseAs: 'text', throwOnError: true,
    });
    said.push(`template ${String(template).split(',')[0]}`);
    return said;
}
