//! A mail server that keeps what it is sent.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

pub(crate) struct Sink {
    pub(crate) url: String,
    letters: UnboundedReceiver<Letter>,
}

#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Letter {
    /// The link in it, without what stands before the path.
    pub(crate) fn link(&self) -> String {
        let line =
            self.text.lines().find(|line| line.contains("token=")).unwrap_or_else(|| panic!("no link: {self:?}"));
        line.split_once("//").unwrap().1.split_once('/').map(|(_, path)| format!("/{}", path.trim())).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        self.link().split_once("token=").unwrap().1.to_owned()
    }
}

impl Sink {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let (sender, letters) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, sender.clone()));
            }
        });
        Self { url, letters }
    }

    pub(crate) async fn next(&mut self) -> Letter {
        self.letters.recv().await.unwrap()
    }

    /// Whether nothing came that was not looked at.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.letters.is_empty()
    }
}

async fn serve(stream: TcpStream, sender: UnboundedSender<Letter>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut to, mut mail) = (String::new(), None::<String>);
    write.write_all(b"220 sink\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(text) = mail.as_mut() {
            if line == "." {
                let text = mail.take().unwrap();
                // A letter counts once the server has said that it has it.
                write.write_all(b"250 kept\r\n").await.unwrap();
                let _ = sender.send(letter(&to, &text));
            } else {
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
                text.push('\n');
            }
            continue;
        }
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" | "HELO" => b"250-sink\r\n250 8BITMIME\r\n",
            "RCPT" => {
                to = line.split_once('<').unwrap().1.trim_end_matches('>').to_owned();
                b"250 fine\r\n"
            }
            "DATA" => {
                mail = Some(String::new());
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        write.write_all(answer).await.unwrap();
    }
}

fn letter(to: &str, mail: &str) -> Letter {
    let (head, body) = mail.split_once("\n\n").unwrap();
    let unfolded = head.replace("\n ", " ");
    let header = |name: &str| {
        let line = unfolded.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned()).unwrap_or_default()
    };
    let bytes = match header("content-transfer-encoding").as_str() {
        "base64" => STANDARD.decode(body.replace(['\n', '\r'], "")).unwrap(),
        "quoted-printable" => quoted(body),
        _ => body.as_bytes().to_vec(),
    };
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Letter { to: to.to_owned(), subject: header("subject"), text }
}

fn quoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "").replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            let (digits, after) = rest.split_at(2);
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    bytes
}
