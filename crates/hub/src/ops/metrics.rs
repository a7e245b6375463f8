//! What is counted, for Prometheus. No label names an organization, a person or a station.

use prometheus::{
    Encoder as _, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
    core::{Collector, GenericCounter},
};

/// What is counted. Cheap to count in; every node counts for itself.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests by route, method and status.
    pub requests: IntCounterVec,
    /// How long they took, by route.
    pub request_seconds: HistogramVec,
    /// Requests being worked on.
    pub in_flight: IntGauge,
    /// Problems answered, by code.
    pub problems: IntCounterVec,
    /// Pushes of stations that were kept.
    pub pushes: IntCounter,
    /// How long a push took, from its bytes to its commit.
    pub push_seconds: Histogram,
    /// Records of stations' logs by outcome: `applied`, `known`, `quarantined`.
    pub records: IntCounterVec,
    /// Bytes of blobs: `in` and `out`.
    pub blob_bytes: IntCounterVec,
    /// Blobs that were complete and of the right hash.
    pub blobs_verified: IntCounter,
    /// Entries of the feed handed to stations.
    pub feed_served: IntCounter,
    /// Letters by outcome: `sent`, `failed`.
    pub letters: IntCounterVec,
    /// Connections to the database that are in use.
    pub pool_in_use: IntGauge,
    /// The most there may be.
    pub pool_max: IntGauge,
    /// Stations heard of in the last hour.
    pub stations_seen: IntGauge,
    /// Stations that are enrolled and not revoked.
    pub stations: IntGauge,
    /// The age of the oldest record that a station said it had not brought, in seconds.
    pub oldest_backlog_seconds: Gauge,
    /// Records that stations said they had not brought.
    pub backlog_records: IntGauge,
    /// Records in quarantine.
    pub quarantined: IntGauge,
    /// When housekeeping last went well, in seconds since 1970.
    pub housekeeping_at_seconds: Gauge,
    /// What housekeeping removed or made, by what.
    pub housekeeping: IntCounterVec,
    /// Whether the direct connection for notifications stands.
    pub listening: IntGauge,
}

/// Up to half a minute, closer together where most requests are.
const SECONDS: [f64; 12] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 30.0];

impl Default for Metrics {
    fn default() -> Self {
        Self::new().expect("the names below are good and differ")
    }
}

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new_custom(Some("wellread_hub".to_owned()), None)?;
        let make = Make(&registry);
        Ok(Self {
            requests: make.counters("requests_total", "Requests answered", &["route", "method", "status"])?,
            request_seconds: make.keep(HistogramVec::new(
                HistogramOpts::new("request_seconds", "Seconds until an answer began").buckets(SECONDS.to_vec()),
                &["route"],
            )?)?,
            in_flight: make.gauge("requests_in_flight", "Requests being worked on")?,
            problems: make.counters("problems_total", "Problems answered", &["code"])?,
            pushes: make.counter("pushes_total", "Pushes of stations that were kept")?,
            push_seconds: make.keep(Histogram::with_opts(
                HistogramOpts::new("push_seconds", "Seconds from a push's bytes to its commit")
                    .buckets(SECONDS.to_vec()),
            )?)?,
            records: make.counters("records_total", "Records of stations' logs", &["outcome"])?,
            blob_bytes: make.counters("blob_bytes_total", "Bytes of blobs", &["direction"])?,
            blobs_verified: make.counter("blobs_verified_total", "Blobs complete and of the right hash")?,
            feed_served: make.counter("feed_served_total", "Entries of the feed handed to stations")?,
            letters: make.counters("letters_total", "Letters", &["outcome"])?,
            pool_in_use: make.gauge("pool_in_use", "Connections to the database in use")?,
            pool_max: make.gauge("pool_max", "The most connections to the database")?,
            stations_seen: make.gauge("stations_seen", "Stations heard of in the last hour")?,
            stations: make.gauge("stations", "Stations enrolled and not revoked")?,
            oldest_backlog_seconds: make.keep(Gauge::new(
                "oldest_backlog_seconds",
                "Age of the oldest record that a station said it had not brought",
            )?)?,
            backlog_records: make.gauge("backlog_records", "Records that stations said they had not brought")?,
            quarantined: make.gauge("quarantined", "Records in quarantine")?,
            housekeeping_at_seconds: make
                .keep(Gauge::new("housekeeping_at_seconds", "When housekeeping last went well, since 1970")?)?,
            housekeeping: make.counters("housekeeping_total", "What housekeeping removed or made", &["what"])?,
            listening: make.gauge("listening", "1 while the connection for notifications stands")?,
            registry,
        })
    }

    /// All of it as Prometheus reads it, and the media type of that.
    pub fn text(&self) -> anyhow::Result<(String, String)> {
        let encoder = TextEncoder::new();
        let mut text = Vec::new();
        encoder.encode(&self.registry.gather(), &mut text)?;
        Ok((String::from_utf8(text)?, encoder.format_type().to_owned()))
    }
}

/// Makes and registers.
struct Make<'a>(&'a Registry);

impl Make<'_> {
    fn keep<T: Collector + Clone + 'static>(&self, collector: T) -> prometheus::Result<T> {
        self.0.register(Box::new(collector.clone()))?;
        Ok(collector)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.keep(GenericCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.keep(IntGauge::new(name, help)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_under_its_name() {
        let metrics = Metrics::default();
        metrics.records.with_label_values(&["applied"]).inc_by(7);
        metrics.stations_seen.set(2);
        let (text, media_type) = metrics.text().unwrap();
        assert!(media_type.starts_with("text/plain"), "{media_type}: Prometheus takes no other");
        for line in [r#"wellread_hub_records_total{outcome="applied"} 7"#, "wellread_hub_stations_seen 2"] {
            assert!(text.lines().any(|told| told == line), "'{line}' is missing in:\n{text}");
        }
    }
}
