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
        if self.target.says_leader() {
            self.until_one_leads(start, deadline).await?;
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

    async fn until_one_leads(&self, start: Instant, deadline: Instant) -> Result<(), String> {
        loop {
            let statuses = self.statuses().await;
            let leaders: Vec<_> = statuses.iter().map(|s| s.and_then(|s| s.leader)).collect();
            if leaders.iter().all(|l| l.is_some() && *l == leaders[0]) {
                return Ok(());
            }
            self.still_coming_up()?;
            if Instant::now() >= deadline {
                let within = start.elapsed();
                let silent: Vec<_> = self.all().filter(|n| leaders[n.0].is_none()).collect();
                return Err(if silent.is_empty() {
                    format!("nodes disagree on who leads after {within:.1?}")
                } else {
                    format!("{} knew no leader after {within:.1?}", names(&silent))
                });
            }
            tokio::time::sleep(READY_POLL).await;
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
