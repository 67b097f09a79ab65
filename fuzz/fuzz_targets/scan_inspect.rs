//! The first line is a file's name, the rest its bytes: masking a secret moves no byte and no line.
#![no_main]

use indexer::scan::{inspect, skip_by_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let split = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let name = String::from_utf8_lossy(&data[..split]);
    let bytes = data.get(split + 1..).unwrap_or_default();
    let Ok(inspected) = inspect(&name, bytes) else { return };
    assert_eq!(skip_by_name(&name), None, "a name that is left out is never read");
    let (text, lines) = (inspected.text.as_bytes(), inspected.text.lines().count() as u32);
    for redaction in &inspected.redactions {
        assert!((1..=lines).contains(&redaction.line), "{redaction:?} of {lines} lines");
    }
    assert!(inspected.redactions.is_sorted_by_key(|redaction| redaction.line));
    let original = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    if utf16 || inspected.lossy {
        return;
    }
    assert_eq!(text.len(), original.len(), "every offset stays true");
    let masked = text.iter().zip(original).filter(|(new, old)| new != old);
    let mut masked = masked.peekable();
    assert!(masked.peek().is_none() || !inspected.redactions.is_empty(), "a mask is reported");
    for (new, old) in masked {
        assert_eq!(*new, b'*', "a token is masked by stars");
        assert!(!old.is_ascii_whitespace(), "a token has no white space");
    }
});
