//! A network of ours between station and hub: every exchange passes through it, and it does to each what it is told.
//!
//! What happens follows from the order of the exchanges alone, so the same seed makes the same weather. Nothing here
//! waits for time to pass, but where latency is what is asked for.

mod http;
mod wires;

pub use http::Place;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closed, as by a proxy that was restarted.
    Closed,
    /// Reset, as by a firewall that has forgotten it.
    Reset,
}

/// What is done to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It passes.
    Pass,
    /// The hub gets a part of the request, the station no answer.
    CutRequest(Place, Ending),
    /// The hub gets the request and does what it asks; the station gets a part of the answer.
    CutResponse(Place, Ending),
    /// The hub gets the request again once it has answered it.
    Twice,
    /// The hub gets the request twice at the same time.
    TwiceAtOnce,
    /// The station gets no answer, and the hub the request after the next one.
    Hold,
    /// It passes after a time.
    Late(Duration),
    /// The network answers by itself, as a proxy in trouble does.
    Answer(u16),
    /// It passes once the weather changes.
    Wait,
    /// Nobody gets anything, until the weather changes.
    Silence,
}

/// A request on its way.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Counted from 1.
    pub number: u64,
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its bytes, head and body.
    pub bytes: usize,
}

/// An exchange that is over.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request.
    pub exchange: Exchange,
    /// What was done to it.
    pub act: Act,
    /// What the hub answered, where it did.
    pub status: Option<u16>,
    /// The bytes of the answer that the station got.
    pub answered: usize,
}

impl Exchange {
    /// Whether it is of this method, and goes to an address that ends so.
    pub fn is(&self, method: &str, end: &str) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        self.method == method && path.ends_with(end)
    }

    /// Whether it is a push of the log.
    pub fn is_push(&self) -> bool {
        self.is("POST", "/log")
    }

    /// Whether it brings a part of a blob.
    pub fn is_part(&self) -> bool {
        self.method == "PUT" && self.path.contains("/blobs/")
    }
}

/// Decides what is done to each exchange, in the order in which they come.
pub type Weather = Box<dyn FnMut(&Exchange) -> Act + Send>;

/// The network.
#[derive(Debug)]
pub struct Network {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Held while what was held back is on its way, so that whoever asks for it finds it delivered.
    delivery: Mutex<()>,
    changed: Condvar,
    stopped: AtomicBool,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

struct State {
    hub: SocketAddr,
    weather: Weather,
    /// Counts changes of the weather: what was silent before the last ends.
    season: u64,
    exchanges: u64,
    seen: Vec<Seen>,
    held: Vec<(String, Vec<u8>)>,
    /// Pushes to the byte, once somebody wants to have them again.
    kept: Option<Vec<Vec<u8>>>,
    open: Vec<TcpStream>,
}

impl Network {
    /// A network in front of a hub, all fair.
    pub fn to(hub: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = State {
            hub,
            weather: Box::new(|_| Act::Pass),
            season: 0,
            exchanges: 0,
            seen: Vec::new(),
            held: Vec::new(),
            kept: None,
            open: Vec::new(),
        };
        let stopped = AtomicBool::new(false);
        let inner =
            Arc::new(Inner { state: Mutex::new(state), delivery: Mutex::new(()), changed: Condvar::new(), stopped });
        let own = Arc::clone(&inner);
        std::thread::spawn(move || accept(&listener, &own));
        Ok(Self { address, inner })
    }

    /// Where stations find the hub.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The hub is elsewhere from now on.
    pub fn lead_to(&self, hub: SocketAddr) {
        self.inner.lock().hub = hub;
    }

    /// What is done to exchanges from now on.
    pub fn weather(&self, weather: impl FnMut(&Exchange) -> Act + Send + 'static) {
        let mut state = self.inner.lock();
        state.weather = Box::new(weather);
        state.season += 1;
        drop(state);
        self.inner.changed.notify_all();
    }

    /// Everything passes from now on.
    pub fn fair(&self) {
        self.weather(|_| Act::Pass);
    }

    /// Lets the hub have what was held back.
    pub fn deliver_held(&self) {
        self.inner.deliver_held();
    }

    /// Keeps every push from now on.
    pub fn keep_pushes(&self) {
        self.inner.lock().kept = Some(Vec::new());
    }

    /// Sends the pushes that were kept to the hub again, to the byte and in order. How many, and how many it took.
    pub fn replay(&self) -> io::Result<(u64, u64)> {
        let (kept, hub) = {
            let mut state = self.inner.lock();
            (state.kept.take().unwrap_or_default(), state.hub)
        };
        let mut taken = 0;
        for push in &kept {
            taken += u64::from(wires::ask(hub, push, "POST")?.status() == Some(200));
        }
        Ok((kept.len() as u64, taken))
    }

    /// How many exchanges have begun.
    pub fn exchanges(&self) -> u64 {
        self.inner.lock().exchanges
    }

    /// What has happened, from a place on.
    pub fn seen_from(&self, place: usize) -> Vec<Seen> {
        self.inner.lock().seen.get(place..).unwrap_or_default().to_vec()
    }

    /// How much has happened.
    pub fn seen(&self) -> usize {
        self.inner.lock().seen.len()
    }

    /// Waits until so many exchanges have begun. False where that does not come to be in time.
    pub fn wait_for(&self, exchanges: u64, limit: Duration) -> bool {
        let state = self.inner.lock();
        let waited = self.inner.changed.wait_timeout_while(state, limit, |state| state.exchanges < exchanges);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.exchanges >= exchanges
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.inner.stopped.store(true, Ordering::SeqCst);
        let open = std::mem::take(&mut self.inner.lock().open);
        for stream in open {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        self.inner.changed.notify_all();
        // Wakes the one who accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn begin(&self, method: String, path: String, request: &http::Message) -> (Exchange, Act, u64) {
        let mut state = self.lock();
        state.exchanges += 1;
        let exchange = Exchange { number: state.exchanges, method, path, bytes: request.len() };
        if let Some(kept) = state.kept.as_mut().filter(|_| exchange.is_push()) {
            kept.push(request.bytes());
        }
        let act = (state.weather)(&exchange);
        let season = state.season;
        drop(state);
        self.changed.notify_all();
        (exchange, act, season)
    }

    fn end(&self, seen: Seen) {
        self.lock().seen.push(seen);
        self.changed.notify_all();
    }

    /// Waits for other weather.
    fn until_after(&self, season: u64) {
        let state = self.lock();
        let same = |state: &mut State| state.season == season && !self.is_stopped();
        drop(self.changed.wait_while(state, same).unwrap_or_else(PoisonError::into_inner));
    }

    /// Latency, cut short when the network goes.
    fn pass_time(&self, time: Duration) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, time, |_| !self.is_stopped());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn deliver_held(&self) {
        let delivery = self.delivery.lock().unwrap_or_else(PoisonError::into_inner);
        let (held, hub) = {
            let mut state = self.lock();
            (std::mem::take(&mut state.held), state.hub)
        };
        for (method, bytes) in held {
            // What becomes of a request that comes too late is the hub's affair.
            let _ = wires::ask(hub, &bytes, &method);
        }
        drop(delivery);
    }
}

fn accept(listener: &TcpListener, inner: &Arc<Inner>) {
    for stream in listener.incoming() {
        if inner.is_stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        let own = Arc::clone(inner);
        if let Ok(open) = stream.try_clone() {
            let mut state = inner.lock();
            state.open.retain(|known| known.peer_addr().is_ok());
            state.open.push(open);
        }
        // A connection that ends badly is what this network is for.
        std::thread::spawn(move || drop(wires::serve(&stream, &own)));
    }
}

#[cfg(test)]
mod tests;
