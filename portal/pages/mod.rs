//! The pages, one a file. A page asks the door and shows the answer; what may be shown to whom is the store's to say.

pub mod detail;
pub mod digest_link;
pub mod digest_own;
pub mod held_act;
pub mod held_list;
pub mod held_show;
pub mod lists;
pub mod login;
pub mod machine;
pub mod tracking;
mod why;
