//! A connection that never blocks, plain or over TLS.
//!
//! Promise: a request is taken whole; what the kernel has no room for yet, or waits for a handshake,
//! leaves with the events to come. Who has an epoll is told what to wait for.

use crate::load::PATIENCE;
use crate::load::way::{Life, Way};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustls::{ClientConnection, HandshakeKind, Stream};
use socket2::{Domain, Socket, Type};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    /// Boxed: a plain one is to be small.
    tls: Option<Box<ClientConnection>>,
    /// Of a plain one; TLS has a buffer of its own.
    unsent: VecDeque<u8>,
    /// What the epoll waits for.
    watched: Option<EventFlags>,
}

impl Wire {
    /// One that is kept is connected; one for a post begins to be, so that nobody waits for it.
    pub(super) fn open(way: &Way) -> io::Result<Self> {
        let stream = match way.life {
            Life::Kept => TcpStream::connect_timeout(&way.to, PATIENCE)?,
            Life::OnePost => connecting(way.to)?,
        };
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let tls = way.tls.as_ref().map(|client| client.begin().map(Box::new)).transpose()?;
        Ok(Self { stream, tls, unsent: VecDeque::new(), watched: None })
    }

    /// Sends what there is room for; the rest waits.
    pub(super) fn send(&mut self, request: &[u8]) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.writer().write_all(request)?;
            return self.flush();
        }
        let written = if self.unsent.is_empty() { or_none(self.stream.write(request))? } else { 0 };
        self.unsent.extend(&request[written..]);
        Ok(())
    }

    /// Sends what waits and has room.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.is_unsent() {
            let written = match &mut self.tls {
                Some(tls) => or_none(tls.write_tls(&mut self.stream))?,
                None => or_none(self.stream.write(self.unsent.as_slices().0))?,
            };
            if written == 0 {
                break;
            }
            if self.tls.is_none() {
                self.unsent.drain(..written);
            }
        }
        Ok(())
    }

    fn is_unsent(&self) -> bool {
        self.tls.as_ref().map_or(!self.unsent.is_empty(), |tls| tls.wants_write())
    }

    /// `WouldBlock` where nothing has come, `Ok(0)` at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => Stream::new(&mut **tls, &mut self.stream).read(buffer),
            None => self.stream.read(buffer),
        }
    }

    /// Whether it took up the session of another.
    pub(super) fn is_resumed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.handshake_kind() == Some(HandshakeKind::Resumed))
    }

    /// Has this epoll wait for what comes, and for room where something waits for it.
    pub(super) fn watch(&mut self, epoll: &OwnedFd, index: usize) -> io::Result<()> {
        let unsent = if self.is_unsent() { EventFlags::OUT } else { EventFlags::empty() };
        let wanted = EventFlags::IN | unsent;
        let data = EventData::new_u64(index as u64);
        match self.watched.replace(wanted) {
            None => epoll::add(epoll, &self.stream, data, wanted)?,
            Some(watched) if watched != wanted => {
                epoll::modify(epoll, &self.stream, data, wanted)?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Closes it as a sender does that needs it no more.
    pub(super) fn close(mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // The other side may have gone.
            drop(self.flush());
        }
    }
}

fn connecting(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking().cloexec(), None)?;
    match socket.connect(&to.into()) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => Err(error),
        _ => Ok(socket.into()),
    }
}

/// None is written where the kernel has no room, or does not know yet to whom.
fn or_none(written: io::Result<usize>) -> io::Result<usize> {
    match written {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
