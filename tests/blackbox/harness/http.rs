//! An HTTP client of a few lines: one connection a request, cookies kept, redirects not followed, nothing hidden.
//! RFC 9112.

use super::lines::Lines;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Someone who visits one server.
#[derive(Clone)]
pub struct Http {
    address: SocketAddr,
    cookie: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Field names in lower case.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub body: String,
}

impl Answer {
    /// A header field's value; empty if there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Itself, if it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Itself, if its content has this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.body.contains(text),
            "\"{text}\" is missing in:\n{}",
            self.body
        );
        self
    }

    /// Itself, if its content does not have this text.
    #[track_caller]
    pub fn keeps_quiet_about(self, text: &str) -> Self {
        assert!(!self.body.contains(text), "\"{text}\" is in:\n{}", self.body);
        self
    }
}

impl Http {
    /// Nobody yet.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            cookie: None,
        }
    }

    /// Opens a page.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.request(("GET", path), &[], "")
    }

    /// Sends a form, as a browser does from a page of the same server.
    #[track_caller]
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let origin = format!("http://{}", self.address);
        self.post_with(
            path,
            fields,
            &[("Origin", &origin), ("Sec-Fetch-Site", "same-origin")],
        )
    }

    /// Sends a form with other header fields.
    #[track_caller]
    pub fn post_with(&mut self, path: &str, fields: &[(&str, &str)], header: &[(&str, &str)]) -> Answer {
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.request(("POST", path), &[&kind, header].concat(), &form(fields))
    }

    /// Logs in and must succeed.
    #[track_caller]
    pub fn log_in(mut self, login: &str, password: &str) -> Self {
        let answer = self.post(
            "/login",
            &[("login", login), ("password", password), ("next", "/")],
        );
        assert_eq!(
            (answer.status, answer.field("location")),
            (303, "/"),
            "{}",
            answer.body
        );
        self
    }

    /// Any request.
    #[track_caller]
    pub fn request(&mut self, (method, path): (&str, &str), header: &[(&str, &str)], body: &str) -> Answer {
        let answer = self.try_request((method, path), header, body);
        let answer = answer.unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        if let Some(pair) = answer
            .field("set-cookie")
            .split(';')
            .next()
            .filter(|pair| pair.contains('='))
        {
            self.cookie = Some(pair.to_owned());
        }
        answer
    }

    /// The same to someone who may not answer.
    pub fn try_request(
        &self,
        (method, path): (&str, &str),
        header: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in header {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(cookie) = &self.cookie {
            request.push_str(&format!("Cookie: {cookie}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        let text = |why: std::io::Error| why.to_string();
        let mut lines = Lines::new(TcpStream::connect(self.address).map_err(text)?, PATIENCE);
        lines.send(request.as_bytes()).map_err(text)?;
        let mut answer = head(&mut lines)?;
        if method != "HEAD" {
            answer.body = String::from_utf8_lossy(&content(&mut lines, &answer)?).into_owned();
        }
        Ok(answer)
    }
}

fn head(lines: &mut Lines) -> Result<Answer, String> {
    let status_line = line(lines)?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| format!("not HTTP: {status_line}"))?;
    let mut fields = Vec::new();
    loop {
        let field = line(lines)?;
        let Some((name, value)) = field.split_once(':') else {
            break;
        };
        fields.push((name.to_lowercase(), value.trim().to_owned()));
    }
    Ok(Answer {
        status,
        fields,
        body: String::new(),
    })
}

fn content(lines: &mut Lines, answer: &Answer) -> Result<Vec<u8>, String> {
    if answer.field("transfer-encoding") == "chunked" {
        return chunks(lines);
    }
    let content = match answer.field("content-length").parse() {
        Ok(length) => lines.exactly(length),
        Err(_) => lines.rest(),
    };
    content.map_err(|why| why.to_string())
}

fn chunks(lines: &mut Lines) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(lines)?, 16).map_err(|why| why.to_string())?;
        all.extend(lines.exactly(size).map_err(|why| why.to_string())?);
        line(lines)?;
        if size == 0 {
            return Ok(all);
        }
    }
}

fn line(lines: &mut Lines) -> Result<String, String> {
    let line = lines
        .line()
        .map_err(|why| why.to_string())?
        .ok_or("the connection was closed")?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// `application/x-www-form-urlencoded`.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", encoded(name), encoded(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(octet).collect()
}
