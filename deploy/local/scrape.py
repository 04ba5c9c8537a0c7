"""Reads a running service's `/metrics`."""

import asyncio

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

POLL_SECONDS = 0.05


class MetricsPage:
    """One reading: sums over all label values but those asked for."""

    def __init__(self, text: str) -> None:
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """The sum of the samples called `name` that carry `labels`; 0 where there is none yet."""
        wanted = labels.items()
        return sum(each.value for each in self._samples if each.name == name and wanted <= each.labels.items())

    def by(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """The same sums for each combination of these labels' values."""
        sums: dict[tuple[str, ...], float] = {}
        for each in self._samples:
            if each.name == name:
                key = tuple(each.labels.get(label, "") for label in labels)
                sums[key] = sums.get(key, 0.0) + each.value
        return sums

    def quantile(self, name: str, share: float) -> float:
        """The upper bound of the histogram bucket that holds this quantile; NaN where nothing was observed."""
        buckets = sorted((float(bound), count) for (bound,), count in self.by(f"{name}_bucket", "le").items())
        if not buckets or not buckets[-1][1]:
            return float("nan")
        return next(bound for bound, count in buckets if count >= share * buckets[-1][1])


async def scrape(session: aiohttp.ClientSession, url: str) -> MetricsPage:
    """The metrics of the service at `url`. Raises aiohttp.ClientError where it does not answer."""
    async with session.get(f"{url}/metrics") as response:
        response.raise_for_status()
        return MetricsPage(await response.text())


async def wait_until_below(session: aiohttp.ClientSession, url: str, metric: str, most: float) -> None:
    """Return once the sum of `metric` is at most `most`."""
    while (await scrape(session, url)).total(metric) > most:  # noqa: ASYNC110 - what is waited for is in another process
        await asyncio.sleep(POLL_SECONDS)
