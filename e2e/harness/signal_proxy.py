"""Stands between one client and the server's HTTP port, so that its signalling can go dark, break and come back."""

import asyncio
import threading


class SignalProxy:
    """Forwards TCP on a port of its own, from a thread of its own."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.port = None
        self.connections = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.server = None
        self.flows = None
        self.is_cut = False
        self.pairs = {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.thread.start()
        self.run(self.listen())
        return self

    def run(self, work):
        """Does something on the proxy's thread and waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def hold(self):
        """From now on not one byte passes, neither way, and no connection comes about; nobody is told.

        What was under way stays under way, as it does in a network that only pauses: it arrives after `resume`,
        late, be it of connections that have been given up meanwhile.
        """
        self.run(self.change(is_flowing=False))

    def cut(self, for_good=False):
        """Breaks every connection there is, as a reset does; with `for_good` new ones too until `resume`."""
        self.run(self.change(is_flowing=not for_good, is_cut=for_good, breaks=True))

    def resume(self):
        """Lets everything pass again."""
        self.run(self.change(is_flowing=True))

    def stop(self):
        self.run(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def end(self):
        self.server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # Closed sockets are told so in the next turns of the loop.
        await asyncio.sleep(0.05)

    async def listen(self):
        self.flows = asyncio.Event()
        self.flows.set()
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def change(self, is_flowing, is_cut=False, breaks=False):
        self.is_cut = is_cut
        if is_flowing:
            self.flows.set()
        else:
            self.flows.clear()
        if breaks:
            for client, server in list(self.pairs.items()):
                client.transport.abort()
                server.transport.abort()

    async def accept(self, reader, client):
        if self.is_cut:
            client.transport.abort()
            return
        self.connections += 1
        server = None
        try:
            await self.flows.wait()
            away, server = await asyncio.open_connection("127.0.0.1", self.target_port)
            self.pairs[client] = server
            await asyncio.gather(self.pump(reader, server), self.pump(away, client))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.pairs.pop(client, None)
            for writer in (client, server):
                if writer:
                    writer.transport.abort()

    async def pump(self, reader, writer):
        """Hands bytes on, the end last; while nothing flows, at most one piece is in hand."""
        while data := await reader.read(65536):
            await self.flows.wait()
            writer.write(data)
            await writer.drain()
        await self.flows.wait()
        if writer.can_write_eof():
            writer.write_eof()
