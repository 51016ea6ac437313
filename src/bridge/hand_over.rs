//! The ports of a bridge that runs, for the one that is to follow it: `--reuse-port`.
//!
//! ```text
//!  this bridge                                        the next, in `predecessor`
//!  has the ports, listens on `rendezvous` ◀──connect── starts
//!  serves on              ──VERSION──────────────────▶ waits, and accepts nothing
//!  is asked to stop       ──ENDING───────────────────▶
//!                         ◀──────────────────READY─── is still there
//!                         ──its grace, both sockets──▶
//!  answers, ends its spool
//!  ends                   ──end of the stream────────▶ opens the spool, serves
//! ```
//!
//! Promise: the sockets themselves are passed on (`SCM_RIGHTS`, unix(7)), so what waits in their
//! queues, and what is within its handshake, is the next one's. With sockets of their own beside
//! each other (`SO_REUSEPORT`) the kernel resets both when the first is closed, unless
//! `tcp_migrate_req` is on (its `ip-sysctl.rst`), and gives the second its share of connections
//! long before it may serve them. Nobody has them before this bridge ends, and who does not answer
//! then never has: this bridge serves its queue. Only one waits at a time, and only a process of
//! the same user: that one is trusted. Where nobody waits, a stop costs nothing.

use crate::rare_line::RareLine;
use crate::webhook::http::successor::Successor;
use rustix::io::write;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::geteuid;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net;
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What comes first. Another number is another way of handing over.
pub(super) const VERSION: u8 = 2;
/// What comes when this bridge begins to end.
pub(super) const ENDING: u8 = b'.';
/// The next one's answer to that.
pub(super) const READY: u8 = b'!';
/// What comes with the sockets: the milliseconds that this bridge may take to end, little-endian.
pub(super) type GraceMillis = [u8; 8];
/// The ports of a bridge: of senders and of machines.
pub(super) const PORTS: usize = 2;

/// How long the next one may take to answer: its one task waits for nothing else.
const ANSWER: Duration = Duration::from_secs(1);
/// After one that could not be accepted, as for want of files, or while a process that was killed
/// still has the name.
const PAUSE: Duration = Duration::from_millis(200);
/// Any process of the machine can ask as often as it likes.
const LINE: Duration = Duration::from_secs(60);
/// Tries to have the name before the log says that another process has it.
const TRIES: usize = 5;

/// Waits for a bridge that is to follow this one.
pub(super) struct HandOver {
    webhook: TcpListener,
    admin: TcpListener,
    successor: Successor,
    grace: Duration,
    strangers: RareLine,
}

/// The bridge that follows. It begins when this is dropped.
pub(super) struct Heir(
    #[expect(dead_code, reason = "its end is what the other waits for")] UnixStream,
);

/// Where two bridges of one webhook port meet: a name in the network's own namespace (unix(7),
/// "abstract"), where the port is too. It needs no file, and is gone with its process.
pub(super) fn rendezvous(webhook: SocketAddr) -> io::Result<net::SocketAddr> {
    net::SocketAddr::from_abstract_name(format!("hookbridge/{webhook}"))
}

/// Whether the process on the other end is of the user that this one is of.
pub(super) fn is_same_user(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw())
}

impl HandOver {
    /// Of these ports; `successor` learns who has them. From its stop on, this bridge ends within
    /// `grace`.
    pub(super) fn of(
        webhook: &TcpListener,
        admin: &TcpListener,
        successor: Successor,
        grace: Duration,
    ) -> io::Result<Self> {
        let (webhook, admin) = (webhook.try_clone()?, admin.try_clone()?);
        Ok(Self { webhook, admin, successor, grace, strangers: RareLine::every(LINE) })
    }

    /// Passes the ports on to whoever asked for them, at the `stop`; gives who has them then.
    pub(super) async fn run(self, stop: &CancellationToken) -> Option<Heir> {
        let rendezvous = stop.run_until_cancelled(self.listen()).await?;
        while let Some(next) = stop.run_until_cancelled(self.next(&rendezvous)).await {
            tracing::info!("a bridge waits to follow this one, and has the ports when it ends");
            if stop.run_until_cancelled(closed(&next)).await.is_none() {
                let Err(error) = self.pass(&next).await else { return Some(Heir(next)) };
                self.successor.leave();
                tracing::warn!(%error, "the ports were not passed on, and nobody follows this bridge");
                return None;
            }
            tracing::warn!("the bridge that waited to follow this one is gone");
        }
        None
    }

    async fn listen(&self) -> UnixListener {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_listen() {
                Ok(rendezvous) => return rendezvous,
                Err(error) if tries == TRIES => {
                    tracing::warn!(%error, "no bridge can be started to follow this one for now");
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }

    fn try_listen(&self) -> io::Result<UnixListener> {
        let rendezvous = rendezvous(self.webhook.local_addr()?)?;
        let rendezvous = net::UnixListener::bind_addr(&rendezvous)?;
        rendezvous.set_nonblocking(true)?;
        UnixListener::from_std(rendezvous)
    }

    /// The next one that waits for the sockets.
    async fn next(&self, rendezvous: &UnixListener) -> UnixStream {
        loop {
            match rendezvous.accept().await {
                Ok((stream, _)) if !is_same_user(&stream) => {
                    if let Some(left_out) = self.strangers.note(Instant::now()) {
                        tracing::warn!(
                            left_out,
                            "a process of another user asked for the ports and got nothing"
                        );
                    }
                }
                Ok((stream, _)) => {
                    if write(&stream, &[VERSION]).is_ok() {
                        return stream;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a bridge that is to follow");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn pass(&self, stream: &UnixStream) -> io::Result<()> {
        write(stream, &[ENDING])?;
        let said = timeout(ANSWER, read(stream)).await?;
        if said != Some(READY) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let grace = u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX);
        let ports = [self.webhook.as_fd(), self.admin.as_fd()];
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(PORTS))];
        let mut rights = SendAncillaryBuffer::new(&mut room);
        rights.push(SendAncillaryMessage::ScmRights(&ports));
        // From the moment that it may have them, their queues are its.
        self.successor.come();
        let grace: GraceMillis = grace.to_le_bytes();
        sendmsg(stream, &[IoSlice::new(&grace)], &mut rights, SendFlags::NOSIGNAL)?;
        Ok(())
    }
}

/// The next byte; none once the other has ended.
pub(super) async fn read(stream: &UnixStream) -> Option<u8> {
    let mut byte = [0; 1];
    loop {
        let read = match stream.readable().await {
            Ok(()) => stream.try_read(&mut byte),
            Err(error) => Err(error),
        };
        match read {
            Ok(0) => return None,
            Ok(_) => return Some(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // It is gone without having read all that was sent, which is nothing.
            Err(_) => return None,
        }
    }
}

/// Waits until the other side has closed; it has nothing to say yet.
async fn closed(stream: &UnixStream) {
    while read(stream).await.is_some() {}
}
