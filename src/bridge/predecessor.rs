//! The bridge that has the ports, seen from the one that is to follow it: `--reuse-port`. How they meet is
//! in `hand_over`.
//!
//! Promise: nothing is accepted before the other has answered all that it took and has closed its spool, so
//! that no post overtakes another. It waits for `--grace` at most for the other to be stopped, and once
//! more for its end. One that is killed is followed at once.

use crate::bridge::Port;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::hand_over::{ENDING, PORTS, VERSION, is_same_user, rendezvous};
use crate::bridge::listeners::listen;
use crate::bridge::wait_until_free::WaitUntilFree;
use crate::config::Config;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The sockets of a bridge that has ended.
pub(super) struct Predecessor {
    /// Where senders post.
    pub(super) webhook: TcpListener,
    /// Where machines ask.
    pub(super) admin: TcpListener,
}

/// Why the ports were not handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// It was not stopped, or did not end.
    #[error("the bridge that has the port has not ended within {}", humantime::format_duration(*.0))]
    Late(Duration),
    /// Another user's process is where that bridge should be.
    #[error("the bridge that has the port is of another user")]
    OtherUser,
    /// It is of a version that hands over otherwise.
    #[error("the bridge that has the port hands it over in a way that is not known here")]
    Unknown,
    /// The system does not pass them on.
    #[error("the ports cannot be taken over")]
    Io(#[from] io::Error),
}

impl Predecessor {
    /// Waits for the end of the bridge that has `webhook`; none where no bridge is there that hands it over.
    pub(super) async fn wait(
        webhook: SocketAddr,
        grace: Duration,
    ) -> Result<Option<Self>, BridgeError> {
        // A port that is not chosen yet is nobody's.
        if webhook.port() == 0 {
            return Ok(None);
        }
        let followed = follow(webhook, grace).await;
        followed.map_err(|source| BridgeError::HandOver { address: webhook, source })
    }
}

/// The ports of webhook and admin: of the bridge that had them, or bound once they are free.
pub(super) async fn ports(
    config: &Config,
    mut admin: Option<TcpListener>,
) -> Result<(Port, Port), BridgeError> {
    let wait = WaitUntilFree(config.grace.whole);
    let webhook = async || {
        let predecessor = Predecessor::wait(config.listen, config.grace.whole).await?;
        let mut passed = None;
        if let Some(predecessor) = predecessor {
            passed = Some(predecessor.webhook);
            // It may have had another one.
            let is_ours = predecessor.admin.local_addr().is_ok_and(|of| of == config.admin_listen);
            admin = admin.take().or(is_ours.then_some(predecessor.admin));
        }
        listen("--listen", config.listen, passed)
    };
    let webhook = wait.until_free("the webhook port", webhook).await?;
    let bind = async || listen("--admin-listen", config.admin_listen, admin.take());
    let admin = wait.until_free("the admin port", bind).await?;
    Ok((webhook, admin))
}

async fn follow(
    webhook: SocketAddr,
    grace: Duration,
) -> Result<Option<Predecessor>, HandOverError> {
    let Ok(stream) = net::UnixStream::connect_addr(&rendezvous(webhook)?) else { return Ok(None) };
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    if !is_same_user(&stream) {
        return Err(HandOverError::OtherUser);
    }
    let late = |_| HandOverError::Late(grace);
    let asked = tokio::time::Instant::now();
    let Some(predecessor) = timeout(grace, receive(&stream)).await.map_err(late)?? else {
        return Ok(None);
    };
    tracing::info!(%webhook, grace = %humantime::format_duration(grace), "waits for the bridge that has the ports to end");
    let left = grace.saturating_sub(asked.elapsed());
    let mut said = timeout(left, read(&stream)).await.map_err(late)?;
    if said == Some(ENDING) {
        said = timeout(grace, read(&stream)).await.map_err(late)?;
    }
    match said {
        None => Ok(Some(predecessor)),
        Some(_) => Err(HandOverError::Unknown),
    }
}

/// The sockets; none where the other ends before it has passed them on.
async fn receive(stream: &UnixStream) -> Result<Option<Predecessor>, HandOverError> {
    let (mut version, mut sockets) = ([0; 1], Vec::new());
    let read = stream.async_io(Interest::READABLE, || {
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(PORTS))];
        let mut rights = RecvAncillaryBuffer::new(&mut room);
        let mut said = [IoSliceMut::new(&mut version)];
        let read = recvmsg(stream, &mut said, &mut rights, RecvFlags::CMSG_CLOEXEC)?;
        for message in rights.drain() {
            if let RecvAncillaryMessage::ScmRights(passed) = message {
                sockets.extend(passed.map(TcpListener::from));
            }
        }
        Ok(read.bytes)
    });
    match (read.await, <[_; PORTS]>::try_from(sockets)) {
        (Ok(0), _) => Ok(None),
        (Err(error), _) if is_gone(&error) => Ok(None),
        (Err(error), _) => Err(error.into()),
        (Ok(_), Ok([webhook, admin])) if version == [VERSION] => {
            Ok(Some(Predecessor { webhook, admin }))
        }
        (Ok(_), _) => Err(HandOverError::Unknown),
    }
}

/// The next byte; none once the other has ended.
async fn read(stream: &UnixStream) -> Option<u8> {
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

fn is_gone(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe].contains(&error.kind())
}
