//! One connection of a station's, and what is done to each exchange on it.

use super::{
    Act, Ending, Inner, Place, Seen,
    http::{self, Message},
};
use std::{
    io::{self, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// Only against a hub that hangs: no test waits for this.
const HUB_PATIENCE: Duration = Duration::from_mins(1);

/// Serves a connection until one of the two ends it.
pub(super) fn serve(station: &TcpStream, inner: &Inner) -> io::Result<()> {
    station.set_nodelay(true)?;
    let mut reader = BufReader::new(station.try_clone()?);
    while let Some(request) = http::read_request(&mut reader)? {
        let mut words = request.first_line().into_iter();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (exchange, act, season) = inner.begin(method, path, &request);
        let hub = inner.lock().hub;
        let done = exchange_as(act, season, &request, (station, hub, &exchange.method), inner);
        let (status, answered) = done.as_ref().map_or((None, 0), |done| (done.status, done.answered));
        inner.end(Seen { exchange, act, status, answered });
        match done {
            Ok(done) if done.goes_on => {}
            Ok(_) => return Ok(()),
            Err(error) => {
                let _ = station.shutdown(Shutdown::Both);
                return Err(error);
            }
        }
    }
    Ok(())
}

/// What came of an exchange.
#[derive(Default)]
struct Done {
    status: Option<u16>,
    answered: usize,
    /// Whether the station may use the connection again.
    goes_on: bool,
}

type Ends<'a> = (&'a TcpStream, SocketAddr, &'a str);

fn exchange_as(act: Act, season: u64, request: &Message, ends: Ends<'_>, inner: &Inner) -> io::Result<Done> {
    let (mut station, hub, method) = ends;
    let whole = request.bytes();
    let mut pass = |response: &Message| -> io::Result<Done> {
        station.write_all(&response.bytes())?;
        Ok(Done { status: response.status(), answered: response.len(), goes_on: true })
    };
    match act {
        Act::Pass => {
            let done = pass(&ask(hub, &whole, method)?)?;
            // Whatever was held back comes after the one that overtook it.
            inner.deliver_held();
            Ok(done)
        }
        Act::Late(time) => {
            inner.pass_time(time);
            pass(&ask(hub, &whole, method)?)
        }
        Act::Wait => {
            inner.until_after(season);
            pass(&ask(inner.lock().hub, &whole, method)?)
        }
        Act::Twice => {
            let first = ask(hub, &whole, method)?;
            let _ = ask(hub, &whole, method);
            pass(&first)
        }
        Act::TwiceAtOnce => {
            let other = (whole.clone(), method.to_owned());
            let other = std::thread::spawn(move || drop(ask(hub, &other.0, &other.1)));
            let first = ask(hub, &whole, method)?;
            let _ = other.join();
            pass(&first)
        }
        Act::Hold => {
            inner.lock().held.push((method.to_owned(), whole));
            end(station, Ending::Closed)?;
            Ok(Done::default())
        }
        Act::CutRequest(place, ending) => {
            let part = whole.get(..place.bytes_of(request)).unwrap_or_default();
            // A hub that does not even answer the knock has not got it either.
            let _ = tell(hub, part, ending);
            end(station, ending)?;
            Ok(Done::default())
        }
        Act::CutResponse(place, ending) => cut_response(&ask(hub, &whole, method)?, place, ending, station),
        Act::Answer(status) => {
            station.write_all(trouble(status, method).as_bytes())?;
            Ok(Done { status: Some(status), answered: 0, goes_on: true })
        }
        Act::Silence => {
            inner.until_after(season);
            end(station, Ending::Reset)?;
            Ok(Done::default())
        }
    }
}

fn cut_response(response: &Message, place: Place, ending: Ending, mut station: &TcpStream) -> io::Result<Done> {
    let whole = response.bytes();
    let part = whole.get(..place.bytes_of(response)).unwrap_or_default();
    station.write_all(part)?;
    end(station, ending)?;
    Ok(Done { status: response.status(), answered: part.len(), goes_on: false })
}

/// Asks the hub on a connection of its own, and waits for the whole answer.
pub(super) fn ask(hub: SocketAddr, request: &[u8], method: &str) -> io::Result<Message> {
    let mut stream = connect(hub)?;
    stream.write_all(request)?;
    http::read_response(&mut BufReader::new(stream), method)
}

/// Tells the hub a part of a request and ends the connection. After a close it waits until the hub has seen it, so that
/// the hub is done with it before the station tries again.
fn tell(hub: SocketAddr, part: &[u8], ending: Ending) -> io::Result<()> {
    let mut stream = connect(hub)?;
    stream.write_all(part)?;
    match ending {
        Ending::Closed => {
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_end(&mut Vec::new())?;
            Ok(())
        }
        Ending::Reset => end(&stream, ending),
    }
}

fn connect(hub: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(hub)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(HUB_PATIENCE))?;
    Ok(stream)
}

fn end(stream: &TcpStream, ending: Ending) -> io::Result<()> {
    if ending == Ending::Reset {
        // With nothing left to linger for, the system resets; the other handles of the socket go with this one.
        let socket = socket2::SockRef::from(stream);
        socket.set_linger(Some(Duration::ZERO))?;
    }
    match stream.shutdown(Shutdown::Both) {
        Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
        _ => Ok(()),
    }
}

/// What a proxy in front of a hub says when it has trouble: not the hub's words, nor in its form.
fn trouble(status: u16, method: &str) -> String {
    let body = "<html><body><h1>The upstream server is unavailable</h1></body></html>";
    let shown = if method == "HEAD" { "" } else { body };
    format!("HTTP/1.1 {status} Trouble\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{shown}", body.len())
}
