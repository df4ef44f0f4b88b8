"""Reads an interval log with HdrHistogram's Python port, and says of each tag what is in it.

The last argument but one is the log. The last is a report.json, whose own histograms are read the same way."""

import json
import math
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LONGEST_US = 3_600_000_000


def empty():
    return HdrHistogram(1, LONGEST_US, 3)


def quantile(histogram, share):
    rank = max(1, math.ceil(share * histogram.get_total_count() - 1e-9))
    seen = 0
    for item in histogram.get_recorded_iterator():
        seen += item.count_at_value_iterated_to
        if seen >= rank:
            return histogram.get_highest_equivalent_value(item.value_iterated_to)


def said(histogram):
    names = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    figures = {name: quantile(histogram, share) for name, share in names.items()}
    return {"count": histogram.get_total_count(), "max": histogram.get_max_value(), **figures}


reader = HistogramLogReader(sys.argv[1], empty())
tags, begins = {}, []
while (interval := reader.get_next_interval_histogram()) is not None:
    begins.append(interval.get_start_time_stamp())
    tags.setdefault(interval.get_tag(), empty()).add(interval)
every = empty()
for histogram in tags.values():
    every.add(histogram)

with open(sys.argv[2], encoding="utf-8") as file:
    runs = json.load(file)["runs"]
whole = [HdrHistogram.decode(run["distributions"]["latency"]) for run in runs if run["distributions"]["latency"]]
found = {
    "tags": {tag: said(histogram) for tag, histogram in tags.items()},
    "all": said(every),
    "begins": begins,
    "distributions": [said(histogram) for histogram in whole],
}
json.dump(found, sys.stdout)
