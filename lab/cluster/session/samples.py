"""Samples: series as a table of text, one line a sample, for whoever wants to compute with them."""

import csv
import io
from collections.abc import Iterable, Mapping
from math import isnan

from lab.cluster.session.recorder import METRICS, Series

HEADER = ("time", "series", "value", "unit")


def csv_text(tables: Iterable[tuple[str, Mapping[str, Series]]]) -> str:
    """`time,series,value,unit` of each metric's series: seconds of virtual time, `records-in orders-0 broker-1`,
    the value, its unit. Instants at which a series was not there have no line.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for metric, series in tables:
        unit = METRICS[metric].unit
        for label, (seconds, values) in series.items():
            name = f"{metric} {label}"
            writer.writerows(
                (f"{time:.3f}", name, f"{value:.10g}", unit)
                for time, value in zip(seconds.tolist(), values.tolist(), strict=True)
                if not isnan(value)
            )
    return out.getvalue()
