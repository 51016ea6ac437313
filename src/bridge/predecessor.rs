//! The bridge that has the ports, seen from the one that is to follow it: `--reuse-port`. How they
//! meet is in `hand_over`.
//!
//! Promise: nothing is accepted before the other has answered all that it took and has closed its
//! spool, so that no post overtakes another. It waits for its own `--grace` at most for the other
//! to be asked to stop, and then for as long as the other says that its end may take. One that is
//! killed is followed at once. Who is in that bridge's place and is none is reported, and hinders
//! nothing: the port itself decides.

use crate::bridge::Port;
use crate::bridge::bridge_error::BridgeError;
use crate::bridge::hand_over::{
    ENDING, GraceMillis, PORTS, READY, VERSION, is_same_user, read, rendezvous,
};
use crate::bridge::listeners::listen;
use crate::bridge::wait_until_free::WaitUntilFree;
use crate::config::Config;
use crate::rare_line::RareLine;
use rustix::io::{Errno, write};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SocketAddrUnix,
    SocketFlags, SocketType, recvmsg, socket_with,
};
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How long a bridge that runs may take to have room for one more that asks.
const CONNECT: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the sockets may take to come once they are promised.
const PASSING: Duration = Duration::from_secs(2);
/// What a bridge may take beyond its grace to be gone: its process has to end, too.
const SLACK: Duration = Duration::from_secs(2);
/// Between lines on who is in that bridge's place.
const LINE: Duration = Duration::from_secs(60);

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
    /// It serves on.
    #[error(
        "the bridge that has the port was not asked to stop within {}, which is --grace",
        humantime::format_duration(*.0)
    )]
    NotAsked(Duration),
    /// It was asked to stop, and hangs.
    #[error(
        "the bridge that has the port has not ended within {} of its stop, as its --grace has it",
        humantime::format_duration(*.0)
    )]
    NotEnded(Duration),
    /// Another user's process is where that bridge should be.
    #[error("the bridge that has the port is of another user")]
    OtherUser,
    /// Something is where that bridge should be, and takes no connections.
    #[error("what is in the place of the bridge that has the port answers nobody")]
    Mute,
    /// It is of a version that hands over otherwise.
    #[error("the bridge that has the port hands it over in a way that is not known here")]
    Unknown,
    /// The system does not pass them on.
    #[error("the ports cannot be taken over")]
    Io(#[from] io::Error),
}

impl HandOverError {
    /// Whether it is no bridge of this user that is there.
    fn is_strangers(&self) -> bool {
        match self {
            Self::OtherUser | Self::Mute => true,
            Self::NotAsked(_) | Self::NotEnded(_) | Self::Unknown | Self::Io(_) => false,
        }
    }
}

impl Predecessor {
    /// Waits for the end of the bridge that has `webhook`; none where no bridge is there that hands
    /// it over. One that is another's is told of in `strangers`.
    pub(super) async fn wait(
        webhook: SocketAddr,
        grace: Duration,
        strangers: &RareLine,
    ) -> Result<Option<Self>, BridgeError> {
        // A port that is not chosen yet is nobody's.
        if webhook.port() == 0 {
            return Ok(None);
        }
        match follow(webhook, grace).await {
            Err(error) if error.is_strangers() => {
                if let Some(left_out) = strangers.note(Instant::now().into_std()) {
                    tracing::warn!(%error, left_out, "nobody hands the ports over");
                }
                Ok(None)
            }
            Err(source) => Err(BridgeError::HandOver { address: webhook, source }),
            Ok(followed) => Ok(followed),
        }
    }
}

/// The ports of webhook and admin: of the bridge that had them, or bound once they are free.
pub(super) async fn ports(
    config: &Config,
    mut admin: Option<TcpListener>,
) -> Result<(Port, Port), BridgeError> {
    let (wait, strangers) = (WaitUntilFree(config.grace.whole), RareLine::every(LINE));
    let webhook = async || {
        let grace = config.grace.whole;
        let predecessor = Predecessor::wait(config.listen, grace, &strangers).await?;
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
    let (asked, not_told) = (Instant::now(), |_| HandOverError::NotAsked(grace));
    let Some(stream) = connect(webhook).await? else { return Ok(None) };
    if !is_same_user(&stream) {
        return Err(HandOverError::OtherUser);
    }
    match timeout(grace, read(&stream)).await.map_err(not_told)? {
        None => return Ok(None),
        Some(VERSION) => {}
        Some(_) => return Err(HandOverError::Unknown),
    }
    tracing::info!(%webhook, grace = %humantime::format_duration(grace), "waits for the bridge that has the ports to end");
    match timeout_at(asked + grace, read(&stream)).await.map_err(not_told)? {
        // It was killed, with its sockets.
        None => return Ok(None),
        Some(ENDING) => {}
        Some(_) => return Err(HandOverError::Unknown),
    }
    if write(&stream, &[READY]).is_err() {
        return Ok(None);
    }
    let passing =
        timeout(PASSING, receive(&stream)).await.map_err(|_| HandOverError::Unknown)??;
    let Some((predecessor, left)) = passing else { return Ok(None) };
    match timeout(left + SLACK, read(&stream)).await {
        Err(_) => Err(HandOverError::NotEnded(left)),
        Ok(None) => Ok(Some(predecessor)),
        Ok(Some(_)) => Err(HandOverError::Unknown),
    }
}

/// Reaches the bridge that has `webhook`; none where nobody listens.
async fn connect(webhook: SocketAddr) -> Result<Option<UnixStream>, HandOverError> {
    let rendezvous = rendezvous(webhook)?;
    let name = rendezvous.as_abstract_name().expect("it is an abstract name");
    let name = SocketAddrUnix::new_abstract_name(name).map_err(io::Error::from)?;
    let end = Instant::now() + CONNECT;
    loop {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None);
        let socket = socket.map_err(io::Error::from)?;
        match rustix::net::connect(&socket, &name) {
            Ok(()) => return Ok(Some(UnixStream::from_std(net::UnixStream::from(socket))?)),
            Err(Errno::CONNREFUSED) => return Ok(None),
            // Its queue is full: connect(2) waits for nothing here.
            Err(Errno::AGAIN | Errno::INTR) if Instant::now() < end => sleep(PAUSE).await,
            Err(Errno::AGAIN | Errno::INTR) => return Err(HandOverError::Mute),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
}

/// The sockets, and how long the other may take to end; none where it ends before it has passed
/// them on.
async fn receive(stream: &UnixStream) -> Result<Option<(Predecessor, Duration)>, HandOverError> {
    let (mut grace, mut sockets) = (GraceMillis::default(), Vec::new());
    let read = stream.async_io(Interest::READABLE, || {
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(PORTS))];
        let mut rights = RecvAncillaryBuffer::new(&mut room);
        let mut said = [IoSliceMut::new(&mut grace)];
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
        (Ok(read), Ok([webhook, admin])) if read == grace.len() => {
            let left = Duration::from_millis(u64::from_le_bytes(grace));
            Ok(Some((Predecessor { webhook, admin }, left)))
        }
        (Ok(_), _) => Err(HandOverError::Unknown),
    }
}

fn is_gone(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe].contains(&error.kind())
}
