//! What the tests of the rules for clients do with a gateway: change its configuration while it runs, ask as one client,
//! and read its mail_logs.

use super::gateway::Gateway;
use super::program::Ran;
use super::smtp::Smtp;
use super::wait::{SOON, soon, try_until};
use serde_json::Value;
use std::fs;
use std::net::Ipv4Addr;

/// Client number `host` of network number `network`: no program under test has an address there.
pub fn client(network: u8, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 251, network, host)
}

impl Gateway {
    /// The last lines of the replies to MAIL and RCPT that a client hears on a connection of its own.
    #[track_caller]
    pub fn hears(&self, client: Ipv4Addr, from: &str, to: &str) -> (String, String) {
        let mut smtp = Smtp::greeted_from(client, self.smtp());
        let heard = (
            smtp.reply_to(&format!("MAIL FROM:<{from}>")),
            smtp.reply_to(&format!("RCPT TO:<{to}>")),
        );
        smtp.ask("QUIT", 221);
        heard
    }

    /// Replaces a text that is in the configuration file.
    #[track_caller]
    pub fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.config).expect("the configuration");
        assert!(text.contains(from), "\"{from}\" is not in\n{text}");
        fs::write(&self.config, text.replace(from, to)).expect("the configuration is written");
    }

    /// `postern reload` of a good configuration, until it is in force.
    #[track_caller]
    pub fn reload(&self) {
        let count = || self.stderr().matches(" is in force ").count();
        let before = count();
        self.cli(&["reload"]).ended(0);
        soon("the configuration is in force", || {
            (count() > before).then_some(())
        });
    }

    /// `postern reload` of a bad one.
    #[track_caller]
    pub fn refused_reload(&self) -> Ran {
        let ran = self.cli(&["reload"]);
        assert_ne!(ran.status, 0, "{ran:?}");
        ran
    }

    /// The last line of mail_logs with all of these parts, once there is one.
    #[track_caller]
    pub fn logged(&self, parts: &[&str]) -> String {
        soon(&format!("{parts:?} in mail_logs"), || {
            let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
            self.mail_logs().lines().rfind(fits).map(str::to_owned)
        })
    }

    /// The last connection from there is classified so, as mail_logs tells it, once it is told.
    #[track_caller]
    pub fn is_classified(&self, client: Ipv4Addr, expected: &str) {
        let mut line = String::new();
        let found = try_until(SOON, || {
            line = self.classified(client).1;
            line.contains(expected).then_some(())
        });
        assert!(found.is_some(), "{client}, expected {expected}: {line}");
    }

    /// The number of the last connection from there, and the line of mail_logs that says how it was classified.
    #[track_caller]
    pub fn classified(&self, client: Ipv4Addr) -> (Value, String) {
        let address = format!(" address {client} ");
        self.logged(&["New SMTP ICID ", &address]);
        // Each core tells its own, so that lines of two connections may come in either order.
        let came = self.mail_logs();
        let came = came.lines().filter(|line| line.contains(&address));
        let number = |line: &str| {
            let rest = line.split_once("New SMTP ICID ")?.1;
            rest.split(' ').next()?.parse::<u64>().ok()
        };
        let icid = came.filter_map(number).max().expect("it was looked for");
        let line = self.logged(&[&format!(" ICID {icid} "), " SG "]);
        let begin = line.find("ICID ").expect("it was looked for");
        (icid.into(), line[begin..].to_owned())
    }

    fn mail_logs(&self) -> String {
        // Until something has come, there is none.
        fs::read_to_string(self.data_dir.join("logs/mail_logs")).unwrap_or_default()
    }
}
