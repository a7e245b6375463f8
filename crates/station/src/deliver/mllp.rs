//! HL7 over TCP: the minimal lower layer protocol, one message a connection.
//!
//! A message travels as `0B message 1C 0D` and is delivered only when the other side has acknowledged it under the
//! same control id. Everything else is an error with a name, and says whether trying again can help.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

const START: u8 = 0x0B;
const END: u8 = 0x1C;
const CARRIAGE_RETURN: u8 = 0x0D;

/// The most bytes of an acknowledgement.
const LONGEST_ACK_BYTES: usize = 64 * 1024;

/// An acknowledgement that accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The control id acknowledged.
    pub control_id: String,
    /// What the receiver wrote beside it; often nothing.
    pub text: String,
}

/// What was going on when a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Making the connection.
    Connecting,
    /// Sending the message.
    Sending,
    /// Waiting for the acknowledgement.
    Waiting,
}

/// Why a message is not delivered.
#[derive(Debug, thiserror::Error)]
pub enum MllpError {
    /// The address leads nowhere.
    #[error("'{address}' is not the address of a receiver ({problem}): write HOST:PORT, such as lims.example.org:2575")]
    Address {
        /// The address.
        address: String,
        /// What the system says.
        problem: String,
    },
    /// The network failed.
    #[error("the connection to {address} failed while {} ({source}): it is tried again; check the receiver", step.gerund())]
    Network {
        /// The address.
        address: String,
        /// When.
        step: Step,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing came in time.
    #[error("{address} did not answer within {limit_ms} ms while {}: it is tried again; check the receiver", step.gerund())]
    Silent {
        /// The address.
        address: String,
        /// When.
        step: Step,
        /// The limit.
        limit_ms: u128,
    },
    /// The other side hung up before it had acknowledged.
    #[error("{address} hung up before it had acknowledged: it is tried again; check the receiver's log")]
    CutOff {
        /// The address.
        address: String,
    },
    /// The receiver has seen the message and found a fault in it (`AE`).
    #[error("the receiver found a fault in the message: {text}; correct it there or in the template, then send again")]
    Faulty {
        /// What it says.
        text: String,
    },
    /// The receiver refuses such messages (`AR`).
    #[error("the receiver rejects the message: {text}; check its settings for this station, then send again")]
    Rejected {
        /// What it says.
        text: String,
    },
    /// The acknowledgement is for another message.
    #[error(
        "the receiver acknowledged message '{got}' and not '{sent}': check that nothing else answers at this address"
    )]
    WrongId {
        /// The control id sent.
        sent: String,
        /// The control id acknowledged.
        got: String,
    },
    /// What came back is no acknowledgement.
    #[error("the receiver's answer is no HL7 acknowledgement ({problem}): check that the port speaks MLLP")]
    NotAnAck {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The message cannot be sent.
    #[error("the message cannot be sent ({problem}): make it by a template of format \"hl7\"")]
    Message {
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Step {
    const fn gerund(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Sending => "sending",
            Self::Waiting => "waiting for the acknowledgement",
        }
    }
}

impl MllpError {
    /// Whether trying again later can help without anybody's hands.
    ///
    /// The receiver may have taken a message whose acknowledgement was lost; it knows a repetition by its control id.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Network { .. } | Self::Silent { .. } | Self::CutOff { .. })
    }
}

/// Sends a message to `HOST:PORT` and waits until it is acknowledged; `limit` is for all of it.
pub fn send(address: &str, message: &[u8], limit: Duration) -> Result<Ack, MllpError> {
    if message.iter().any(|byte| matches!(*byte, START | END)) {
        return Err(MllpError::Message { problem: "it contains the bytes that frame messages" });
    }
    let text = String::from_utf8_lossy(message);
    let header = Header::of(&text).map_err(|problem| MllpError::Message { problem })?;
    let sent = header.field(10).to_owned();
    if sent.is_empty() {
        return Err(MllpError::Message { problem: "MSH-10, the control id, is empty" });
    }
    let line = Line { address, until: Instant::now() + limit, limit };
    let mut stream = line.connect()?;
    line.write(&mut stream, &[&[START], message, &[END, CARRIAGE_RETURN]].concat())?;
    let answer = line.read_frame(&mut stream)?;
    judge(&String::from_utf8_lossy(&answer), &sent)
}

/// What an acknowledgement says of the message sent.
///
/// The codes of the enhanced mode (`CA`, `CE`, `CR`) are taken as those of the original mode: a receiver that was asked
/// for nothing in MSH-15 and answers by them means the same.
fn judge(answer: &str, sent: &str) -> Result<Ack, MllpError> {
    let header = Header::of(answer).map_err(|problem| MllpError::NotAnAck { problem })?;
    let Some(msa) = header.segment("MSA") else { return Err(MllpError::NotAnAck { problem: "it has no MSA segment" }) };
    let (code, got) = (msa.field(1), msa.field(2));
    if !matches!(code, "AA" | "AE" | "AR" | "CA" | "CE" | "CR") {
        return Err(MllpError::NotAnAck { problem: "MSA-1 is none of AA, AE and AR" });
    }
    if got != sent {
        return Err(MllpError::WrongId { sent: shown(sent), got: shown(got) });
    }
    let error = header.segment("ERR").map(|err| [err.field(3), err.field(7), err.field(8)].join(" "));
    let text = [msa.field(3), error.as_deref().unwrap_or_default()].join(" ");
    let text = match text.trim() {
        "" => "it does not say why".to_owned(),
        said => shown(said),
    };
    match code {
        "AE" | "CE" => Err(MllpError::Faulty { text }),
        "AR" | "CR" => Err(MllpError::Rejected { text }),
        _ => Ok(Ack { control_id: got.to_owned(), text: msa.field(3).to_owned() }),
    }
}

/// What another system wrote, on one line and not for ever.
fn shown(text: &str) -> String {
    text.chars().take(300).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A message whose first segment is a sound MSH.
struct Header<'a> {
    message: &'a str,
    separator: char,
}

/// One segment.
struct Segment<'a> {
    text: &'a str,
    separator: char,
}

impl<'a> Header<'a> {
    fn of(message: &'a str) -> Result<Self, &'static str> {
        let rest = message.strip_prefix("MSH").ok_or("it does not begin with MSH")?;
        let separator = rest.chars().next().filter(|first| !first.is_alphanumeric()).ok_or("MSH has no separator")?;
        Ok(Self { message, separator })
    }

    /// A field of MSH, counted as the standard does: the separator itself is the first.
    fn field(&self, number: usize) -> &'a str {
        let msh = self.message.split(['\r', '\n']).next().unwrap_or_default();
        msh.split(self.separator).nth(number - 1).unwrap_or_default()
    }

    fn segment(&self, name: &str) -> Option<Segment<'a>> {
        // Some receivers end segments with line feeds.
        let mut segments = self.message.split(['\r', '\n']);
        let text =
            segments.find(|text| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(self.separator)))?;
        Some(Segment { text, separator: self.separator })
    }
}

impl<'a> Segment<'a> {
    fn field(&self, number: usize) -> &'a str {
        self.text.split(self.separator).nth(number).unwrap_or_default()
    }
}

/// A connection that must be done by a certain time.
struct Line<'a> {
    address: &'a str,
    until: Instant,
    limit: Duration,
}

impl Line<'_> {
    fn connect(&self) -> Result<TcpStream, MllpError> {
        let wrong = |problem: String| MllpError::Address { address: self.address.to_owned(), problem };
        let addresses = self.address.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
        let mut last = wrong("the name has no address".to_owned());
        for address in addresses.take(8) {
            match TcpStream::connect_timeout(&address, self.left(Step::Connecting)?) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = self.failed(Step::Connecting, error),
            }
        }
        Err(last)
    }

    fn write(&self, stream: &mut TcpStream, bytes: &[u8]) -> Result<(), MllpError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let left = self.left(Step::Sending)?;
            let written = stream.set_write_timeout(Some(left)).and_then(|()| stream.write(rest));
            let written = self.retried(Step::Sending, written)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads up to the end of the first frame; what comes before its start is noise, as the protocol has it.
    fn read_frame(&self, stream: &mut TcpStream) -> Result<Vec<u8>, MllpError> {
        let mut seen: Vec<u8> = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            let left = self.left(Step::Waiting)?;
            let count = stream.set_read_timeout(Some(left)).and_then(|()| stream.read(&mut buffer));
            let closed = matches!(count, Ok(0));
            let count = self.retried(Step::Waiting, count)?;
            seen.extend(buffer.iter().take(count));
            let frame = seen.iter().position(|byte| *byte == START).and_then(|start| seen.get(start + 1..));
            if let Some(end) = frame.and_then(|frame| frame.windows(2).position(|pair| pair == [END, CARRIAGE_RETURN]))
            {
                return Ok(frame.unwrap_or_default().iter().take(end).copied().collect());
            }
            if closed {
                return Err(MllpError::CutOff { address: self.address.to_owned() });
            }
            if seen.len() > LONGEST_ACK_BYTES {
                return Err(MllpError::NotAnAck { problem: "it has no end" });
            }
        }
    }

    fn left(&self, step: Step) -> Result<Duration, MllpError> {
        let left = self.until.saturating_duration_since(Instant::now());
        // A time-out of zero would mean none at all.
        if left.is_zero() { Err(self.silent(step)) } else { Ok(left) }
    }

    /// A call cut short by a signal counts as having done nothing.
    fn retried(&self, step: Step, done: io::Result<usize>) -> Result<usize, MllpError> {
        match done {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            other => other.map_err(|error| self.failed(step, error)),
        }
    }

    fn failed(&self, step: Step, source: io::Error) -> MllpError {
        match source.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => self.silent(step),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
                if step != Step::Connecting =>
            {
                MllpError::CutOff { address: self.address.to_owned() }
            }
            _ => MllpError::Network { address: self.address.to_owned(), step, source },
        }
    }

    fn silent(&self, step: Step) -> MllpError {
        MllpError::Silent { address: self.address.to_owned(), step, limit_ms: self.limit.as_millis() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_receiver_may_choose_its_own_separator_and_line_ends() {
        let ack = judge("MSH$%~\\&$LIMS\r\nMSA$CA$ID7$kept\r\n", "ID7").unwrap();
        assert_eq!(ack, Ack { control_id: "ID7".to_owned(), text: "kept".to_owned() }, "MSH says what divides fields");
        let error = judge("MSH|^~\\&|L\rMSA|AE|ID7\rERR|||204^Unknown key|E||||no such sample", "ID7").unwrap_err();
        let told = error.to_string();
        assert!(told.contains("204^Unknown key") && told.contains("no such sample"), "ERR says why: {told}");
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(answer in "(MSH)?[|^~&A-Z0-9\\r\\n]{0,60}|.{0,60}", sent in "[A-Z0-9]{1,20}") {
            if let Ok(ack) = judge(&answer, &sent) {
                prop_assert_eq!(ack.control_id, sent, "only the message sent is acknowledged");
            }
        }
    }
}
