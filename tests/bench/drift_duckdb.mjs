// drift_duckdb.mjs -- one window of logs summarised by DuckDB: the twelve columns of drift.sh.
//
//	node drift_duckdb.mjs FILE
//
// Counts, means and quantiles of numbers, histograms of categories; no tests, which it has not.
// Prints how many records there were.  The package is looked for as node does, from NODE_PATH, too.
import { createRequire } from 'node:module';

const { DuckDBInstance } = createRequire(import.meta.url)('@duckdb/node-api');
const numbers = {
	latency: 'latency_ms / 1000', first_token: 'ttft_ms / 1000',
	tokens_in: 'response.usage.prompt_tokens', tokens_out: 'response.usage.completion_tokens',
	tokens: 'response.usage.total_tokens', input: 'length(request.messages[-1].content)',
	output: 'length(response.choices[1].message.content)',
};
const categories = {
	model: 'response.model', asked: 'request.model', finish: 'response.choices[1].finish_reason',
	team: 'metadata.team', label: 'response.choices[1].message.content',
};
const columns = [
	...Object.values(numbers).flatMap((x) => [`count(${x})`, `avg(${x})`, `stddev(${x})`,
		`approx_quantile(${x}, [0.05, 0.25, 0.5, 0.75, 0.95])`]),
	...Object.values(categories).map((x) => `histogram(${x})`),
];
const db = await (await DuckDBInstance.create(':memory:')).connect();
const rows = (await db.runAndReadAll(`SELECT count(*), ${columns.join(', ')}
	FROM read_json('${process.argv[2]}', format = 'newline_delimited')`)).getRowsJson();

console.log(rows[0][0]);
