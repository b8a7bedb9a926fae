"""Metrics belong to one hub and stay bounded."""

from prometheus_client import REGISTRY

from hub.telemetry import Metrics
from hub.telemetry.metrics import LABELS_MAX


def _page(metrics: Metrics) -> str:
    body, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    return body.decode()


def test_counts_times_and_states_are_on_the_page() -> None:
    """What was counted, timed and set is rendered with its labels."""
    metrics = Metrics()
    metrics.accepted_total.inc("H56.14")
    metrics.accepted_total.inc("H56.14", by=2)
    metrics.tries_total.inc("portal", "portal.sync", "delivered")
    metrics.accept_seconds.observe(0.003)
    metrics.try_seconds.observe(0.2, "national_portal")
    metrics.deliveries.set(7, "national_portal", "parked")
    page = _page(metrics)
    assert 'hub_accepted_total{agency="H56.14"} 3.0' in page
    assert 'hub_tries_total{operation="portal.sync",outcome_class="delivered",platform="portal"} 1.0' in page
    assert 'hub_accept_seconds_bucket{le="0.0025"} 0.0' in page
    assert 'hub_accept_seconds_bucket{le="0.005"} 1.0' in page
    assert 'hub_try_seconds_count{platform="national_portal"} 1.0' in page
    assert 'hub_deliveries{platform="national_portal",state="parked"} 7.0' in page


def test_the_process_watches_itself() -> None:
    """Memory and garbage collections of the process are on the page."""
    page = _page(Metrics())
    assert "process_resident_memory_bytes" in page
    assert "python_gc_collections_total" in page


def test_two_hubs_in_one_process_do_not_share_numbers() -> None:
    """Each Metrics has its own registry, and the library's global one stays without our names."""
    one, other = Metrics(), Metrics()
    one.refused_total.inc("caller.invalid")
    assert "caller.invalid" not in _page(other)
    assert REGISTRY.get_sample_value("hub_refused_total", {"code": "caller.invalid"}) is None


def test_label_values_are_bounded() -> None:
    """Past the limit, label values are counted together as "other"."""
    metrics = Metrics()
    for number in range(LABELS_MAX + 5):
        metrics.accepted_total.inc(f"H{number}")
    page = _page(metrics)
    assert 'hub_accepted_total{agency="other"} 5.0' in page
    assert LABELS_MAX + 1 == page.count("hub_accepted_total{")
