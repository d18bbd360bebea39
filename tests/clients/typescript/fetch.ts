import createClient from 'openapi-fetch';
import type { paths } from './generated/fetch/schema.js';

/** Uses the types that openapi-typescript makes of the contract, by openapi-fetch, and says what it got. */
export async function call(baseUrl: string, key: string): Promise<string[]> {
    const open = createClient<paths>({ baseUrl });
    const keyed = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
    const report = { plan: 'cchc-2022', period: '2022-H1', unit: 'SNV' };
    const said: string[] = [];

    const draft = await keyed.PUT('/v1/plans/{plan}/reports/{period}/{unit}', {
        params: { path: report },
        body: { values: [{ target: 'II.3.a', level: 'province', numerator: 120, total: 200 }] },
    });
    const submitted = await keyed.POST('/v1/plans/{plan}/reports/{period}/{unit}/submit', { params: { path: report } });
    const approved = await keyed.POST('/v1/plans/{plan}/reports/{period}/{unit}/approve', {
        params: { path: report, header: { 'Idempotency-Key': crypto.randomUUID() } },
        body: { reason: 'Khớp biên bản' },
    });
    if (!draft.data || !submitted.data || !approved.data) {
        throw new Error(draft.error?.code ?? submitted.error?.code ?? approved.error?.code);
    }

    said.push(`report ${draft.data.status} ${submitted.data.status} ${approved.data.status}, due ${approved.data.dueOn}`);

    const { data: completion } = await open.GET('/v1/plans/{plan}/completion', {
        params: { path: { plan: report.plan }, query: { lens: 'published' } },
    });
    const target = completion?.targets.find((each) => each.target === 'II.3.a');
    const line = target?.lines.find((each) => each.level === 'province');
    said.push(`completion ${completion?.period} ${completion?.completion}, target ${target?.completion} ${target?.status}`);
    said.push(`line ${line?.numerator} of ${line?.total}, ${line?.rate} ${line?.operator} ${line?.threshold}, met ${line?.met}`);

    const { error: refusal, response } = await keyed.PUT('/v1/plans/{plan}/reports/{period}/{unit}', {
        params: { path: { ...report, unit: 'STP' } },
        body: { values: [{ target: 'II.3.a', numerator: 5, total: 3 }] },
    });
    said.push(`refused ${response.status} ${refusal?.code} ${refusal?.errors?.[0]?.pointer}`);

    const units = new Set<string>();
    let pages = 0;
    for (let cursor: string | null | undefined; cursor !== null; pages++) {
        const { data: page } = await open.GET('/v1/units', {
            params: { query: { asOf: '2022-06-14', level: 'commune', limit: 50, ...(cursor ? { cursor } : {}) } },
        });
        page?.items.forEach((unit) => units.add(unit.code));
        cursor = page?.nextCursor ?? null;
    }

    said.push(`communes ${units.size} in ${pages} pages`);

    const { data: imported } = await keyed.POST('/v1/plans/{plan}/report-imports', {
        params: { path: { plan: report.plan }, query: { dryRun: true, mode: 'partial' } },
        body: [{ unit: 'STP', period: report.period, target: 'II.3.a', numerator: 30, total: 100 }],
    });
    said.push(`import ${imported?.status}, created ${imported?.result?.rows.created}`);
    return said;
}
