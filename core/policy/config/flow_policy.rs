//! `[[flow_policy]]`: each is a list of changes to the policy that it starts from.

use crate::config::Limits;
use crate::config::error::Problems;
use crate::config::keys;
use crate::config::section::{At, Section};
use crate::config::values;
use crate::first_match::AddressPattern;
use crate::flow::{BareLineEnds, FlowPolicy, Greylist, POOR_REPUTATION, RejectAt, Requirement, Verification};
use postern_vocab::refusals;
use postern_vocab::{Access, Reply};
use toml::de::DeValue;

/// One table, as typed.
pub(crate) struct TypedFlowPolicy {
    pub(crate) name: Option<At<String>>,
    like: Option<At<String>>,
    changes: Vec<Change>,
}

type Change = Box<dyn FnOnce(&mut FlowPolicy)>;

/// The changes of one table while they are read.
struct Changes<'s, 'd> {
    section: &'s Section<'d>,
    found: Vec<Change>,
}

const DAY: u64 = 24 * 3_600;

const ACCESS: &[(&str, Access)] = &[
    ("accept", Access::Accept),
    ("relay", Access::Relay),
    ("reject", Access::Reject),
    ("refuse", Access::Refuse),
    ("continue", Access::Continue),
];
const REJECT_AT: &[(&str, RejectAt)] = &[("recipient", RejectAt::Recipient), ("banner", RejectAt::Banner)];
const REQUIREMENT: &[(&str, Requirement)] = &[
    ("none", Requirement::None),
    ("preferred", Requirement::Preferred),
    ("required", Requirement::Required),
];
const BARE_LINE_ENDS: &[(&str, BareLineEnds)] = &[
    ("refuse", BareLineEnds::Refuse),
    ("normalise", BareLineEnds::Normalise),
];

pub(crate) fn read(section: &Section<'_>) -> TypedFlowPolicy {
    let mut changes = Changes {
        section,
        found: Vec::new(),
    };
    changes.read_access();
    changes.read_amounts();
    changes.read_rates();
    changes.read_demands();
    changes.read_verification();
    changes.read_greylist();
    TypedFlowPolicy {
        name: section.required("name", values::name),
        like: section.optional("like", values::name),
        changes: changes.found,
    }
}

/// The shipped policies, with those that are written in their places or behind them.
pub(crate) fn complete(
    typed: Vec<TypedFlowPolicy>,
    limits: &Limits,
    problems: &Problems<'_>,
) -> Vec<FlowPolicy> {
    let mut policies = FlowPolicy::shipped_within(limits);
    let written: Vec<String> = typed
        .iter()
        .filter_map(|one| Some(one.name.as_ref()?.value.clone()))
        .collect();
    for one in typed {
        let Some(name) = one.name else { continue };
        let named = |name: &str| policies.iter().find(|policy| policy.name == name);
        let start = match &one.like {
            Some(like) => named(&like.value),
            None => named(&name.value),
        };
        match &one.like {
            Some(like) if start.is_none() && written.contains(&like.value) => problems.add_with_hint(
                like.at,
                format!("flow policy \"{}\" is not there yet", like.value),
                "a policy is like one that is shipped or written above it",
            ),
            Some(like) if start.is_none() => note_unknown(like, &policies, problems),
            _ => {}
        }
        let mut policy = start.cloned().unwrap_or_else(|| accepted(&policies));
        policy.name.clone_from(&name.value);
        one.changes.into_iter().for_each(|change| change(&mut policy));
        note_wrong_last_line(&name, &policy, problems);
        match policies.iter_mut().find(|policy| policy.name == name.value) {
            Some(place) => *place = policy,
            None => policies.push(policy),
        }
    }
    policies
}

/// ACCEPTED is the last line of every table and of every listener that has no other: what it does, it does to the world.
fn note_wrong_last_line(name: &At<String>, policy: &FlowPolicy, problems: &Problems<'_>) {
    let why = match policy.access {
        Access::Relay => "everyone would be relayed for, an open relay",
        Access::Continue => "there is nothing to go on to",
        Access::Accept | Access::Reject | Access::Refuse => return,
    };
    if policy.name == "ACCEPTED" {
        problems.add_with_hint(
            name.at,
            format!("ACCEPTED is for all that no group names: {why}"),
            "write a flow policy of another name for those who are meant",
        );
    }
}

/// What a policy starts from that says nothing about it.
fn accepted(policies: &[FlowPolicy]) -> FlowPolicy {
    let accepted = policies.iter().find(|policy| policy.name == "ACCEPTED");
    accepted.cloned().unwrap_or_else(FlowPolicy::accepted)
}

/// Notes a name that no policy has.
pub(crate) fn note_unknown(name: &At<String>, policies: &[FlowPolicy], problems: &Problems<'_>) {
    let names = policies.iter().map(|policy| policy.name.as_str());
    let message = format!("there is no flow policy \"{}\"", name.value);
    let hint = keys::nearest(&name.value, names.clone()).map_or_else(
        || format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean \"{near}\"?"),
    );
    problems.add_with_hint(name.at, message, hint);
}

impl Changes<'_, '_> {
    /// One key, and what it changes.
    fn set<T: 'static>(
        &mut self,
        name: &str,
        read: impl Fn(&DeValue<'_>) -> Result<T, String>,
        change: fn(&mut FlowPolicy, T),
    ) {
        if let Some(typed) = self.section.optional(name, read) {
            self.found.push(Box::new(move |flow| change(flow, typed.value)));
        }
    }

    fn read_access(&mut self) {
        self.set("access", values::one_of(ACCESS), |flow, access| {
            flow.access = access
        });
        self.set("reject_at", values::one_of(REJECT_AT), |flow, at| {
            flow.reject_at = at
        });
        self.set("reject_reply", values::refusal(POOR_REPUTATION), |flow, reply| {
            flow.reject_reply = reply
        });
        self.set("hostname", values::domain, |flow, name| {
            flow.hostname = Some(name)
        });
        self.set("banner", values::line, |flow, text| flow.banner = Some(text));
    }

    fn read_amounts(&mut self) {
        self.set("connections_per_address", values::count, |flow, count| {
            flow.connections_per_address = Some(count);
        });
        self.set("connections_per_network", values::count_or_none, |flow, count| {
            flow.connections_per_network = count;
        });
        self.set("messages_per_connection", values::count, |flow, count| {
            flow.messages_per_connection = count;
        });
        self.set(
            "recipients_per_message",
            values::number(1..=10_000),
            |flow, count| {
                flow.recipients_per_message = usize::try_from(count).unwrap_or(usize::MAX);
            },
        );
        self.set("message_bytes", values::octets(1..=1 << 30), |flow, octets| {
            flow.message_bytes = octets
        });
        self.set("errors_per_connection", values::count, |flow, count| {
            flow.errors_per_connection = count;
        });
        self.set("tarpit", values::span(0..=60), |flow, span| flow.tarpit = span);
    }

    fn read_rates(&mut self) {
        self.set("recipients_per_hour", values::count_or_none, |flow, count| {
            flow.recipients_per_hour = count;
        });
        self.set("recipients_per_sender", values::rate, |flow, rate| {
            flow.recipients_per_sender = rate
        });
        if let Some(exempt) = self.section.list("sender_rate_exempt", exempt) {
            let exempt: Vec<String> = exempt.into_iter().map(|one| one.value).collect();
            self.found
                .push(Box::new(move |flow| flow.sender_rate_exempt = exempt));
        }
        self.set(
            "invalid_recipients_per_hour",
            values::count_or_none,
            |flow, count| {
                flow.invalid_recipients_per_hour = count;
            },
        );
        self.set("significant_bits_v4", values::number(8..=32), |flow, bits| {
            flow.significant_bits_v4 = u8::try_from(bits).unwrap_or(32);
        });
        self.set("significant_bits_v6", values::number(16..=128), |flow, bits| {
            flow.significant_bits_v6 = u8::try_from(bits).unwrap_or(128);
        });
    }

    fn read_demands(&mut self) {
        self.set("antispam", values::boolean, |flow, on| flow.antispam = on);
        self.set("reputation", values::boolean, |flow, on| flow.reputation = on);
        self.set("tls", values::one_of(REQUIREMENT), |flow, tls| flow.tls = tls);
        self.set("auth", values::one_of(REQUIREMENT), |flow, auth| flow.auth = auth);
        self.set("sender_exceptions", values::boolean, |flow, on| {
            flow.sender_exceptions = on
        });
        self.set("bare_line_ends", values::one_of(BARE_LINE_ENDS), |flow, ends| {
            flow.bare_line_ends = ends
        });
    }

    fn read_verification(&mut self) {
        self.switch("reverse_absent", refusals::REVERSE_NAME_ABSENT.reply, |all| {
            &mut all.reverse_absent
        });
        self.switch(
            "reverse_unavailable",
            refusals::REVERSE_NAME_UNAVAILABLE.reply,
            |all| &mut all.reverse_unavailable,
        );
        self.switch("reverse_mismatch", refusals::REVERSE_NAME_MISMATCH.reply, |all| {
            &mut all.reverse_mismatch
        });
        self.switch("sender_malformed", refusals::SENDER_SYNTAX.reply, |all| {
            &mut all.sender_malformed
        });
        self.switch("sender_unqualified", refusals::SENDER_UNQUALIFIED.reply, |all| {
            &mut all.sender_unqualified
        });
        self.switch(
            "sender_unresolvable",
            refusals::SENDER_DOMAIN_MISSING.reply,
            |all| &mut all.sender_unresolvable,
        );
        self.switch(
            "sender_unavailable",
            refusals::SENDER_DOMAIN_UNAVAILABLE.reply,
            |all| &mut all.sender_unavailable,
        );
    }

    /// One check, and where it is kept.
    fn switch(&mut self, name: &str, usual: Reply, place: fn(&mut Verification) -> &mut Option<Reply>) {
        if let Some(typed) = self.section.optional(name, values::switch(usual)) {
            self.found
                .push(Box::new(move |flow| *place(&mut flow.verification) = typed.value));
        }
    }

    /// First whether, then how.
    fn read_greylist(&mut self) {
        self.set("greylist", values::boolean, |flow, on| {
            flow.greylist = on.then(|| flow.greylist.unwrap_or_default());
        });
        let mut how = |name: &str, seconds, change: fn(&mut Greylist, std::time::Duration)| {
            if let Some(typed) = self.section.optional(name, values::span(seconds)) {
                self.found.push(Box::new(move |flow| {
                    flow.greylist
                        .iter_mut()
                        .for_each(|greylist| change(greylist, typed.value));
                }));
            }
        };
        how("greylist_wait", 1..=DAY, |greylist, span| greylist.wait = span);
        how("greylist_retry_within", 60..=7 * DAY, |greylist, span| {
            greylist.retry_within = span
        });
        how("greylist_remember", 3_600..=365 * DAY, |greylist, span| {
            greylist.remember = span
        });
        self.set("greylist_below", values::tenths(-100..=101), |flow, below| {
            flow.greylist
                .iter_mut()
                .for_each(|greylist| greylist.below_tenths = below);
        });
    }
}

/// A sender whose recipients are not counted, as rates compare them: folded.
fn exempt(value: &DeValue<'_>) -> Result<String, String> {
    let pattern: AddressPattern = values::parsed(value)?;
    match pattern {
        AddressPattern::User(_) => Err(format!("\"{pattern}\" would be whoever calls himself so")),
        pattern => Ok(pattern.to_string()),
    }
}
