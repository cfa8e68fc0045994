//! Promise: who is not there is refused at once, by whoever knows who is there; and who is there is never refused because
//! nobody can be asked.

use crate::harness::{Gateway, NextHop, Options, Slapd, Smtp, message, own_address, skip_or_fail, soon};

/// A started directory, unless there is none to start and that is allowed.
fn directory() -> Option<Slapd> {
    if let Some(why) = Slapd::missing() {
        skip_or_fail("the directory", why);
        return None;
    }
    Some(Slapd::start(own_address()))
}

fn gateway(hop: &NextHop, directory: &Slapd, more: &str) -> Gateway {
    Options::new(hop)
        .domain("check = \"directory\"")
        .tables(&format!("{}\n{more}", directory.table()))
        .start()
}

/// What one recipient hears.
#[track_caller]
fn heard(gateway: &Gateway, recipient: &str) -> String {
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.ask("MAIL FROM:<carol@partner.example.com>", 250);
    let heard = smtp.reply_to(&format!("RCPT TO:<{recipient}>"));
    smtp.ask("QUIT", 221);
    heard
}

#[track_caller]
fn hears(gateway: &Gateway, recipient: &str, beginning: &str) {
    let heard = heard(gateway, recipient);
    assert!(heard.starts_with(beginning), "{recipient}: {heard}");
}

#[test]
fn the_directory_says_who_is_there() {
    let Some(directory) = directory() else { return };
    let hop = NextHop::start();
    let gateway = gateway(&hop, &directory, "");
    for (recipient, reply) in [
        ("alice@example.test", "250 "),
        ("Sales@Example.Test", "250 "),
        ("alice+news@example.test", "250 "),
        ("postmaster@example.test", "250 "),
        ("carol@example.test", "550 5.1.1 "),
        ("*@example.test", "550 5.1.1 "),
        ("\"*)(mail=*\"@example.test", "550 5.1.1 "),
        ("alice@elsewhere.example.org", "550 5.7.1 "),
    ] {
        hears(&gateway, recipient, reply);
    }
    gateway.accepts(
        "carol@partner.example.com",
        &["alice@example.test"],
        &message("hello"),
    );
    assert_eq!(hop.wait_for(1)[0].to, ["alice@example.test"]);
    let row = gateway.tracked(&["--rejected", "--to", "carol@example.test"]);
    assert_eq!(row["state"], "refused", "{row}");
}

#[test]
fn while_the_directory_is_down_mail_is_put_off_and_never_refused() {
    let Some(mut directory) = directory() else { return };
    let hop = NextHop::start();
    let gateway = gateway(&hop, &directory, "");
    hears(&gateway, "alice@example.test", "250 ");
    directory.stop();
    hears(&gateway, "bob@example.test", "451 4.4.3 ");
    hears(&gateway, "carol@example.test", "451 4.4.3 ");
    hears(&gateway, "alice@example.test", "250 ");
    hears(&gateway, "postmaster@example.test", "250 ");
    directory.start_again();
    soon("the directory is asked again", || {
        heard(&gateway, "bob@example.test")
            .starts_with("250 ")
            .then_some(())
    });
    hears(&gateway, "carol@example.test", "550 5.1.1 ");
}

#[test]
fn while_the_directory_is_down_mail_is_taken_where_that_is_wanted() {
    let Some(mut directory) = directory() else { return };
    let hop = NextHop::start();
    let gateway = gateway(&hop, &directory, "when_down = \"accept\"");
    hears(&gateway, "carol@example.test", "550 5.1.1 ");
    directory.stop();
    hears(&gateway, "bob@example.test", "250 ");
}

#[test]
fn the_mail_server_behind_says_who_is_there() {
    let mut hop = NextHop::start();
    hop.answer_recipient("carol@example.test", "550 5.1.1 No such user");
    hop.answer_recipient("dave@example.test", "450 4.2.1 Busy");
    let gateway = Options::new(&hop).domain("check = \"call-ahead\"").start();
    hears(&gateway, "carol@example.test", "550 5.1.1 ");
    hears(&gateway, "dave@example.test", "451 4.4.3 ");
    hop.down();
    hears(&gateway, "carol@example.test", "550 5.1.1 ");
    hears(&gateway, "bob@example.test", "451 4.4.3 ");
    hop.up();
    soon("the next hop is asked again", || {
        heard(&gateway, "bob@example.test")
            .starts_with("250 ")
            .then_some(())
    });
    assert!(hop.delivered().is_empty(), "asking delivers nothing");
}
