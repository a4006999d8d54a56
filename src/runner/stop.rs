//! The wish to end a run early, as by Ctrl-C.

use tokio::sync::watch;

/// Asked by a [`Stopper`] to end; clones hear the same.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Asks every clone of its [`Stop`] to end.
pub struct Stopper(watch::Sender<bool>);

/// A pair; a dropped [`Stopper`] never asks.
pub fn stop_pair() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when asked to; never, if nobody can ask any more.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Sleeps until `deadline`, or less if asked to stop. True if it slept to the end.
    pub async fn sleep_until(&self, deadline: tokio::time::Instant) -> bool {
        tokio::select! {
            biased;
            () = self.requested() => false,
            () = tokio::time::sleep_until(deadline) => true,
        }
    }
}
