//! The world: processes of clients.

use crate::base::ClientId;
use crate::model::host::{ClientHost, ClientMessage, Content, FileDone, Maker, Stream};

use super::World;

impl ClientHost for World {
    fn client_write(&mut self, client: ClientId, stream: Stream, bytes: &[u8]) -> bool {
        self.peers.get_mut(&client).is_none_or(|peer| peer.print(stream, bytes))
    }

    fn client_open_output(&mut self, client: ClientId) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.open_output();
        }
    }

    fn client_stream(&mut self, client: ClientId, content: Content, done: FileDone) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.stream(content, done);
        }
    }

    fn stream_made(&mut self, client: ClientId, stream: i32, maker: Option<Maker>, piece: Vec<u8>) {
        self.pieces_made += 1;
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.stream_made(stream, maker, piece);
        }
    }

    fn client_pending(&self, client: ClientId) -> usize {
        self.peers.get(&client).map_or(0, |peer| peer.printed_waiting())
    }

    fn client_terminal(&self, pid: i32, stream: Stream) -> Option<String> {
        let number = if stream == Stream::Err { 2 } else { 1 };
        let path = std::fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()?;
        let path = path.to_str()?;
        (path.starts_with("/dev/pts/") || path.starts_with("/dev/tty")).then(|| path.to_owned())
    }

    fn client_message(&mut self, client: ClientId, message: ClientMessage) {
        self.custody.note_answer();
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.queue_message(message);
        }
    }

    fn client_flags(&mut self, client: ClientId) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.flags_changed = true;
        }
    }

    fn control_listen(&mut self, client: ClientId) {
        if let Some(control) = self.peers.get_mut(&client).and_then(|p| p.control.as_mut()) {
            control.listen(&self.poller, client);
        }
    }

    fn control_write(&mut self, client: ClientId, bytes: &[u8]) {
        if let Some(peer) = self.peers.get_mut(&client) {
            peer.control_write(bytes);
        }
    }

    fn control_pending(&self, client: ClientId) -> usize {
        self.peers.get(&client).map_or(0, |peer| peer.control_pending())
    }
}
