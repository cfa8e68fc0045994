//! Promise: users see and release their own held mail and nothing else, administrators find everything, and nothing
//! happens because of a link that was opened or a page of somebody else.

use crate::harness::{
    GTUBE, Gateway, Http, HttpAnswer, Mail, NextHop, Smtp, gtube, message, soon, trace_and_rest,
};
use std::net::TcpStream;

const SENDER: &str = "deals@pills.example.net";
const ALICE: &str = "alice@example.test";
const BOB: &str = "bob@example.test";
const PASSWORD: &str = "correct horse battery staple";

/// A gateway with three log-ins.
fn gateway(hop: &NextHop) -> Gateway {
    let gateway = Gateway::start(hop);
    gateway.add_user(ALICE, PASSWORD);
    gateway.add_user(BOB, PASSWORD);
    gateway.add_admin("admin", PASSWORD);
    gateway
}

/// One message held for this recipient; its key.
fn held_for(gateway: &Gateway, recipient: &str, subject: &str) -> String {
    let mid = gateway.accepts(SENDER, &[recipient], &gtube(subject));
    gateway.message_is(mid, "quarantined");
    format!("{mid}-0")
}

#[test]
fn nobody_sees_anything_without_the_right_password() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let key = held_for(&gateway, ALICE, "secret offer");
    let mut visitor = gateway.visitor();
    for path in [
        "/",
        &format!("/held/{key}"),
        "/lists",
        "/digest",
        "/admin",
        "/admin/show/mid/1",
    ] {
        let answer = visitor.get(path).is(303).keeps_quiet_about("secret offer");
        assert!(
            answer.field("location").starts_with("/login"),
            "{path}: {}",
            answer.field("location")
        );
    }
    let wrong = visitor
        .post("/login", &[("login", ALICE), ("password", "wrong")])
        .is(401)
        .body;
    let nobody = visitor
        .post(
            "/login",
            &[("login", "nobody@example.test"), ("password", "wrong")],
        )
        .is(401)
        .body;
    assert_eq!(
        wrong.replace(ALICE, ""),
        nobody.replace("nobody@example.test", ""),
        "a wrong name reads as a wrong password"
    );
    visitor.get("/").is(303);

    let mut alice = visitor.log_in("Alice@Example.Test", PASSWORD);
    alice.get("/").is(200).says("secret offer");
    let mut stolen = alice.clone();
    alice.post("/logout", &[]).is(303);
    stolen.get("/").is(303);
}

#[test]
fn guessing_passwords_is_slowed_down() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let mut visitor = gateway.visitor();
    let statuses: Vec<u16> = (0..12)
        .map(|_| {
            visitor
                .post("/login", &[("login", ALICE), ("password", "wrong")])
                .status
        })
        .collect();
    assert_eq!((statuses[0], statuses[11]), (401, 429), "{statuses:?}");
    visitor.log_in(BOB, PASSWORD).get("/").is(200);
}

#[test]
fn a_user_sees_and_releases_their_own_mail_only() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let alices = held_for(&gateway, ALICE, "for Alice");
    let bobs = held_for(&gateway, BOB, "for Bob");
    let mut alice = gateway.visitor().log_in(ALICE, PASSWORD);
    let mut bob = gateway.visitor().log_in(BOB, PASSWORD);

    alice
        .get("/")
        .is(200)
        .says("for Alice")
        .keeps_quiet_about("for Bob");
    alice
        .get(&format!("/held/{alices}"))
        .is(200)
        .says("GTUBE-STANDARD")
        .says("Why it was held");
    let page = bob
        .get(&format!("/held/{alices}"))
        .is(404)
        .keeps_quiet_about("for Alice");
    let none = bob.get("/held/9-0").is(404);
    let as_if = page.body.replace(&alices, "9-0");
    assert_eq!(
        as_if, none.body,
        "what is not one's own is as if it were not there"
    );
    bob.post("/held", &[("action", "release"), ("key", &alices)])
        .keeps_quiet_about("for Alice");
    bob.post("/held", &[("action", "delete"), ("key", &alices)]);
    let mid = alices.split('-').next().unwrap().parse().unwrap();
    gateway.message_is(mid, "quarantined");

    let fields = [("action", "release"), ("key", alices.as_str())];
    alice.post("/held", &fields).is(200).says("Done for 1 message.");
    let came = hop.wait_for(1).pop().unwrap();
    assert_eq!(came.to, [ALICE]);
    assert!(trace_and_rest(&came.octets).1 == gtube("for Alice"));
    alice.post("/held", &fields).is(200).says("already released at ");
    alice.get("/").is(200).keeps_quiet_about("for Alice");
    alice.get("/?all=1").is(200).says("for Alice").says("released");

    bob.post("/held", &[("action", "delete-and-blocklist"), ("key", &bobs)])
        .is(200)
        .says("Done for 1 message.");
    bob.get("/lists").is(200).says(SENDER);
    alice.get("/lists").is(200).keeps_quiet_about(SENDER);
    let mid = gateway.accepts(SENDER, &[ALICE, BOB], &message("harmless"));
    assert_eq!(hop.wait_for(2)[1].to, [ALICE]);
    gateway.message_is(mid, "quarantined");
}

#[test]
fn list_entries_are_in_force_when_the_page_has_answered() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let mut alice = gateway.visitor().log_in(ALICE, PASSWORD);
    let entry = [("pattern", SENDER), ("kind", "safe")];
    let status = alice.post("/lists/add", &entry).status;
    assert!(status == 200 || status == 303, "{status}");
    gateway.accepts(SENDER, &[ALICE], &gtube("safe for Alice"));
    hop.wait_for_text("Subject: safe for Alice");
    let mid = gateway.accepts(SENDER, &[BOB], &gtube("not for Bob"));
    gateway.message_is(mid, "quarantined");
    alice.post(
        "/lists/remove",
        &[("owner", ALICE), ("pattern", SENDER), ("kind", "safe")],
    );
    let mid = gateway.accepts(SENDER, &[ALICE], &gtube("no longer safe"));
    gateway.message_is(mid, "quarantined");
    alice
        .post("/lists/add", &[("pattern", "not an address"), ("kind", "safe")])
        .is(422);
}

#[test]
fn a_digest_link_shows_on_get_and_acts_on_post_once() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let key = held_for(&gateway, ALICE, "in the digest");
    let other = held_for(&gateway, ALICE, "in the digest too");
    let preview = gateway.cli(&["digest", "preview", "--rcpt", ALICE]).ended(0).out;
    assert!(preview.contains(&format!("To: {ALICE}")), "{preview}");
    gateway.cli(&["digest", "send", "--rcpt", ALICE]).ended(0);
    let digest = hop.wait_for(1).pop().unwrap();
    assert_eq!(digest.to, [ALICE]);
    let links = links(&digest.text());
    assert!(links.len() == 2 && links[0] != links[1], "{links:?}");

    // Mail software opens every link, some with HEAD first.
    let mut prefetcher = gateway.visitor();
    for link in &links {
        prefetcher.request(("HEAD", link), &[], "").is(200);
        for _ in 0..3 {
            prefetcher
                .get(link)
                .is(200)
                .says("in the digest")
                .says("method=\"post\"");
        }
    }
    assert_eq!(gateway.held(&["--rcpt", ALICE]).len(), 2, "nothing has changed");

    let first = prefetcher.get(&links[0]);
    let (link, key) = if first.body.contains("digest too") {
        (&links[0], other)
    } else {
        (&links[0], key)
    };
    let release = [("action", "release")];
    prefetcher.post_with(link, &release, &[]).is(200).says("released");
    let came = hop.wait_for(2).pop().unwrap();
    assert_eq!(came.to, [ALICE]);
    let told = "by digest link";
    prefetcher
        .post_with(link, &release, &[])
        .is(200)
        .says(told)
        .keeps_quiet_about("<form");
    prefetcher.get(link).is(200).says(told).keeps_quiet_about("<form");
    let mid: u64 = key.split('-').next().unwrap().parse().unwrap();
    gateway.message_is(mid, "delivered");
    assert_eq!(
        gateway.held(&["--rcpt", ALICE]).len(),
        1,
        "the other one is as it was"
    );
    let last = gateway.accepts(SENDER, &[BOB], &message("afterwards"));
    gateway.message_is(last, "delivered");
    hop.wait_for(3);

    let forged = format!("{}x", links[1]);
    prefetcher.get(&forged).is(400);
    prefetcher.post_with(&forged, &release, &[]).is(400);
    assert_eq!(gateway.held(&["--rcpt", ALICE]).len(), 1);
}

/// The digest's own links, without the host, in order, each once. Quoted-printable is undone as far as it matters here.
fn links(digest: &str) -> Vec<String> {
    let text = digest.replace("=\r\n", "").replace("=3D", "=");
    let mut links: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("/digest/") {
        let link: String = text[at..]
            .chars()
            .take_while(|c| !c.is_whitespace() && !"\"<>".contains(*c))
            .collect();
        if !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

#[test]
fn an_administrator_finds_what_was_refused_and_a_user_may_not_look() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let mut smtp = Smtp::greeted(gateway.smtp());
    smtp.ask("MAIL FROM:<relayer@abuse.example.net>", 250);
    smtp.ask("RCPT TO:<victim@elsewhere.example.org>", 550);
    smtp.ask("QUIT", 221);
    let mid = gateway.accepts(SENDER, &[ALICE], &message("delivered to Alice"));
    gateway.message_is(mid, "delivered");

    let mut admin = gateway.visitor().log_in("admin", PASSWORD);
    let page = soon("the refusal is found", || {
        let page = admin.get("/admin?rejected=1").is(200);
        page.body.contains("relayer@abuse.example.net").then_some(page)
    });
    let page = page
        .says("victim@elsewhere.example.org")
        .keeps_quiet_about("delivered to Alice");
    let row = page
        .body
        .split("/admin/show/")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a link");
    admin
        .get(&format!("/admin/show/{row}"))
        .is(200)
        .says("550 5.7.1 Relaying denied")
        .says("relayer@abuse.example.net");
    admin
        .get(&format!("/admin/show/mid/{mid}"))
        .is(200)
        .says("delivered to Alice")
        .says("Timeline")
        .says("Conversation");
    let found = admin.get(&format!("/admin/show?id=MID+{mid}")).is(303);
    assert_eq!(found.field("location"), format!("/admin/show/mid/{mid}"));
    admin.get("/admin/show/mid/999999").is(404);

    let mut alice = gateway.visitor().log_in(ALICE, PASSWORD);
    for path in [
        "/admin".to_owned(),
        "/admin?rejected=1".to_owned(),
        format!("/admin/show/mid/{mid}"),
    ] {
        alice
            .get(&path)
            .is(403)
            .keeps_quiet_about("relayer")
            .keeps_quiet_about("delivered to Alice");
    }
    alice.get("/").is(200).keeps_quiet_about("href=\"/admin\"");
}

#[test]
fn a_form_of_another_site_does_nothing() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let key = held_for(&gateway, ALICE, "wanted by someone else");
    let mut alice = gateway.visitor().log_in(ALICE, PASSWORD);
    let fields = [("action", "release"), ("key", key.as_str())];
    let foreign: [&[(&str, &str)]; 4] = [
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "http://evil.example"),
        ],
        &[("Sec-Fetch-Site", "same-site")],
    ];
    for header in foreign {
        alice.post_with("/held", &fields, header).is(403);
        alice
            .post_with(
                "/lists/add",
                &[("pattern", "evil.example"), ("kind", "safe")],
                header,
            )
            .is(403);
    }
    // A link or picture of another site cannot act either.
    let status = alice.get(&format!("/held?action=release&key={key}")).status;
    assert!(matches!(status, 303 | 404 | 405), "{status}");
    assert_eq!(gateway.held(&["--rcpt", ALICE]).len(), 1);
    assert!(gateway.cli(&["lists", "--json"]).ended(0).out.is_empty());
    alice.post("/held", &fields).is(200);
    hop.wait_for(1);
}

/// A mail that is spam, and full of scripts wherever a page might show something of it.
fn scripted_mail() -> Vec<u8> {
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    let reply_to = format!("Reply-To: \"{}\" <evil@pills.example.net>", evil.replace('"', ""));
    let html = format!(
        "<html><body onload=alert(3)>{evil}<b>Hello</b> <a href='javascript:alert(4)'>here</a>{GTUBE}</body></html>\r\n"
    );
    let mail = Mail::about(evil)
        .field(&reply_to)
        .field("Content-Type: text/html; charset=utf-8");
    mail.body(html.as_bytes()).whole()
}

#[test]
fn every_page_forbids_scripts_and_frames_and_has_none() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    let mid = gateway.accepts(SENDER, &[ALICE], &scripted_mail());
    gateway.message_is(mid, "quarantined");
    let mut admin = gateway.visitor().log_in("admin", PASSWORD);
    let mut visitor = Http::new(gateway.portal());
    for path in [
        "/",
        "/lists",
        "/digest",
        "/digest?mailbox=alice@example.test",
        "/admin",
        "/login?next=%22%3E%3Cscript%3E",
        "/nowhere",
        &format!("/held/{mid}-0?view=text"),
        &format!("/held/{mid}-0?view=headers"),
        &format!("/held/{mid}-0?view=source"),
        &format!("/admin/show/mid/{mid}"),
    ] {
        is_harmless(&admin.get(path), path);
        is_harmless(&visitor.get(path), path);
    }
    let cookie = visitor.post("/login", &[("login", ALICE), ("password", PASSWORD)]);
    let cookie = cookie.field("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
}

#[track_caller]
fn is_harmless(page: &HttpAnswer, path: &str) {
    let policy = page.field("content-security-policy");
    let forbids = policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'");
    assert!(
        forbids && !policy.contains("script-src") && !policy.contains("unsafe"),
        "{path}: {policy}"
    );
    assert_eq!(page.field("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(page.field("cache-control"), "no-store", "{path}");
    let body = page.body.to_lowercase();
    for script in [
        "<script",
        "<img src=x",
        "<body onload",
        "href=\"javascript:",
        "href='javascript:",
    ] {
        assert!(!body.contains(script), "{script} in {path}:\n{}", page.body);
    }
}

#[test]
fn the_portal_is_started_again_when_it_dies_and_mail_does_not_notice() {
    let hop = NextHop::start();
    let gateway = gateway(&hop);
    gateway.visitor().get("/healthz").is(200);
    gateway.kill_portal();
    let mid = gateway.accepts(SENDER, &[ALICE], &message("meanwhile"));
    gateway.message_is(mid, "delivered");
    let mut alice = gateway.visitor().log_in(ALICE, PASSWORD);
    alice.get("/").is(200);
}

#[test]
fn the_portal_dies_with_the_daemon_so_that_the_next_one_can_have_its_port() {
    let hop = NextHop::start();
    let mut gateway = gateway(&hop);
    gateway.visitor().get("/healthz").is(200);
    gateway.kill9_alone();
    let portal = gateway.portal();
    soon("the portal dies with the daemon", || {
        TcpStream::connect(portal).is_err().then_some(())
    });
    gateway.again();
    gateway.visitor().log_in(ALICE, PASSWORD).get("/").is(200);
}
