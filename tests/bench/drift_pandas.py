"""drift_pandas.py -- two windows of logs compared by pandas and SciPy.

    drift_pandas.py read_json|lines REFERENCE CURRENT

The twelve columns of drift.sh, the same tests (Kolmogorov and Smirnov for numbers, chi-squared for
categories and for what is missing) and Benjamini and Hochberg.  `read_json` reads as pandas does,
`lines` by Python's json line by line into lists, the fastest that needs no other library.  Prints
how many records there were, and the smallest p.
"""
import json
import sys

import numpy
import pandas
from scipy import stats

NUMBERS = ["latency", "first_token", "tokens_in", "tokens_out", "tokens", "input", "output"]
CATEGORIES = ["model", "asked", "finish", "team", "label"]


def by_read_json(path):
    log = pandas.read_json(path, lines=True)
    request = pandas.json_normalize(log["request"].tolist())
    response = pandas.json_normalize(log["response"].tolist())
    answer = response["choices"].map(lambda c: c[0]["message"]["content"])
    return pandas.DataFrame({
        "latency": log["latency_ms"] / 1000,
        "first_token": log["ttft_ms"] / 1000,
        "tokens_in": response["usage.prompt_tokens"],
        "tokens_out": response["usage.completion_tokens"],
        "tokens": response["usage.total_tokens"],
        "input": request["messages"].map(lambda m: m[-1]["content"]).str.len(),
        "output": answer.str.len(),
        "model": response["model"],
        "asked": request["model"],
        "finish": response["choices"].map(lambda c: c[0]["finish_reason"]),
        "team": log["metadata"].map(lambda m: m["team"]),
        "label": answer,
    })


def by_lines(path):
    rows = []
    with open(path, encoding="utf-8") as log:
        for line in log:
            whole = json.loads(line)
            response, request = whole["response"], whole["request"]
            usage, choice = response["usage"], response["choices"][0]
            answer = choice["message"]["content"]
            rows.append((
                whole["latency_ms"] / 1000, whole["ttft_ms"] / 1000, usage["prompt_tokens"],
                usage["completion_tokens"], usage["total_tokens"],
                len(request["messages"][-1]["content"]), len(answer), response["model"],
                request["model"], choice["finish_reason"], whole["metadata"]["team"], answer))
    return pandas.DataFrame(rows, columns=NUMBERS + CATEGORIES)


def p_of_table(table):
    table = table[:, table.sum(axis=0) > 0]
    return 1.0 if table.shape[1] < 2 else stats.chi2_contingency(table)[1]


def compare(a, b):
    p = []
    for name in NUMBERS:
        p.append(stats.ks_2samp(a[name].dropna(), b[name].dropna(), method="asymp").pvalue)
    for name in CATEGORIES:
        counts = pandas.concat([a[name].value_counts(), b[name].value_counts()], axis=1).fillna(0)
        p.append(p_of_table(counts.to_numpy().T))
    for name in NUMBERS + CATEGORIES:
        missing = [[x[name].isna().sum(), x[name].notna().sum()] for x in (a, b)]
        p.append(p_of_table(numpy.array(missing)))
    p = numpy.sort(p)
    return numpy.minimum.accumulate((p * len(p) / numpy.arange(1, len(p) + 1))[::-1])[-1]


def main():
    read = {"read_json": by_read_json, "lines": by_lines}[sys.argv[1]]
    a, b = read(sys.argv[2]), read(sys.argv[3])
    print(len(a) + len(b), compare(a, b))


main()
