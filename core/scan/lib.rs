//! The judgement, pure: MIME view, spam rules, findings
