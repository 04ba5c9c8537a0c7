from math import isnan

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from deploy.local.scrape import MetricsPage


def test_sums_and_quantiles_are_read_from_a_metrics_page() -> None:
    registry = CollectorRegistry()
    changes = Counter("changes_total", "Changes", ["rule", "level"], registry=registry)
    for rule, level, number in (("a", "red", 2), ("a", "blue", 3), ("b", "red", 5)):
        changes.labels(rule, level).inc(number)
    seconds = Histogram("seconds", "Seconds", buckets=(0.1, 1.0), registry=registry)
    for each in (0.05, 0.05, 0.05, 0.5):
        seconds.observe(each)
    page = MetricsPage(generate_latest(registry).decode())

    assert (page.total("changes_total"), page.total("changes_total", level="red")) == (10, 7)
    assert page.by("changes_total", "rule") == {("a",): 5, ("b",): 5}
    assert (page.quantile("seconds", 0.5), page.quantile("seconds", 0.99)) == (0.1, 1.0)
    assert page.total("unknown") == 0
    assert isnan(page.quantile("unknown", 0.5))
