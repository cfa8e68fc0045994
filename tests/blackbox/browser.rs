//! Promise: a person with a browser finds, reads and releases held mail safely, and an administrator finds out what happened
//! to any. In a real Chromium.

use crate::harness::{
    Browser, Canary, GTUBE, Gateway, Mail, NextHop, browser_is_here, skip_or_fail, soon, trace_and_rest,
};

const SENDER: &str = "deals@pills.example.net";
const ALICE: &str = "alice@example.test";
const PASSWORD: &str = "correct horse battery staple";

/// A mail that tries to call home in every way that a page can.
fn tracking_mail(home: &str) -> Vec<u8> {
    let html = format!(
        "<html><head><link rel=\"stylesheet\" href=\"{home}/style.css\"><script src=\"{home}/script.js\"></script>\
         <meta http-equiv=\"refresh\" content=\"0; url={home}/refresh\"></head>\
         <body background=\"{home}/background.png\" style=\"background: url({home}/css.png)\">\r\n\
         <h1>Your invoice</h1><p>Pay at <a href=\"{home}/pay\">https://bank.example</a></p>\r\n\
         <img src=\"{home}/pixel.png\"><iframe src=\"{home}/frame\"></iframe><object data=\"{home}/object\"></object>\r\n\
         <video poster=\"{home}/poster.png\" src=\"{home}/video\" autoplay></video><form action=\"{home}/form\"></form>\r\n\
         <script>fetch('{home}/fetch'); document.title = 'taken over';</script><p>{GTUBE}</p>\r\n</body></html>\r\n"
    );
    Mail::about("Your invoice")
        .field("MIME-Version: 1.0")
        .field("Content-Type: text/html; charset=utf-8")
        .body(html.as_bytes())
        .whole()
}

#[test]
fn a_user_finds_opens_and_releases_a_held_message_without_it_calling_home() {
    if let Err(why) = browser_is_here() {
        return skip_or_fail("the portal in a browser", &why);
    }
    let (hop, home) = (NextHop::start(), Canary::set());
    let gateway = Gateway::start(&hop);
    gateway.add_user(ALICE, PASSWORD);
    let sent = tracking_mail(&format!("http://{}", home.address));
    let mid = gateway.accepts(SENDER, &[ALICE], &sent);
    gateway.message_is(mid, "quarantined");
    gateway.visitor();

    let browser = Browser::start();
    let portal = format!("http://{}", gateway.portal());
    browser.open(&portal);
    assert!(
        browser.url().starts_with(&format!("{portal}/login")),
        "{}",
        browser.url()
    );
    browser.fill("#login", ALICE);
    browser.fill("#password", "not my password");
    browser.click("button.primary");
    browser.wait_for("Log in");
    assert!(
        browser.url().starts_with(&format!("{portal}/login")),
        "{}",
        browser.url()
    );
    browser.fill("#password", PASSWORD);
    browser.click("button.primary");
    browser.wait_for_url(&format!("{portal}/"));
    browser.wait_for("Your invoice");

    browser.follow("Your invoice");
    browser.wait_for("Why it was held");
    let text = browser.text();
    let leads_to = format!("link to {}", home.address);
    for expected in ["Pay at", &leads_to] {
        assert!(text.contains(expected), "\"{expected}\" is missing in:\n{text}");
    }
    for view in ["Headers", "Source", "Text"] {
        browser.follow(view);
        browser.wait_for_url(&format!("?view={}", view.to_lowercase()));
        browser.wait_for("Why it was held");
        assert!(!browser.title().contains("taken over"));
    }
    assert_eq!(
        home.visits(),
        0,
        "looking at the message must not call its sender"
    );

    browser.click("button[name=action][value=release]");
    browser.wait_for("Done for 1 message");
    let came = hop.wait_for(1).pop().unwrap();
    assert!(
        came.to == [ALICE] && trace_and_rest(&came.octets).1 == sent,
        "{}",
        came.text()
    );
    browser.follow("Back to the quarantine");
    browser.wait_for("Nothing is held");
    assert_eq!(home.visits(), 0);
    // The canary would have sung.
    browser.try_open(&format!("http://{}/pixel.png", home.address));
    soon("the canary notices a visit", || (home.visits() > 0).then_some(()));
}

#[test]
fn an_administrator_searches_and_reads_the_timeline() {
    if let Err(why) = browser_is_here() {
        return skip_or_fail("message tracking in a browser", &why);
    }
    let hop = NextHop::start();
    let gateway = Gateway::start(&hop);
    gateway.add_admin("admin", PASSWORD);
    let mid = gateway.accepts(
        "carol@partner.example.com",
        &[ALICE],
        &crate::harness::message("Minutes of the meeting"),
    );
    let other = gateway.accepts(
        "dave@partner.example.com",
        &[ALICE],
        &crate::harness::message("Something else"),
    );
    gateway.message_is(mid, "delivered");
    gateway.message_is(other, "delivered");
    gateway.visitor();

    let browser = Browser::start();
    let portal = format!("http://{}", gateway.portal());
    browser.open(&format!("{portal}/admin"));
    browser.fill("#login", "admin");
    browser.fill("#password", PASSWORD);
    browser.click("button.primary");
    browser.wait_for("Something else");
    assert_eq!(
        browser.url(),
        format!("{portal}/admin"),
        "back where it was going"
    );
    browser.fill("#f-subject", "minutes meeting");
    browser.click("form.tracking button.primary");
    browser.wait_for("Minutes of the meeting");
    assert!(!browser.text().contains("Something else"), "{}", browser.text());
    browser.click("table.rows tbody td a");
    browser.wait_for("Timeline");
    assert_eq!(browser.url(), format!("{portal}/admin/show/mid/{mid}"));
    let text = browser.text();
    for expected in [
        "delivered",
        ALICE,
        "carol@partner.example.com",
        "Conversation",
        "MAIL FROM:<carol@partner.example.com>",
    ] {
        assert!(text.contains(expected), "\"{expected}\" is missing in:\n{text}");
    }
    browser.click("form.account button");
    browser.wait_for("Log in");
    browser.open(&format!("{portal}/admin"));
    browser.wait_for("Log in");
}
