use super::*;
use std::io::{BufReader, Write as _};

const LIMIT: Duration = Duration::from_secs(10);

/// A hub that answers each whole request with what it has counted so far, and counts those that end early.
struct Counting {
    address: SocketAddr,
    whole: Arc<Mutex<Vec<String>>>,
}

impl Counting {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let whole = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&whole);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Ok(Some(request)) = http::read_request(&mut BufReader::new(&stream)) else { continue };
                let mut whole = own.lock().unwrap();
                whole.push(String::from_utf8(request.body).unwrap());
                let body = whole.join(",");
                drop(whole);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            }
        });
        Self { address, whole }
    }

    fn heard(&self) -> Vec<String> {
        self.whole.lock().unwrap().clone()
    }
}

fn send(network: &Network, body: &str) -> String {
    let mut stream = TcpStream::connect(network.address).unwrap();
    write!(stream, "POST /v1/log HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let answer = http::read_response(&mut BufReader::new(stream), "POST");
    answer.map_or_else(|_| "nothing".to_owned(), |answer| String::from_utf8(answer.body).unwrap())
}

#[test]
fn a_cut_request_reaches_nobody_and_a_cut_answer_comes_after_the_deed() {
    let hub = Counting::start();
    let network = Network::to(hub.address).unwrap();
    for ending in [Ending::Closed, Ending::Reset] {
        for place in Place::CLASSES {
            network.weather(move |_| Act::CutRequest(place, ending));
            assert_eq!(send(&network, "request"), "nothing", "cut {place:?}, {ending:?}: the station hears nothing");
        }
    }
    assert_eq!(hub.heard(), Vec::<String>::new(), "no class of cuts lets a whole request through");
    for place in Place::CLASSES {
        network.weather(move |_| Act::CutResponse(place, Ending::Reset));
        assert_eq!(send(&network, "answer"), "nothing", "cut {place:?}: an answer that is not whole is none");
    }
    assert_eq!(hub.heard().len(), Place::CLASSES.len(), "the hub did what each of them asked");
}

#[test]
fn a_request_can_come_twice_and_after_the_next() {
    let hub = Counting::start();
    let network = Network::to(hub.address).unwrap();
    network.weather(|exchange| match exchange.number {
        1 => Act::Twice,
        2 => Act::Hold,
        _ => Act::Pass,
    });
    assert_eq!(send(&network, "a"), "a", "the station gets the first answer");
    assert_eq!(send(&network, "b"), "nothing", "held back");
    assert_eq!(send(&network, "c"), "a,a,c", "overtaken");
    let seen = network.seen_from(0);
    assert!(seen.iter().all(|seen| seen.exchange.is_push()), "{seen:?}");
    network.deliver_held();
    assert_eq!(hub.heard(), ["a", "a", "c", "b"], "and it came after the one that overtook it");
}

#[test]
fn silence_lasts_until_the_weather_changes() {
    let hub = Counting::start();
    let network = Network::to(hub.address).unwrap();
    network.weather(|_| Act::Silence);
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| send(&network, "a"));
        assert!(network.wait_for(1, LIMIT), "the request is on its way");
        network.fair();
        assert_eq!(asked.join().unwrap(), "nothing", "what was lost stays lost");
    });
    assert_eq!(send(&network, "b"), "b", "and the next passes");
}

#[test]
fn a_proxy_in_trouble_answers_by_itself() {
    let hub = Counting::start();
    let network = Network::to(hub.address).unwrap();
    network.weather(|_| Act::Answer(502));
    assert!(send(&network, "a").contains("unavailable"), "in its own words");
    assert_eq!(hub.heard(), Vec::<String>::new(), "without the hub");
}
