"""Reads metrics in the OpenMetrics format from standard input, by the parser of Prometheus' own Python
client, which is strict, and prints them: a line for each sample, and for each exemplar."""

import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        print(f"{sample.name} {labels} {float(sample.value)}")
        if sample.exemplar is not None:
            print(f"exemplar {sample.name} {sample.exemplar.labels['trace_id']}")
