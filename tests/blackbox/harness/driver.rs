//! A real browser, by the WebDriver protocol (W3C): Chromium behind chromedriver.

use super::http::Http;
use super::wait::{SOON, soon, try_until};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The key under which WebDriver gives out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--window-size=1200,900",
];

/// Why there is no browser, if there is none.
pub fn browser_is_here() -> Result<(), String> {
    for name in ["chromium", "chromedriver"] {
        program(name).ok_or_else(|| format!("there is no {name}; deploy/packages test installs it"))?;
    }
    Ok(())
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// One browser with one window and an empty profile.
pub struct Browser {
    http: Http,
    session: String,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts it. No request of it leaves the machine: every name but numbers resolves to nothing.
    pub fn start() -> Self {
        let profile = super::scratch();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let mut command = Command::new(program("chromedriver").expect("asked before"));
        // Its own log tells of every step, and is of no use when the test can tell what was on the page.
        command
            .arg(format!("--port={}", address.port()))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let driver = command.spawn().expect("chromedriver starts");
        let mut browser = Self {
            http: Http::new(address),
            session: String::new(),
            driver,
            _profile: profile,
        };
        soon("chromedriver answers", || TcpStream::connect(address).ok());
        browser.open_session();
        browser
    }

    fn open_session(&mut self) {
        let mut arguments: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", self._profile.path().display()));
        arguments.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*".to_owned());
        let options = json!({ "binary": program("chromium").expect("asked before"), "args": arguments });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options, "timeouts": { "implicit": 0, "pageLoad": 60_000 } } } });
        let opened = self
            .ask("POST", "/session", &wanted)
            .unwrap_or_else(|why| panic!("no browser: {why}"));
        self.session = format!("/session/{}", opened["sessionId"].as_str().expect("a session"));
    }

    /// Opens an address, and waits until it is loaded with everything on it.
    #[track_caller]
    pub fn open(&self, url: &str) {
        let opened = self.ask("POST", &format!("{}/url", self.session), &json!({ "url": url }));
        opened.unwrap_or_else(|why| panic!("{why}"));
    }

    /// The same for what may not answer as a page does.
    pub fn try_open(&self, url: &str) {
        // Whether it was visited is seen there.
        let _ = self.ask("POST", &format!("{}/url", self.session), &json!({ "url": url }));
    }

    /// The window's title.
    #[track_caller]
    pub fn title(&self) -> String {
        self.see("/title")
    }

    /// The address that is open.
    #[track_caller]
    pub fn url(&self) -> String {
        self.see("/url")
    }

    /// The text that a person sees.
    #[track_caller]
    pub fn text(&self) -> String {
        let text = self.with(("css selector", "body"), ("GET", "text"), &Value::Null);
        text.as_str().expect("a text").to_owned()
    }

    /// Types into a field.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.with(("css selector", css), ("POST", "value"), &json!({ "text": text }));
    }

    /// Clicks a link by its text, as a person would: it must be there to be seen.
    #[track_caller]
    pub fn follow(&self, text: &str) {
        self.with(("link text", text), ("POST", "click"), &json!({}));
    }

    /// Clicks.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.with(("css selector", css), ("POST", "click"), &json!({}));
    }

    /// Waits until a person sees this text.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let mut seen = String::new();
        let shown = try_until(SOON, || {
            seen = self.text();
            seen.contains(text).then_some(())
        });
        let url = self.url();
        assert!(
            shown.is_some(),
            "\"{text}\" does not appear at {url}; there is:\n{seen}"
        );
    }

    /// Waits until an address is open that ends so.
    #[track_caller]
    pub fn wait_for_url(&self, end: &str) {
        let mut seen = String::new();
        let open = try_until(SOON, || {
            seen = self.url();
            seen.ends_with(end).then_some(())
        });
        assert!(open.is_some(), "\"{end}\" is not opened but {seen}");
    }

    /// Does something with an element. A page that is being replaced is waited for, as a person would.
    #[track_caller]
    fn with(&self, (using, value): (&str, &str), (method, what): (&str, &str), with: &Value) -> Value {
        let mut why = String::new();
        let done = try_until(SOON, || {
            let attempt = || {
                let wanted = json!({ "using": using, "value": value });
                let found = self.ask("POST", &format!("{}/element", self.session), &wanted)?;
                let element = found[ELEMENT].as_str().ok_or("no element")?;
                self.ask(
                    method,
                    &format!("{}/element/{element}/{what}", self.session),
                    with,
                )
            };
            attempt().map_err(|error| why = error).ok()
        });
        done.unwrap_or_else(|| panic!("{what} of {value}: {why}"))
    }

    #[track_caller]
    fn see(&self, path: &str) -> String {
        let value = self.ask("GET", &format!("{}{path}", self.session), &Value::Null);
        let value = value.unwrap_or_else(|why| panic!("{why}"));
        value.as_str().expect("a text").to_owned()
    }

    fn ask(&self, method: &str, path: &str, value: &Value) -> Result<Value, String> {
        let body = if value.is_null() {
            String::new()
        } else {
            value.to_string()
        };
        let header = [("Content-Type", "application/json; charset=utf-8")];
        let answer = self.http.try_request((method, path), &header, &body)?;
        let mut given: Value = serde_json::from_str(&answer.body).map_err(|why| why.to_string())?;
        match answer.status {
            200 => Ok(given["value"].take()),
            status => Err(format!("{method} {path}: {status} {}", given["value"]["message"])),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session's end ends the browser; the driver's end would leave it alone.
        let _ = self.http.try_request(("DELETE", &self.session), &[], "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Free a moment ago; chromedriver listens on 127.0.0.1 only, so an address of its own cannot be given to it.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback address");
    listener.local_addr().expect("it is bound").port()
}
