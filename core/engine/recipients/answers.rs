//! What is known of recipients: answers with a time, and the questions under way, so that an address that many ask about
//! at once is asked about once. Shared by all shards; no lock is held while anyone waits.

use super::Validity;
use postern_policy::Hop;
use postern_vocab::{Address, Timestamp, limits};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// An address, and who was asked about it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Asked {
    /// `None`: the directory.
    hop: Option<Hop>,
    folded: String,
}

impl Asked {
    pub(super) fn directory(address: &Address) -> Self {
        Self {
            hop: None,
            folded: address.folded(),
        }
    }

    pub(super) fn hop(hop: &Hop, address: &Address) -> Self {
        Self {
            hop: Some(hop.clone()),
            folded: address.folded(),
        }
    }
}

/// The answers there are.
#[derive(Default)]
pub(super) struct Answers(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    kept: HashMap<Arc<Asked>, Kept>,
    /// The same, oldest first.
    by_age: BTreeMap<u64, Arc<Asked>>,
    under_way: HashMap<Arc<Asked>, watch::Receiver<Option<Validity>>>,
    /// The number of the next answer.
    next: u64,
}

struct Kept {
    number: u64,
    exists: bool,
    since: Timestamp,
}

/// What somebody who wants to know has to do.
pub(super) enum Turn<'a> {
    /// Nothing.
    Known(Validity),
    /// Find it out, for themselves and for everyone who wants to know meanwhile.
    Ask(Question<'a>),
}

/// A question under way. Dropped without an answer, it is the next one's who waits for it.
pub(super) struct Question<'a> {
    answers: &'a Answers,
    asked: Arc<Asked>,
    waiting: watch::Sender<Option<Validity>>,
}

/// What is found out at once.
enum Found {
    Known(Validity),
    UnderWay(watch::Receiver<Option<Validity>>),
    Nothing(watch::Sender<Option<Validity>>),
}

impl Answers {
    /// The answer, as soon as there is one, or the turn to find it out.
    pub(super) async fn turn(&self, asked: Asked, now: Timestamp) -> Turn<'_> {
        let asked = Arc::new(asked);
        loop {
            let found = self.lock().look(&asked, now);
            match found {
                Found::Known(validity) => return Turn::Known(validity),
                Found::Nothing(waiting) => {
                    return Turn::Ask(Question {
                        answers: self,
                        asked,
                        waiting,
                    });
                }
                Found::UnderWay(mut answer) => {
                    if let Ok(answer) = answer.wait_for(Option::is_some).await
                        && let Some(validity) = answer.clone()
                    {
                        return Turn::Known(validity);
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Every change under the lock is whole before anything in it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question<'_> {
    /// Tells everyone who waits, and keeps the answer. Where there is none, an old positive answer serves; what is to be
    /// said in the end comes back.
    pub(super) fn answer(self, found: Validity, now: Timestamp) -> Validity {
        let said = self.answers.lock().keep(&self.asked, found, now);
        self.tell(said)
    }

    /// The same for an answer that is not worth keeping.
    pub(super) fn tell(self, said: Validity) -> Validity {
        self.waiting.send_replace(Some(said.clone()));
        said
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.answers.lock().under_way.remove(&self.asked);
    }
}

impl Inside {
    fn look(&mut self, asked: &Arc<Asked>, now: Timestamp) -> Found {
        if let Some(kept) = self.kept.get(asked)
            && now.since(kept.since) < kept.holds_for()
        {
            return Found::Known(match kept.exists {
                true => Validity::Valid,
                false => Validity::Unknown,
            });
        }
        if let Some(answer) = self.under_way.get(asked) {
            return Found::UnderWay(answer.clone());
        }
        let (waiting, answer) = watch::channel(None);
        self.under_way.insert(Arc::clone(asked), answer);
        Found::Nothing(waiting)
    }

    fn keep(&mut self, asked: &Arc<Asked>, found: Validity, now: Timestamp) -> Validity {
        let exists = match found {
            Validity::Valid => true,
            Validity::Unknown => false,
            Validity::Unavailable(why) => {
                let limit = limits::RECIPIENT_CACHE_VALID + limits::RECIPIENT_CACHE_STALE;
                let old = self.kept.get(asked);
                return match old.is_some_and(|kept| kept.exists && now.since(kept.since) < limit) {
                    true => Validity::Valid,
                    false => Validity::Unavailable(why),
                };
            }
        };
        let number = self.next;
        self.next += 1;
        let kept = Kept {
            number,
            exists,
            since: now,
        };
        if let Some(old) = self.kept.insert(Arc::clone(asked), kept) {
            self.by_age.remove(&old.number);
        }
        self.by_age.insert(number, Arc::clone(asked));
        while self.kept.len() > limits::RECIPIENT_CACHE_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.kept.remove(&oldest);
        }
        found
    }
}

impl Kept {
    fn holds_for(&self) -> std::time::Duration {
        match self.exists {
            true => limits::RECIPIENT_CACHE_VALID,
            false => limits::RECIPIENT_CACHE_INVALID,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn asked(name: &str) -> Asked {
        Asked::directory(&format!("{name}@example.com").parse().expect("valid"))
    }

    fn down() -> Validity {
        Validity::Unavailable("down".to_owned())
    }

    /// What is said of alice when this is what asking would find.
    async fn say(answers: &Answers, found: &Validity, now: Timestamp) -> Validity {
        match answers.turn(asked("alice"), now).await {
            Turn::Known(validity) => validity,
            Turn::Ask(question) => question.answer(found.clone(), now),
        }
    }

    #[tokio::test]
    async fn answers_hold_for_their_time_and_good_ones_longer_when_there_is_no_other() {
        let (valid, unknown) = (Validity::Valid, Validity::Unknown);
        let rows = [
            (&valid, 299, &unknown, &valid, "a positive answer holds"),
            (&valid, 7 * 86_400, &unknown, &unknown, "but not for ever"),
            (
                &valid,
                7 * 86_400,
                &down(),
                &valid,
                "while nobody knows better, it does",
            ),
            (&valid, 14 * 86_400, &down(), &down(), "not for ever either"),
            (&unknown, 299, &valid, &unknown, "a negative one holds"),
            (&unknown, 300, &valid, &valid, "a new mailbox is soon there"),
            (&unknown, 300, &down(), &down(), "an old no is no answer"),
            (&down(), 0, &valid, &valid, "no answer is not kept"),
        ];
        for (first, seconds, second, expected, reason) in rows {
            let (answers, start) = (Answers::default(), Timestamp(1_700_000_000_000));
            assert_eq!(say(&answers, first, start).await, *first);
            let later = start.plus(Duration::from_secs(seconds));
            assert_eq!(say(&answers, second, later).await, *expected, "{reason}");
        }
    }

    #[tokio::test]
    async fn the_same_address_is_asked_about_once_at_a_time() {
        let answers = Answers::default();
        let now = Timestamp(0);
        let Turn::Ask(first) = answers.turn(asked("alice"), now).await else {
            panic!("nothing is known yet");
        };
        let answer = async {
            tokio::task::yield_now().await;
            assert!(
                matches!(answers.turn(asked("bob"), now).await, Turn::Ask(_)),
                "another address does not wait"
            );
            first.answer(down(), now)
        };
        let wait = async |spelling: &str| {
            let turn = answers.turn(asked(spelling), now).await;
            let heard = matches!(turn, Turn::Known(Validity::Unavailable(_)));
            assert!(heard, "what the first one heard, though it is not kept");
        };
        tokio::join!(wait("alice"), wait("ALICE"), answer);
        assert!(answers.lock().under_way.is_empty());
    }

    #[tokio::test]
    async fn a_question_that_is_given_up_is_the_next_ones() {
        let answers = Answers::default();
        let now = Timestamp(0);
        let Turn::Ask(first) = answers.turn(asked("alice"), now).await else {
            panic!("nothing is known yet");
        };
        let second = async {
            match answers.turn(asked("alice"), now).await {
                Turn::Ask(question) => question.answer(Validity::Valid, now),
                Turn::Known(_) => panic!("nobody has found it out"),
            }
        };
        let gone = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        let (said, ()) = tokio::join!(second, gone);
        assert_eq!(said, Validity::Valid);
    }

    #[test]
    fn the_oldest_answer_makes_room() {
        let mut inside = Inside::default();
        let name = |number: usize| Arc::new(asked(&format!("u{number}")));
        for number in 0..limits::RECIPIENT_CACHE_MAX {
            inside.keep(&name(number), Validity::Valid, Timestamp(0));
        }
        inside.keep(&name(0), Validity::Unknown, Timestamp(1));
        inside.keep(&name(limits::RECIPIENT_CACHE_MAX), Validity::Valid, Timestamp(1));
        assert_eq!(inside.kept.len(), limits::RECIPIENT_CACHE_MAX);
        assert_eq!(inside.by_age.len(), limits::RECIPIENT_CACHE_MAX);
        assert!(inside.kept.contains_key(&name(0)), "it was answered anew");
        assert!(!inside.kept.contains_key(&name(1)), "it is the oldest");
    }
}
