//! Bringing a cluster up: process after process, each on every node, until all serve.

use std::time::{Duration, Instant};

use super::Cluster;
use crate::node::{NodeId, names};

/// Between two looks at a cluster that is not ready.
const READY_POLL: Duration = Duration::from_millis(20);

impl Cluster {
    /// Starts every process, in the order of the description, each once the one before serves on
    /// every node and the setup that follows it is done; then waits until all nodes agree who
    /// leads. Returns how long that took.
    ///
    /// # Errors
    /// A process could not be started or ended by itself, or the deadline came first: what was
    /// not ready, with the end of its log.
    pub async fn bring_up(&self, within: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        let deadline = start + within;
        self.run_everywhere(&self.target.description.wipe)?;
        for process in 0..self.target.description.process.len() {
            for node in self.all() {
                self.start_process(node, process)?;
            }
            for node in self.all() {
                self.until_serves(node, process, deadline).await?;
            }
            self.set_up_after(process, deadline).await?;
        }
        while self.target.says_leader()
            && let Err(why) = self.one_leads().await
        {
            self.still_coming_up()?;
            if Instant::now() >= deadline {
                return Err(format!("{why} after {within:.1?}"));
            }
            tokio::time::sleep(READY_POLL).await;
        }
        Ok(start.elapsed())
    }

    async fn until_serves(
        &self,
        node: NodeId,
        process: usize,
        deadline: Instant,
    ) -> Result<(), String> {
        while let Err(why) = self.serves(node, process).await {
            self.still_coming_up()?;
            if Instant::now() >= deadline {
                let tail = super::log::tail(&self.logs(node, process));
                let name = self.name(node, process);
                return Err(format!("{name} did not serve in time: {why}{tail}"));
            }
            tokio::time::sleep(READY_POLL).await;
        }
        Ok(())
    }

    async fn set_up_after(&self, process: usize, deadline: Instant) -> Result<(), String> {
        for step in &self.target.description.process[process].setup {
            for node in self.all().filter(|node| step.on.includes(node.0)) {
                while let Err(why) = self.task(node, &step.command)?.run_aside().await {
                    self.still_coming_up()?;
                    if Instant::now() >= deadline {
                        return Err(format!("the setup did not succeed in time: {why}"));
                    }
                    tokio::time::sleep(READY_POLL).await;
                }
            }
        }
        Ok(())
    }

    /// Waits until every node says who leads, and all say the same.
    ///
    /// # Errors
    /// The time was over first: what they said.
    pub(super) async fn until_one_leads(&self, within: Duration) -> Result<(), String> {
        let deadline = Instant::now() + within;
        while let Err(why) = self.one_leads().await {
            if Instant::now() >= deadline {
                return Err(format!("{why} after {within:.1?}"));
            }
            tokio::time::sleep(READY_POLL).await;
        }
        Ok(())
    }

    async fn one_leads(&self) -> Result<(), String> {
        let statuses = self.statuses().await;
        let leaders: Vec<_> = statuses.iter().map(|s| s.and_then(|s| s.leader)).collect();
        let silent: Vec<_> = self.all().filter(|n| leaders[n.0].is_none()).collect();
        if !silent.is_empty() {
            return Err(format!("{} knew no leader", names(&silent)));
        }
        match leaders.iter().all(|leader| *leader == leaders[0]) {
            true => Ok(()),
            false => Err("nodes disagreed on who leads".to_owned()),
        }
    }

    /// Fails if a process has ended meanwhile.
    fn still_coming_up(&self) -> Result<(), String> {
        self.watch();
        match self.crashes().into_iter().next() {
            Some(crash) => Err(crash),
            None => Ok(()),
        }
    }
}
