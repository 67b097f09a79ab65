//! Frames of the protocol, in both versions.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Packet;

/// Kinds of binary frames: a broadcast of a client, a broadcast of the service.
const PUSH: u8 = 3;
const BROADCAST: u8 = 4;
const JSON: u8 = 1;

/// A version of the protocol (`vsn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0.0: frames are JSON objects.
    V1,
    /// 2.0.0: frames are JSON arrays, and broadcasts are binary.
    V2,
}

impl Version {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Version::V1 => "1.0.0",
            Version::V2 => "2.0.0",
        }
    }
}

/// One frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Frame {
    pub join_ref: Option<String>,
    pub reference: Option<String>,
    pub topic: String,
    pub event: String,
    pub payload: Value,
}

impl Frame {
    /// As it goes over the wire. A broadcast whose names are too long for a binary frame goes as text.
    pub fn encode(&self, version: Version) -> Packet {
        let Frame { join_ref, reference, topic, event, payload } = self;
        match version {
            Version::V1 => {
                let frame = json!({
                    "topic": topic, "event": event, "payload": payload, "ref": reference, "join_ref": join_ref,
                });
                Packet::text(frame.to_string())
            }
            Version::V2 => match self.push() {
                Some(bytes) => Packet::binary(bytes),
                None => Packet::text(json!([join_ref, reference, topic, event, payload]).to_string()),
            },
        }
    }

    /// A broadcast as a binary frame: kind, five lengths, encoding, four texts, payload. (The fifth length is of metadata, which is empty.)
    fn push(&self) -> Option<Vec<u8>> {
        let event = self.payload.get("event").filter(|_| self.event == "broadcast")?.as_str()?;
        let texts = [
            self.join_ref.as_deref().unwrap_or_default(),
            self.reference.as_deref().unwrap_or_default(),
            &self.topic,
            event,
        ];
        let mut bytes = vec![PUSH];
        for text in texts {
            bytes.push(u8::try_from(text.len()).ok()?);
        }
        bytes.extend([0, JSON]);
        texts.iter().for_each(|text| bytes.extend(text.as_bytes()));
        let payload = self.payload.get("payload").cloned().unwrap_or_else(|| json!({}));
        bytes.extend(payload.to_string().as_bytes());
        Some(bytes)
    }

    /// Reads what came. None for what is no frame, or no frame that anybody here wants: a service may know more than we do.
    pub fn decode(packet: &Packet) -> Option<Self> {
        match packet {
            Packet::Text(text) => match serde_json::from_str(text).ok()? {
                Value::Array(parts) => {
                    let [join_ref, reference, topic, event, payload] = <[Value; 5]>::try_from(parts).ok()?;
                    Some(Frame {
                        join_ref: text_of(join_ref),
                        reference: text_of(reference),
                        topic: text_of(topic)?,
                        event: text_of(event)?,
                        payload,
                    })
                }
                Value::Object(mut fields) => {
                    let mut take = |name: &str| fields.remove(name).unwrap_or_default();
                    Some(Frame {
                        join_ref: text_of(take("join_ref")),
                        reference: text_of(take("ref")),
                        topic: text_of(take("topic"))?,
                        event: text_of(take("event"))?,
                        payload: take("payload"),
                    })
                }
                _ => None,
            },
            Packet::Binary(bytes) => Self::broadcast(bytes),
            _ => None,
        }
    }

    /// A broadcast of the service: kind, three lengths, encoding, topic, event, metadata, payload.
    fn broadcast(bytes: &[u8]) -> Option<Self> {
        let (header, mut rest) = bytes.split_at_checked(5)?;
        let &[BROADCAST, topic, event, metadata, encoding] = header else { return None };
        let mut take = |length: u8| {
            let (text, more) = rest.split_at_checked(length.into())?;
            rest = more;
            std::str::from_utf8(text).ok()
        };
        let (topic, event, _) = (take(topic)?.to_owned(), take(event)?, take(metadata)?);
        let payload: Value = if encoding == JSON { serde_json::from_slice(rest).ok()? } else { Value::Null };
        let payload = json!({ "type": "broadcast", "event": event, "payload": payload });
        Some(Frame { topic, event: "broadcast".into(), payload, ..Frame::default() })
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame() -> Frame {
        Frame {
            join_ref: Some("1".into()),
            reference: Some("22".into()),
            topic: "realtime:jobs:7".into(),
            event: "phx_join".into(),
            payload: json!({ "config": {} }),
        }
    }

    #[test]
    fn text_frames_are_objects_or_arrays() {
        let packet = frame().encode(Version::V1);
        let text = packet.to_text().expect("text");
        let expected =
            r#"{"event":"phx_join","join_ref":"1","payload":{"config":{}},"ref":"22","topic":"realtime:jobs:7"}"#;
        assert_eq!(
            serde_json::from_str::<Value>(text).expect("JSON"),
            serde_json::from_str::<Value>(expected).expect("JSON")
        );
        assert_eq!(Frame::decode(&packet), Some(frame()));
        let packet = frame().encode(Version::V2);
        assert_eq!(packet.to_text().expect("text"), r#"["1","22","realtime:jobs:7","phx_join",{"config":{}}]"#);
        assert_eq!(Frame::decode(&packet), Some(frame()));
    }

    #[test]
    fn broadcasts_are_binary_in_version_two() {
        let payload = json!({ "type": "broadcast", "event": "message", "payload": { "seq": 5 } });
        let push = Frame { event: "broadcast".into(), payload: payload.clone(), ..frame() };
        let expected = b"\x03\x01\x02\x0f\x07\x00\x01122realtime:jobs:7message{\"seq\":5}";
        assert_eq!(push.encode(Version::V2), Packet::binary(expected.to_vec()));
        let came = b"\x04\x0f\x07\x02\x01realtime:jobs:7message{}{\"seq\":5}";
        let broadcast = Frame::decode(&Packet::binary(came.to_vec())).expect("a frame");
        assert_eq!((broadcast.topic.as_str(), broadcast.payload), ("realtime:jobs:7", payload));
        let long = Frame { topic: "x".repeat(300), ..push };
        assert!(long.encode(Version::V2).is_text());
    }

    proptest! {
        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..80), text in ".{0,60}", first in prop::bool::ANY) {
            let mut bytes = bytes;
            if first && !bytes.is_empty() { bytes[0] = BROADCAST; }
            Frame::decode(&Packet::binary(bytes));
            Frame::decode(&Packet::text(text));
        }
    }
}
