//! Whether a delivered message is, octet for octet, the one that was sent: in front of it stand our trace fields and
//! nothing else, and only fields in our name are missing from it (RFC 8601 §5).

/// What may stand in front.
const TRACE_FIELDS: [&str; 3] = ["received", "authentication-results", "return-path"];
const OUR_FIELDS: &str = "x-postern-";

/// `Ok`, or what is different.
pub fn compare(delivered: &[u8], sent: &[u8], hostname: &str) -> Result<(), String> {
    let expected = without_ours(sent, hostname);
    let Some(front) = delivered.strip_suffix(expected.as_slice()) else {
        let (delivered, expected) = (delivered.len(), expected.len());
        return Err(format!(
            "{delivered} octets were delivered that do not end in the {expected} octets sent"
        ));
    };
    if !front.is_empty() && !front.ends_with(b"\r\n") {
        return Err("something stands in front of the first header field".to_owned());
    }
    match fields(front).into_iter().find(|field| !is_trace(&name(field))) {
        Some(field) => Err(format!("a field \"{}\" was added", name(field))),
        None => Ok(()),
    }
}

fn is_trace(name: &str) -> bool {
    TRACE_FIELDS.contains(&name) || name.starts_with(OUR_FIELDS)
}

/// The message without the header fields that only we may write.
fn without_ours(message: &[u8], hostname: &str) -> Vec<u8> {
    let header_end = match message.starts_with(b"\r\n") {
        true => 0,
        false => message
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map_or(message.len(), |at| at + 2),
    };
    let (header, rest) = message.split_at(header_end);
    let mut kept: Vec<u8> = Vec::with_capacity(message.len());
    for field in fields(header) {
        if !is_ours(field, hostname) {
            kept.extend_from_slice(field);
        }
    }
    kept.extend_from_slice(rest);
    kept
}

fn is_ours(field: &[u8], hostname: &str) -> bool {
    match name(field).as_str() {
        name if name.starts_with(OUR_FIELDS) => true,
        "authentication-results" => {
            let text = String::from_utf8_lossy(field);
            let value = text.split_once(':').map_or("", |(_, value)| value.trim_start());
            let id = value
                .split(|c: char| c == ';' || c.is_whitespace())
                .next()
                .unwrap_or_default();
            id.eq_ignore_ascii_case(hostname)
        }
        _ => false,
    }
}

/// Header fields with their continuation lines and line ends.
fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let mut start = 0;
    for (at, octet) in header.iter().enumerate() {
        let next = header.get(at + 1);
        if *octet == b'\n' && !matches!(next, Some(b' ' | b'\t')) {
            fields.push(&header[start..=at]);
            start = at + 1;
        }
    }
    if start < header.len() {
        fields.push(&header[start..]);
    }
    fields
}

/// The field's name in lower case.
fn name(field: &[u8]) -> String {
    let end = field.iter().position(|octet| *octet == b':').unwrap_or(0);
    String::from_utf8_lossy(&field[..end])
        .trim_end()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trace_fields_may_differ() {
        let sent = "From: a\r\nX-Postern-Verdict: forged\r\n\tmore\r\nSubject: b\r\n\r\nbody\r\n";
        let clean = "From: a\r\nSubject: b\r\n\r\nbody\r\n";
        let trace = "Received: from x\r\n\tby y; date\r\nX-Postern-Verdict: mid=7\r\n";
        let rows = [
            (
                format!("{trace}{clean}"),
                true,
                "trace fields in front, the forged one gone",
            ),
            (clean.to_owned(), true, "no trace fields"),
            (format!("{trace}{sent}"), false, "a forged field came through"),
            (
                format!("{trace}Subject: c\r\n{clean}"),
                false,
                "another field in front",
            ),
            (
                format!("{trace}{}", clean.replace("body", "Body")),
                false,
                "the body was touched",
            ),
            (format!("{trace}x{clean}"), false, "an octet in front"),
            (trace.to_owned(), false, "nothing of it"),
        ];
        for (delivered, expected, reason) in rows {
            let compared = compare(delivered.as_bytes(), sent.as_bytes(), "mx.example.test");
            assert_eq!(compared.is_ok(), expected, "{reason}: {compared:?}");
        }
    }

    #[test]
    fn results_in_our_name_are_ours_and_those_of_others_are_not() {
        let sent = "Authentication-Results: MX.example.test; spf=pass\r\nAuthentication-Results: mx.example.com;\r\n\tx=y\r\n\r\n";
        let left = without_ours(sent.as_bytes(), "mx.example.test");
        assert_eq!(
            String::from_utf8_lossy(&left),
            "Authentication-Results: mx.example.com;\r\n\tx=y\r\n\r\n"
        );
        assert_eq!(
            without_ours(b"\r\nX-Postern-A: body\r\n", "m"),
            b"\r\nX-Postern-A: body\r\n",
            "an empty header"
        );
    }
}
