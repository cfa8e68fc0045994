//! Who works on which lane: each worker has a seat, and gives it back however it ends. Pure but for the waking.

use super::queue::Lane;
use postern_vocab::limits;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::Notify;

/// The workers of all lanes.
#[derive(Default)]
pub struct Crews(RefCell<HashMap<Lane, Crew>>);

#[derive(Default)]
struct Crew {
    workers: usize,
    wake: Rc<Notify>,
}

/// One worker's place.
pub struct Seat {
    crews: Rc<Crews>,
    /// Where it works.
    pub lane: Lane,
    /// Told when there is a job for a worker that waits with its connection open.
    pub wake: Rc<Notify>,
}

impl Crews {
    /// One worker more.
    pub fn join(self: &Rc<Self>, lane: &Lane) -> Seat {
        let mut crews = self.0.borrow_mut();
        let crew = crews.entry(lane.clone()).or_default();
        crew.workers += 1;
        Seat {
            crews: Rc::clone(self),
            lane: lane.clone(),
            wake: Rc::clone(&crew.wake),
        }
    }

    /// Wakes the workers that wait for a lane, as many as it has jobs ready; and tells how many more workers the
    /// lane should have. A job never waits for a connection that is busy with another, unless the lane is full.
    pub fn call(&self, lane: &Lane, ready: usize) -> usize {
        let crews = self.0.borrow();
        let Some(crew) = crews.get(lane) else {
            return ready.min(limits::DELIVERIES_PER_HOP_MAX);
        };
        for _ in 0..ready.min(crew.workers) {
            crew.wake.notify_one();
        }
        ready
            .min(limits::DELIVERIES_PER_HOP_MAX)
            .saturating_sub(crew.workers)
    }

    /// Workers on all lanes.
    pub fn workers(&self) -> usize {
        self.0.borrow().values().map(|crew| crew.workers).sum()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut crews = self.crews.0.borrow_mut();
        if let Some(crew) = crews.get_mut(&self.lane) {
            crew.workers -= 1;
            if crew.workers == 0 {
                crews.remove(&self.lane);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_gets_as_many_workers_as_it_has_jobs_up_to_the_limit() {
        let crews = Rc::new(Crews::default());
        let lane = Lane::Mx("example.com".parse().expect("a domain"));
        assert_eq!(crews.call(&lane, 3), 3);
        let seats = [crews.join(&lane), crews.join(&lane)];
        assert_eq!(
            (crews.call(&lane, 3), crews.call(&lane, 1), crews.workers()),
            (1, 0, 2)
        );
        assert_eq!(crews.call(&lane, 1_000), limits::DELIVERIES_PER_HOP_MAX - 2);
        drop(seats);
        assert_eq!(
            (crews.call(&lane, 1), crews.workers()),
            (1, 0),
            "seats are given back"
        );
    }
}
