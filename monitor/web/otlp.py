"""Every metric of a registry as OTLP, pushed to a collector over HTTP.

Names, labels and values are those of `/metrics`. Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP",
and its metrics data model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import aiohttp
import structlog
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2 as otlp
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric, Sample

from monitor.errors import Unavailable

log = structlog.get_logger(__name__)

_LIMIT_S = 10.0
_CUMULATIVE = otlp.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
_SCOPE = "backstop"
_TYPE = "application/x-protobuf"
_NS = 1_000_000_000


def encode(
    families: Iterable[Metric], resource: Mapping[str, str], started: datetime, now: datetime
) -> bytes:
    """Return metrics as a request of OTLP/HTTP in Protobuf.

    Args:
        resource: attributes of who exports, such as `service.instance.id`.
        started: since when counters have counted.
    """
    times = _Times(_nanoseconds(started), _nanoseconds(now))
    scope = otlp.ScopeMetrics(metrics=[_metric(each, times) for each in families])
    scope.scope.name = _SCOPE
    whole = otlp.ResourceMetrics(scope_metrics=[scope])
    whole.resource.attributes.extend(_attributes(resource))
    return bytes(ExportMetricsServiceRequest(resource_metrics=[whole]).SerializeToString())


async def push(
    registry: CollectorRegistry,
    *,
    endpoint: str,
    headers: Mapping[str, str],
    every_s: float,
    resource: Mapping[str, str],
    clock: Callable[[], datetime],
) -> None:
    """Push the registry's metrics for ever. Counters are cumulative: what failed loses nothing.

    Args:
        endpoint: full address, `http://HOST:4318/v1/metrics`.

    Raises:
        Unavailable: when the collector cannot be reached or refuses; begin anew.
    """
    started = clock()
    timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
    async with aiohttp.ClientSession(timeout=timeout, headers=dict(headers)) as session:
        while True:
            await asyncio.sleep(every_s)
            families = await asyncio.to_thread(lambda: list(registry.collect()))
            await _post(session, endpoint, encode(families, resource, started, clock()))


async def _post(session: aiohttp.ClientSession, endpoint: str, body: bytes) -> None:
    sent = {"Content-Type": _TYPE}
    try:
        async with session.post(endpoint, data=body, headers=sent, allow_redirects=False) as answer:
            if answer.status != 200:
                raise Unavailable(f"otlp.endpoint {endpoint} answers {answer.status}")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Unavailable(f"otlp.endpoint {endpoint} is not reached: {error!r}") from error


class _Times:
    """When counting began, and now; nanoseconds since 1970."""

    def __init__(self, start: int, now: int) -> None:
        self.start = start
        self.now = now


def _metric(family: Metric, times: _Times) -> otlp.Metric:
    metric = otlp.Metric(name=family.name, description=family.documentation)
    if family.type == "histogram":
        metric.histogram.aggregation_temporality = _CUMULATIVE
        metric.histogram.data_points.extend(_histograms(family, times))
    elif family.type == "counter":
        metric.sum.aggregation_temporality = _CUMULATIVE
        metric.sum.is_monotonic = True
        totals = (each for each in family.samples if each.name.endswith("_total"))
        metric.sum.data_points.extend(_number(each, times) for each in totals)
    else:
        metric.gauge.data_points.extend(_number(each, times) for each in family.samples)
    return metric


def _number(sample: Sample, times: _Times) -> otlp.NumberDataPoint:
    return otlp.NumberDataPoint(
        attributes=_attributes(sample.labels),
        start_time_unix_nano=times.start,
        time_unix_nano=times.now,
        as_double=sample.value,
    )


def _histograms(family: Metric, times: _Times) -> Iterable[otlp.HistogramDataPoint]:
    """Yield a point for each set of labels but `le`; OTLP's buckets do not add up, Prometheus' do."""
    series: dict[tuple[tuple[str, str], ...], dict[str, list[Sample]]] = {}
    for sample in family.samples:
        own = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        kind = sample.name.removeprefix(f"{family.name}_")
        series.setdefault(own, {}).setdefault(kind, []).append(sample)
    for labels, samples in series.items():
        buckets = samples.get("bucket", [])
        bounds = [float(each.labels["le"]) for each in buckets][:-1]  # the last is infinite
        yield otlp.HistogramDataPoint(
            attributes=_attributes(dict(labels)),
            start_time_unix_nano=times.start,
            time_unix_nano=times.now,
            count=int(buckets[-1].value) if buckets else 0,
            sum=sum(each.value for each in samples.get("sum", [])),
            explicit_bounds=bounds,
            bucket_counts=_apart([int(each.value) for each in buckets]),
        )


def _apart(cumulative: Sequence[int]) -> list[int]:
    return [after - before for before, after in pairwise((0, *cumulative))]


def _attributes(labels: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in labels.items()]


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * _NS)
